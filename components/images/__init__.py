"""Recipes become golden images, known by the digest of their bytes."""
