"""Finds the ways in which asyncio code loses a cancellation, and repairs them."""

__version__ = "0.1.0"
