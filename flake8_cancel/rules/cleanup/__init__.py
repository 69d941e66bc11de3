"""4xx: cleanup is skipped."""
