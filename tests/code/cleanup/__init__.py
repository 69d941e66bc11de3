"""Questions to ``code/cleanup``."""
