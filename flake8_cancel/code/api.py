"""Tables of facts about asyncio and friends, with the version of Python that began each."""

from __future__ import annotations

from typing import NamedTuple

Version = tuple[int, int]


class Facts(NamedTuple):
    """What the user told about the checked code.

    Attributes:
        target: the oldest Python the code must run on.
        cleanup_calls: further names of methods and functions that release something.
        resource_makers: further names (``pkg.connect``, ``Pool.acquire``) of calls that make something to be released.
    """

    target: Version = (3, 11)
    cleanup_calls: frozenset[str] = frozenset()
    resource_makers: frozenset[str] = frozenset()
