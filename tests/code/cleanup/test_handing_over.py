"""In which scopes generators hand over, and which of them are looped over."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.cleanup.handing_over import is_consumed_at_once, is_iterated, scope_around
from flake8_cancel.code.module import Module
from tests.code.asking import function, module_of

HEADER = """
import asyncio, contextlib
"""


def program(scope: str, inside: str = "") -> Module:
    body = textwrap.indent(inside or "yield 1\nyield 2", "        ")
    return module_of(f"{HEADER}async def rows(t):\n    async with {scope}:\n{body}\n")


def generator(module: Module) -> ast.AsyncFunctionDef:
    found = function(module, "rows")
    assert isinstance(found, ast.AsyncFunctionDef)
    return found


@pytest.mark.parametrize(
    ("scope", "kind"),
    [
        ("asyncio.timeout(1)", "timeout"),
        ("asyncio.timeout(None)", None),
        ("asyncio.timeout_at(when=t)", "timeout"),
        ("asyncio.TaskGroup()", "group"),
        ("asyncio.TaskGroup() as group, session()", "group"),
        ("session()", None),
    ],
)
def test_timeouts_and_groups_are_scopes(scope: str, kind: str | None) -> None:
    module = program(scope)
    first, _ = module.yields(generator(module))
    assert isinstance(first, ast.Yield)
    found = scope_around(module, first)
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(("change", "is_scope"), [("t.reschedule(None)", False), ("t.reschedule(9)", True)])
def test_a_deadline_that_is_taken_away_is_none(change: str, is_scope: bool) -> None:
    module = program("asyncio.timeout(1) as t", f"{change}\nyield 1")
    (only,) = module.yields(generator(module))
    assert isinstance(only, ast.Yield)
    assert (scope_around(module, only) is not None) is is_scope


@pytest.mark.parametrize(
    ("body", "use", "is_looped_over"),
    [
        ("yield 1\nyield 2", "", True),
        ("while t:\n    yield 1", "", True),
        ("yield 1", "", False),
        ("if t:\n    yield 1\nelse:\n    yield 2", "", False),
        ("yield 1", "async def f():\n    async for x in rows(1): pass", True),
        ("yield 1\nyield 2", "app.context(rows)", False),
    ],
)
def test_who_yields_twice_or_is_looped_over_is_no_manager(body: str, use: str, is_looped_over: bool) -> None:
    inside = textwrap.indent(body, "    ")
    module = module_of(f"{HEADER}async def rows(t):\n{inside}\n\n{use}\n")
    assert is_iterated(module, generator(module)) is is_looped_over


@pytest.mark.parametrize(
    ("loop", "is_at_once"),
    [
        ("return [x async for x in rows(1)]", True),
        ("return [await x async for x in rows(1)]", False),
        ("async for x in rows(1): print(x)", True),
        ("async for x in rows(1): await x", False),
        ("async for x in rows(1): break", False),
        ("return rows(1)", False),
    ],
)
def test_a_loop_that_never_waits_consumes_at_once(loop: str, is_at_once: bool) -> None:
    module = module_of(
        "async def outer():\n    async def rows(t):\n        yield 1\n"
        f"    async def read():\n        {loop}\n    await read()\n"
    )
    assert is_consumed_at_once(module, generator(module)) is is_at_once
