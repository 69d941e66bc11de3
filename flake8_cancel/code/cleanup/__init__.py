"""What functions take and give back, and what a cancellation skips of it."""
