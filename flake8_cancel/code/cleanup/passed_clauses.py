"""Releases that stand in a clause which a cancellation passes by: that clause is the mistake, and CNL403 speaks."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.taking import own_statements
from flake8_cancel.code.graph.catchers import catchers
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def is_in_passed_clause(module: Module, node: ast.stmt) -> bool:
    """Tell whether a release stands in a clause that raises and that a cancellation passes by.

    Args:
        module: the module.
        node: the release.
    """
    for parent in module.ancestors(node):
        if isinstance(parent, _FUNCTIONS):
            return False
        if isinstance(parent, ast.ExceptHandler):
            tried = module.parent(parent)
            is_passed_by = isinstance(tried, ast.Try) and any(_waits(inside) for inside in tried.body)
            raises = any(isinstance(inside, ast.Raise) for inside in own_statements(parent.body))
            return raises and is_passed_by and not catchers(module, parent)
    return False


def _waits(statement: ast.stmt) -> bool:
    return any(isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for node in walk(statement))
