"""Loads the fleet's files into domain objects, and says everything that is wrong with them at once."""
