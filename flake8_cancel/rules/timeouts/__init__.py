"""6xx: timeouts, and loops that cannot be cancelled."""
