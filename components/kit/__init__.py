"""What a client is promised, on paper: documents made from the declared files (contract KIT-1 to KIT-6)."""
