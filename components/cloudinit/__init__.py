"""Templates and values become the NoCloud seed of one machine."""
