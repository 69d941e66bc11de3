"""Deadlines, and code that keeps them from passing."""
