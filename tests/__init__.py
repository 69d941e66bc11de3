"""The tests, and the harness that runs the fixtures."""
