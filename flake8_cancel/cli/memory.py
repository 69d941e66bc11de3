"""How often Python looks for cycles of objects."""

from __future__ import annotations

import gc

_OBJECTS_BETWEEN_COLLECTIONS = 200_000


def collect_rarely() -> None:
    """Let this process look for cycles rarely.

    Trees, and what is remembered of files, are many objects and few cycles: looking for those as often as Python does
    takes as long as parsing.
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
