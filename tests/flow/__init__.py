"""The cancellation graph: case by case, and random programs against CPython."""
