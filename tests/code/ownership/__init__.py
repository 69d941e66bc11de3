"""Questions to ``code/ownership``."""
