"""Functions that end something and can do so but once: what a cancellation skips there is never made up for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.taking import own_statements
from flake8_cancel.code.graph.evaluate import header, survey
from flake8_cancel.code.verbs import ends

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def ends_but_once(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether a function is there to end something, and is done for good as soon as it has begun.

    It returns at once where a flag is set, sets that flag before it waits, and takes it back on no way out of an error:
    ``if self._closed: return``, ``self._closed = True``.

    Args:
        module: the module.
        function: a coroutine function.
    """
    if not ends(function.name, module.facts):
        return False
    asked: set[str] = set()
    for statement in function.body:
        if isinstance(statement, ast.If) and isinstance(statement.body[-1], ast.Return):
            asked.update(_flags(module, statement.test))
        told = asked.intersection(_told(module, statement))
        if told:
            return told.isdisjoint(_taken_back(module, function))
        if any(map(_suspends, own_statements([statement]))):
            return False
    return False


def _flags(module: Module, test: ast.expr) -> Iterator[str]:
    """Yield the attributes whose truth a test asks for."""
    asked = test.operand if isinstance(test, ast.UnaryOp) else test
    for part in asked.values if isinstance(asked, ast.BoolOp) else [asked]:
        reference = module.reference(part) if isinstance(part, ast.Attribute) else None
        if reference:
            yield reference


def _told(module: Module, statement: ast.stmt) -> Iterator[str]:
    """Yield what a statement sets to a constant."""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
        yield from filter(None, map(module.reference, statement.targets))


def _taken_back(module: Module, function: ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield what the handlers and ``finally`` blocks of a function set to a constant."""
    for node in own_statements(function.body):
        if isinstance(node, ast.Try):
            handled = [statement for handler in node.handlers for statement in handler.body]
            for statement in own_statements([*handled, *node.finalbody]):
                yield from _told(module, statement)


def _suspends(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.AsyncFor, ast.AsyncWith)):
        return True
    return any(survey(part).suspends for part in header(statement))
