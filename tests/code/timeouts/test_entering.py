"""Timeouts that are made, and whether anything enters them."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.timeouts.entering import unentered
from tests.code.asking import module_of

GIVEN = """
import asyncio
async def f(self, job):
    {statements}
"""


def said(statements: str) -> str | None:
    module = module_of(GIVEN.format(statements=statements))
    call = next(
        node for node in ast.walk(module.tree) if isinstance(node, ast.Call) and "timeout" in ast.unparse(node.func)
    )
    return unentered(module, call)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("asyncio.timeout(5)", "as a statement"),
        ("asyncio.timeout_at(5); await job()", "as a statement"),
        ("await asyncio.timeout(5)", "that is awaited"),
        ("limit = asyncio.timeout(5); await job()", "that is never entered"),
        ("limit: object = asyncio.timeout(5); print(limit.expired())", "that is never entered"),
    ],
)
def test_nothing_enters_it(statements: str, expected: str) -> None:
    assert said(statements) == expected


@pytest.mark.parametrize(
    "statements",
    [
        "async with asyncio.timeout(5): pass",
        "limit = asyncio.timeout(5); job(limit)",
        "limit = asyncio.timeout(5); await limit.__aenter__()",
        "limit = asyncio.timeout(5); return limit",
        "limit = asyncio.timeout(5); other = limit",
        "limit = asyncio.timeout(5); job(locals())",
        "global limit; limit = asyncio.timeout(5)",
        "limit = asyncio.timeout(5); job(lambda: limit)",
        "self.limit = asyncio.timeout(5)",
        "job(asyncio.timeout(5))",
        "self.timeout(5)",
        "return asyncio.timeout(5)",
        "limit = asyncio.timeout(5) if job else None",
    ],
)
def test_something_may_enter_it(statements: str) -> None:
    assert said(statements) is None


def test_outside_of_coroutines_it_is_no_business_of_ours() -> None:
    module = module_of("import asyncio\ndef f():\n    asyncio.timeout(5)\n")
    (call,) = (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    assert unentered(module, call) is None
