"""Branches that are not taken where something else was done."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.cleanup.contradicting import contradicting
from flake8_cancel.code.cleanup.taking import own_statements
from tests.code.asking import function, module_of


def left_out(body: str) -> list[str]:
    """Return the first statements of the branches that are left out once ``take()`` was called."""
    module = module_of("async def run(wait, other):\n" + "\n".join(f"    {line}" for line in body.splitlines()))
    statements = own_statements(function(module, "run").body)
    take = next(node for node in statements if isinstance(node, ast.Expr) and ast.unparse(node) == "take()")
    return list(map(ast.unparse, contradicting(module, take)))


@pytest.mark.parametrize(
    "body",
    [
        "if wait: take()\nif not wait: leave()",
        "if wait: take()\nif wait: stay()\nelse: leave()",
        "if not wait: take()\nif wait: leave()",
        "if not wait: pass\nelse: take()\nif not wait: leave()",
        "if wait:\n    if other: take()\nif not wait: leave()",
    ],
)
def test_the_condition_is_the_same(body: str) -> None:
    assert left_out(body) == ["leave()"]


@pytest.mark.parametrize(
    "body",
    [
        "take()\nif not wait: leave()",
        "if wait: take()\nif not other: leave()",
        "if wait: take()\nif wait: leave()",
        "if wait: take()\nwait = ask()\nif not wait: leave()",
        "if wait.ready: take()\nif not wait.ready: leave()",
    ],
)
def test_it_may_be_another(body: str) -> None:
    assert left_out(body) == []
