"""Rare code, as texts that mark what is found in them; ``tests.harness.fixture`` tells how."""
