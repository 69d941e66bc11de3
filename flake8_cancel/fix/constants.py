"""Gives a module constants that a fix needs, each once, behind its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple

from flake8_cancel.fix.imports import behind_imports, put_in
from flake8_cancel.source import split_lines


class Constant(NamedTuple):
    """``name: annotation = value``, at the top of a module."""

    name: str
    value: str
    annotation: str = ""

    def __str__(self) -> str:
        annotation = f": {self.annotation}" if self.annotation else ""
        return f"{self.name}{annotation} = {self.value}"


def add(text: str, constants: Iterable[Constant], newline: str) -> str:
    """Return a text with constants added.

    Args:
        text: the text of a module.
        constants: what it is to define.
        newline: the line end of the file.
    """
    for wanted in sorted(set(constants)):
        lines = split_lines(text)
        text = put_in(lines, f"{wanted}{newline}", behind_imports(ast.parse(text), lines), newline)
    return text


def is_defined(tree: ast.Module, wanted: Constant) -> bool:
    """Tell whether a module gives a name this value at its top, and nothing binds or declares the name otherwise.

    Its annotation may be another one.
    """
    found = [node for node in ast.walk(tree) if _binds(node, wanted.name)]
    statements = [
        statement
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and statement.value is not None
        and ast.unparse(statement.value) == wanted.value
    ]
    return len(found) == 1 and any(found[0] in ast.walk(statement) for statement in statements)


def is_free(tree: ast.Module, name: str) -> bool:
    """Tell whether nothing in a module binds, uses or imports a name."""
    return not any(_binds(node, name) or (isinstance(node, ast.Name) and node.id == name) for node in ast.walk(tree))


def _binds(node: ast.AST, name: str) -> bool:
    """Tell whether a node binds or declares a name."""
    if isinstance(node, ast.Name):
        return node.id == name and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.alias):
        return (node.asname or node.name).partition(".")[0] == name
    if isinstance(node, ast.Global | ast.Nonlocal):
        return name in node.names
    return name in (getattr(node, "arg", None), getattr(node, "name", None), getattr(node, "rest", None))
