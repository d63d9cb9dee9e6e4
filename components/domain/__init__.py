"""What is sold and what it stands on: pure, standard library only."""
