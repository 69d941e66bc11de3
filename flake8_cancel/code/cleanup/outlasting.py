"""What outlasts a function whose handler gives it back and does not raise: whoever gets it misses that cleanup too."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.owing import Reason, gives_in_any_case, is_wide
from flake8_cancel.code.cleanup.taking import (
    COUNT,
    ENTRY,
    FLAG,
    MADE,
    Act,
    Key,
    key,
    mentions,
    own_statements,
    root,
    statements_of,
)

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def outlasts(
    module: Module, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, giving: Act, reason: Reason
) -> bool:
    """Tell whether a thing outlasts the function also where its handler does not raise.

    It is a count or an entry of an object that the handler gives back whatever the error was, or a local thing that
    the caller, or the object, gets when nothing fails.

    Args:
        module: the module.
        function: the function.
        handler: the handler that gives the thing back.
        giving: what does so.
        reason: why it is owed.
    """
    if reason.taking is not None and reason.taking.form in (COUNT, ENTRY, FLAG):
        is_kept = reason.thing is not None and reason.thing[0] == "Attribute"
        return is_kept and is_wide(module, handler) and gives_in_any_case(module, handler, giving, reason.thing)
    if reason.taking is None or reason.taking.form != MADE or reason.thing is None or reason.thing[0] != "Name":
        return False
    inside = set(own_statements(handler.body))
    others = [node for node in statements_of(function) if node not in inside]
    if any(isinstance(node, ast.Return) and mentions(node.value, reason.thing) for node in others):
        return True
    stores = [node for node in others if _is_store(node, reason.thing)]
    return bool(stores) and all(node.lineno > (handler.end_lineno or 0) for node in stores)


def _is_store(statement: ast.stmt, thing: Key) -> bool:
    """Tell whether a statement gives a thing to the object: ``self._conn = conn``."""
    return (
        isinstance(statement, ast.Assign)
        and key(statement.value) == thing
        and any(root(target) == "self" for target in statement.targets)
    )
