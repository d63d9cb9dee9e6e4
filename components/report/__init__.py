"""What people and machines read of the fleet, rendered in one place."""
