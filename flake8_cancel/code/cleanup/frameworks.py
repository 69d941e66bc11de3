"""Whose event loop runs the coroutines of a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

Found = TypeVar("Found")


def runs_on_asyncio(module: Module) -> bool:
    """Tell whether the coroutines of a file are asyncio's, as far as cleanup goes: a file that only awaits counts.

    One that imports no framework and steps through coroutines itself runs them without an event loop.
    """
    framework = module.framework()
    return framework == "asyncio" or (framework == "none" and not any(map(_is_first_step, module.calls("send"))))


def on_asyncio(module: Module, found: Iterator[Found]) -> Iterator[Found]:
    """Yield what is found in a file whose coroutines are asyncio's, in the sense of ``runs_on_asyncio``.

    Args:
        module: the module.
        found: what is found in it; nothing is looked for where the imports tell of another framework.
    """
    if module.framework() not in ("asyncio", "none"):
        return
    for finding in found:
        # Not asked before: it takes a model of the file, and in most there is nothing to be found.
        if not runs_on_asyncio(module):
            return
        yield finding


def _is_first_step(call: ast.Call) -> bool:
    """Tell whether a call is ``coroutine.send(None)``."""
    match call:
        case ast.Call(func=ast.Attribute(), args=[ast.Constant(value=None)]):
            return True
    return False
