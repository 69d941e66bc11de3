"""Questions to ``code/shield``."""
