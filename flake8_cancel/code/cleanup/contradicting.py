"""Branches that are not taken where something else was done: both hang on the same condition."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.taking import own_statements
from flake8_cancel.code.tree import walk

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
    tests: list[tuple[ast.expr, bool]] = []
    inside: ast.AST = statement
    for around in module.ancestors(statement):
        if around is function:
            break
        if isinstance(around, ast.If):
            tests.append((around.test, inside in around.body))
        inside = around
    for test, outcome in tests:
        name, truth = _plain(test, outcome)
        if name is None or not isinstance(function, ast.AsyncFunctionDef):
            continue
        if any(_binds(node, name) and node.lineno > test.lineno for node in walk(function) if hasattr(node, "lineno")):
            continue
        for node in own_statements(function.body):
            if isinstance(node, ast.If) and node.lineno > statement.lineno:
                asked, is_true = _plain(node.test, True)
                branch = node.orelse if truth is is_true else node.body
                if asked == name and branch:
                    yield branch[0]


def exclude_each_other(module: Module, one: ast.stmt, other: ast.stmt) -> bool:
    """Tell whether two statements stand in the two branches of one ``if``: a call does one of them, or a loop a turn.

    Args:
        module: the module.
        one: a statement.
        other: another one.
    """
    for around in module.ancestors(one):
        if isinstance(around, ast.If):
            branches = [set(own_statements(branch)) for branch in (around.body, around.orelse)]
            if any(one in first and other in second for first, second in (branches, branches[::-1])):
                return True
    return False


def _plain(test: ast.expr, outcome: bool) -> tuple[str | None, bool]:
    """Return the name that a test asks for, and whether it is true when the test has an outcome."""
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, outcome = test.operand, not outcome
    return (test.id if isinstance(test, ast.Name) else None), outcome


def _binds(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
