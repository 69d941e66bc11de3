"""Questions to ``code/lost``."""
