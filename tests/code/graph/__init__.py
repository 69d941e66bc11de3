"""Questions to ``code/graph``."""
