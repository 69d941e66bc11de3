"""Keeping what a statement shields: the text before and after."""

from __future__ import annotations

import ast

import libcst as cst
import pytest

from flake8_cancel.fix import shapes
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.splice import Replacement
from tests.fix.driving import shaped, text

KEPT = """
_background_tasks: set[asyncio.Task[object]] = set()
"""
LAID_OUT = """await asyncio.shield(
    work(  # the work
        1,
    ),  # and no more
)"""
LAID_OUT_MADE = """asyncio.create_task(
    work(  # the work
        1,
    ),  # and no more
)"""


def coroutine(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.keep_shielded(edit, node, edit.nodes[0], is_task=False)


def task(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.keep_shielded(edit, node, edit.nodes[0], is_task=True)


@pytest.mark.parametrize(
    ("before", "made", "after"),
    [
        ("await asyncio.shield(work())", "asyncio.create_task(work())", "await asyncio.shield(task)"),
        ("return await asyncio.shield(work())", "asyncio.create_task(work())", "return await asyncio.shield(task)"),
        ("x: int = await asyncio.shield(work())", "asyncio.create_task(work())", "x: int = await asyncio.shield(task)"),
        ("asyncio.shield(work())", "asyncio.create_task(work())", "await asyncio.shield(task)"),
        ("x = wait(asyncio.shield(work()), 1)", "asyncio.create_task(work())", "x = wait(asyncio.shield(task), 1)"),
        (LAID_OUT, LAID_OUT_MADE, "await asyncio.shield(task)"),
    ],
)
def test_a_coroutine_becomes_a_kept_task(before: str, made: str, after: str) -> None:
    assert _shaped(before, coroutine) == _kept(made, after)


def test_a_task_is_kept_as_it_is_made() -> None:
    made = "asyncio.ensure_future(work())"
    assert _shaped(f"await asyncio.shield({made})", task) == _kept(made, "await asyncio.shield(task)")


def test_a_comment_would_be_lost() -> None:
    with pytest.raises(AssertionError, match="a comment stands between"):
        _shaped("await asyncio.shield(  # why\n    ensure_future(work())\n)", task)


def _shaped(statement: str, fix: object) -> str:
    source = _function(statement)
    call = next(node for node in ast.walk(ast.parse(source)) if _is_shield(node))
    assert callable(fix)
    return shaped(source, fix, _target(statement), f"Call: {ast.get_source_segment(source, call)}")


def _is_shield(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "asyncio.shield"


def _target(statement: str) -> type[ast.AST]:
    (function,) = ast.parse(f"async def f():\n    {statement}").body
    assert isinstance(function, ast.AsyncFunctionDef)
    return type(function.body[0])


def _kept(made: str, after: str) -> str:
    add = "_background_tasks.add(task)\ntask.add_done_callback(_background_tasks.discard)"
    return _function(f"task = {made}\n{add}\n{after}", KEPT)


def _function(body: str, top: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return text(f"import asyncio\n{top}\n\nasync def f():\n") + lines
