"""What the small market for demonstrations is made of, and the steps that build it."""
