"""Connections that a function begins to open in one statement, and waits for in another."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.api import CONNECTION_OPENERS
from flake8_cancel.code.cleanup.taking import MADE, Act, takings
from flake8_cancel.code.tree import named, of_types, verb_of


def all_takings(function: ast.AsyncFunctionDef, statement: ast.stmt) -> Iterator[Act]:
    """Yield what a statement takes, also by awaiting what was called before and has a name: ``await connecting``.

    Only what opens connections is seen through its name: any other call may give a future that others have as well.

    Args:
        function: the function around.
        statement: a statement of it.
    """
    yield from takings(statement)
    value = statement.value if isinstance(statement, (ast.AnnAssign, ast.Assign)) else None
    name = _awaited_name(value.value) if isinstance(value, ast.Await) else None
    begun = _begun(function, name) if name else []
    if not begun:
        return
    # As if it were called where it is awaited.
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]  # type: ignore[attr-defined]
    at_once = ast.Assign(targets, ast.Await(begun[0]))
    yield from (act._replace(node=statement) for act in takings(at_once) if act.form == MADE)


def _awaited_name(waited: ast.expr) -> str | None:
    match waited:
        case ast.Name(id=name):
            return name
        case ast.Call(func=ast.Attribute(attr="wait_for"), args=[ast.Name(id=name), *_]):
            return name
    return None


def _begun(function: ast.AsyncFunctionDef, name: str) -> list[ast.Call]:
    """Return the calls that a name is bound to, where it is bound to nothing else and they all open connections."""
    bound = [node for node in named(function, name) if not isinstance(node.ctx, ast.Load)]
    values = [
        node.value
        for node in of_types(function, (ast.Assign,))
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name
    ]
    calls = [value for value in values if isinstance(value, ast.Call) and verb_of(value) in CONNECTION_OPENERS]
    is_given = any(one.arg == name for one in of_types(function, (ast.arg,)))
    return calls if len(calls) == len(bound) and not is_given else []
