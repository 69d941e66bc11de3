"""Coroutine functions that begin only behind a place, so that nobody of them waits yet when the place is passed."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.AsyncFor, ast.For, ast.While)


def begins_behind(
    module: Module, function: ast.AST | None, place: ast.AST, around: frozenset[ast.AST] = frozenset()
) -> bool:
    """Tell whether this file begins a function of its own only behind a place, or in what it begins there.

    Args:
        module: the module.
        function: the function; one with a public name may be begun by others.
        place: a call, in another function.
        around: the functions that are asked about already.
    """
    if not isinstance(function, _FUNCTIONS) or function in around or not function.name.startswith("_"):
        return False
    uses = module.uses(function)
    around = around | {function}
    return bool(uses) and all(
        _is_behind(module, use, place) or begins_behind(module, module.function(use), place, around) for use in uses
    )


def _is_behind(module: Module, use: ast.expr, place: ast.AST) -> bool:
    """Tell whether a function comes to a use of another one only when it has come by a place, and not again."""
    function = module.function(place)
    if module.function(use) is not function or use.lineno <= (getattr(place, "end_lineno", 0) or 0):
        return False
    return not any(isinstance(node, _LOOPS) and module.function(node) is function for node in module.ancestors(place))
