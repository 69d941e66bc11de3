"""5xx: tasks nobody owns."""
