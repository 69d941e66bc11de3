"""2xx: the call does not exist, or cannot do that."""
