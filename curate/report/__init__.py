"""What a run says of itself to people."""
