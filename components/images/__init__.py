"""Recipes become golden images, known by the digest of their bytes.

`build(name, fleet, progress)` makes sure an image is there and locked, `locate(sha256)` finds its file on this
machine, `locked(fleet)` says which images the fleet's lock file names.
"""
