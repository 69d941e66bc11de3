"""Source texts that mark what is asked about: ``ask(x)`` asks about x."""

from __future__ import annotations

import ast
import textwrap
from typing import NamedTuple

from flake8_cancel.code.api import Facts
from flake8_cancel.code.module import Module


class Asked(NamedTuple):
    """A module and the expressions it asks about, in the order of the text."""

    module: Module
    expressions: list[ast.expr]

    @property
    def only(self) -> ast.expr:
        """The one expression that is asked about."""
        (expression,) = self.expressions
        return expression


def asked(source: str, facts: Facts | None = None) -> Asked:
    """Parse a source text and find what it asks about."""
    module = module_of(source, facts)
    calls = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ask"
    ]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return Asked(module, [call.args[0] for call in calls])


def module_of(source: str, facts: Facts | None = None) -> Module:
    """Return the model of a source text."""
    return Module(ast.parse(textwrap.dedent(source)), facts or Facts())


def function(module: Module, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """Return the one function of a name."""
    (found,) = (
        node
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name
    )
    return found
