"""Flags that keep others out of a function while it works: who is to take them back when it is cut."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.taking import Act, Key, key, raised_flag, root_name, statements_of
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def is_guard(module: Module, function: ast.AsyncFunctionDef, taking: Act) -> bool:
    """Tell whether a flag keeps others out for as long as the function works: it asks, sets, and nobody else resets.

    Args:
        module: the module.
        function: the coroutine function.
        taking: what sets the flag.
    """
    owner = module.class_around(function)
    if owner is None or root_name(taking.thing) != "self":
        return False
    asks = any(
        isinstance(node, ast.If)
        and (node.end_lineno or 0) < taking.node.lineno
        and isinstance(node.body[-1], (ast.Return, ast.Raise))
        and any(key(part) == taking.thing for part in _alternatives(node.test))
        for node in statements_of(function)
    )
    if not asks:
        return False
    setters = {
        module.function(node)
        for node in walk(owner)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and key(node) == taking.thing
    }
    return all(_raises_flag(setter, taking.thing) for setter in setters)


def _raises_flag(function: ast.AST | None, flag: Key | None) -> bool:
    """Tell whether what sets a flag is its constructor, or takes it before it gives it back."""
    if function is None or getattr(function, "name", "") == "__init__":
        return True
    statements = [node for node in walk(function) if isinstance(node, ast.stmt)]
    return any(act.thing == flag for node in statements for act in raised_flag(node))


def _alternatives(test: ast.expr) -> list[ast.expr]:
    """Return the conditions of which each alone is enough."""
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
