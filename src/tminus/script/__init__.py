"""Reading a user's training script without importing or running it."""
