"""Cleanup that may well be missed: it is only tried, before the end that comes anyway, or it ends with its object."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.framing import is_log_line
from flake8_cancel.code.cleanup.owed import owed
from flake8_cancel.code.cleanup.taking import Act, own_statements, root
from flake8_cancel.code.graph.errors import EXCEPTION
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import TAKES_OUT, ends, is_exit

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def may_be_missed(module: Module, wait: ast.AST, act: Act) -> bool:
    """Tell whether cleanup behind a wait is none that must be done when the wait is cut.

    Args:
        module: the module.
        wait: what suspends.
        act: the cleanup.
    """
    return _is_tried(module, wait, act) or _ends_with_object(module, act)


def _is_tried(module: Module, wait: ast.AST, act: Act) -> bool:
    """Tell whether a ``try`` holds both that forgives every error, and ends something in its ``finally`` anyway."""
    inside = wait
    for around in module.ancestors(wait):
        if isinstance(around, ast.Try) and inside in around.body and act.node in own_statements(around.body):
            forgives = any(
                EXCEPTION in module.names(handler.type) and all(map(_is_idle, handler.body))
                for handler in around.handlers
            )
            if forgives and any(owed(module, node) for node in own_statements(around.finalbody)):
                return True
        inside = around
    return False


def _is_idle(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or is_log_line(statement)


def _ends_with_object(module: Module, act: Act) -> bool:
    """Tell whether an object that ends takes out of its own collection what is there: that ends with the object.

    An entry that the caller names is another matter: it ends alone.
    """
    function = module.function(act.node)
    if not isinstance(function, ast.AsyncFunctionDef):
        return False
    if not is_exit(function.name) and not ends(function.name, module.facts):
        return False
    match act.node:
        case ast.Delete(targets=[ast.Subscript(value=collection, slice=entry)]):
            pass
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=collection, attr=verb), args=[entry, *_])):
            if verb not in TAKES_OUT:
                return False
        case _:
            return False
    parameters = {one.arg for one in walk(function.args) if isinstance(one, ast.arg)}
    named = {part.id for part in walk(entry) if isinstance(part, ast.Name)}
    return isinstance(collection, ast.Attribute) and root(collection) == "self" and named.isdisjoint(parameters)
