"""The product: what is sold, declared and kept equal to the world."""
