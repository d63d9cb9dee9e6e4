"""Backups: the target, who may add to it, what lies there, and how it comes back (`README.md`)."""
