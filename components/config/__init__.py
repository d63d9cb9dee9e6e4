"""The declared files, loaded into the domain with every problem at its line."""
