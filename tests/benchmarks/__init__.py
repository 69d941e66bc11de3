"""How long the project takes beside flake8, flake8-async and ruff: ratios of paired runs, never times alone."""
