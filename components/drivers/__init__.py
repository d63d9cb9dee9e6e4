"""Hypervisors behind one protocol: `base` says what, each folder says how."""
