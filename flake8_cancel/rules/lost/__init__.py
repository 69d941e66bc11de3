"""1xx: the cancellation is lost."""
