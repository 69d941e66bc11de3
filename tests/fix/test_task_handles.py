"""Handles for the tasks of a group: the text before and after."""

from __future__ import annotations

import ast

import libcst as cst
import pytest

from flake8_cancel.fix import shapes
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.splice import Replacement
from tests.fix.driving import shaped, text


def handles(node: cst.CSTNode, edit: Edit) -> Replacement:
    creations = [mark for mark in edit.nodes if isinstance(mark, cst.Call)]
    return shapes.keep_handles(edit, node, edit.nodes[: -len(creations)], creations, len(creations) == 1)


def test_one_task_gets_a_name() -> None:
    before = """
        async def f():
            async with G() as g:
                # go
                g.create_task(a())  # a

                await b
                g.cancel_all()  # stop
    """
    after = """
        async def f():
            async with G() as g:
                # go
                task = g.create_task(a())  # a

                await b
                task.cancel()  # stop
    """
    marks = ["Expr: g.cancel_all()", "Call: g.create_task(a())"]
    assert shaped(before, handles, ast.AsyncWith, *marks) == text(after)


def test_one_task_that_has_a_name_keeps_it() -> None:
    before = "async with g:\n    t = g.create_task(a())\n    g.cancel()\n"
    after = "async with g:\n    t = g.create_task(a())\n    t.cancel()\n"
    assert shaped(before, handles, ast.AsyncWith, "Expr: g.cancel()", "Call: g.create_task(a())") == after


def test_several_tasks_go_to_a_list() -> None:
    before = """
        async def f(task):
            async with G() as g:
                x

                # all
                for y in z:
                    g.create_task(a(y))
                t = g.create_task(b)  # b
                await g.create_task(c)
                u = await g.create_task(d); v
                if w: g.cancel_all()  # stop
    """
    after = """
        async def f(task):
            async with G() as g:
                x

                tasks = []
                # all
                for y in z:
                    tasks.append(g.create_task(a(y)))
                t = g.create_task(b)  # b
                tasks.append(t)
                task_2 = g.create_task(c)
                tasks.append(task_2)
                await task_2
                task_2 = g.create_task(d)
                tasks.append(task_2)
                u = await task_2
                v
                if w:
                    # stop
                    for task_2 in tasks:
                        task_2.cancel()
    """
    marks = ["Expr: g.cancel_all()", *(f"Call: g.create_task({argument})" for argument in ("a(y)", "b", "c", "d"))]
    assert shaped(before, handles, ast.AsyncWith, *marks) == text(after)


def test_a_task_inside_of_an_expression() -> None:
    before = "async with g:\n    x(y(), g.create_task(a()))\n    g.cancel()\n"
    with pytest.raises(AssertionError, match="inside of an expression"):
        shaped(before, handles, ast.AsyncWith, "Expr: g.cancel()", "Call: g.create_task(a())")
