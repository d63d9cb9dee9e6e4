"""What is inside a guest: what it is told from outside, and what it says of itself."""
