"""9xx: strict, off by default."""
