"""Which of many acts have to do with one thing: to compare each with each takes long in a long function."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable

from flake8_cancel.code.cleanup.taking import Act, Key, givings, key, statements_of


def touching(acts: Iterable[Act]) -> dict[Key | None, list[Act]]:
    """Return of each thing the acts that have to do with it: no other act can give it back."""
    found: dict[Key | None, list[Act]] = {}
    for act in acts:
        called = (key(act.call.func),) if act.call is not None else ()
        for thing in {act.thing, *act.given, *called}:
            found.setdefault(thing, []).append(act)
    return found


@functools.lru_cache(maxsize=16)
def givings_of(function: ast.AsyncFunctionDef | ast.FunctionDef) -> dict[Key | None, list[Act]]:
    """Return what the statements of a function may give back, by all that this has to do with."""
    return touching(act for node in statements_of(function) for act in givings(node))
