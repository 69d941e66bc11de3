"""Questions to ``code/timeouts``."""
