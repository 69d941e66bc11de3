"""What ``asyncio.shield()`` protects, and from whom."""
