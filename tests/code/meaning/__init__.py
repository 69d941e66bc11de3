"""Questions to ``code/meaning``."""
