"""Branches that are not taken where something else was done: both hang on the same condition."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.taking import own_statements
from flake8_cancel.code.tree import named

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def contradicting(module: Module, statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the first statements of the branches that a function does not come to once a statement was done.

    That stands in ``if wait:``, they stand further down in ``if not wait:``; the name is not bound in between.

    Args:
        module: the module.
        statement: what was done.
    """
    function = module.function(statement)
    if not isinstance(function, ast.AsyncFunctionDef):
        return
    for branch, outcome in _branches(module, statement).items():
        name, truth = _plain(branch.test, outcome)
        if name is None:
            continue
        stores = (node for node in named(function, name) if isinstance(node.ctx, ast.Store))
        if any(node.lineno > branch.test.lineno for node in stores):
            continue
        for node in own_statements(function.body):
            if isinstance(node, ast.If) and node.lineno > statement.lineno:
                asked, is_true = _plain(node.test, True)
                excluded = node.orelse if truth is is_true else node.body
                if asked == name and excluded:
                    yield excluded[0]


def exclude_each_other(module: Module, one: ast.stmt, other: ast.stmt) -> bool:
    """Tell whether two statements stand in the two branches of one ``if``: a call does one of them, or a loop a turn.

    Args:
        module: the module.
        one: a statement.
        other: another one.
    """
    mine, theirs = _branches(module, one), _branches(module, other)
    return any(theirs.get(branch, outcome) is not outcome for branch, outcome in mine.items())


def _branches(module: Module, statement: ast.stmt) -> dict[ast.If, bool]:
    """Return the ``if`` statements around a statement in its function, and whether it is in the first branch."""
    function = module.function(statement)
    found: dict[ast.If, bool] = {}
    inside: ast.AST = statement
    for around in module.ancestors(statement):
        if around is function:
            break
        if isinstance(around, ast.If):
            found[around] = inside in around.body
        inside = around
    return found


def _plain(test: ast.expr, outcome: bool) -> tuple[str | None, bool]:
    """Return the name that a test asks for, and whether it is true when the test has an outcome."""
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, outcome = test.operand, not outcome
    return (test.id if isinstance(test, ast.Name) else None), outcome
