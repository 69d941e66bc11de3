"""3xx: shield."""
