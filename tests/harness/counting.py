"""Counts calls, which do not wobble as seconds do."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls(run: Callable[[], object]) -> Counter[str]:
    """Run something and return how often each function was called, builtins too, by its qualified name.

    Functions of Python are named as ``flake8_cancel.code.model.__init__``, after their module; builtins as
    ``builtins.compile``.
    """
    found: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            found[f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"] += 1
        elif event == "c_call":
            found[f"{argument.__module__}.{argument.__name__}"] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
    return found
