"""The wrap repair and managers: the text before and after."""

from __future__ import annotations

import ast

import libcst as cst
import pytest

from flake8_cancel.fix import shapes
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.splice import Replacement
from tests.fix.driving import shaped, shaped_bytes, text


def in_finally(node: cst.CSTNode, edit: Edit) -> Replacement:
    first, last, *releases = edit.nodes
    return shapes.wrap_in_finally(node, first, last, releases)


def in_with(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.wrap_in_with(node, *edit.nodes, edit.expression("lock"))


def unwrapped(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.unwrapped(node)


def not_suppressed(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.without_suppressed(node, edit.nodes[0], edit.nodes[1:])


def test_no_finally_begins_with_a_blank_line() -> None:
    before = """
        async def f():
            await a.close()

            await b.close()

            # last
            await c.close()

            # very last
            await d.close()
    """
    after = """
        async def f():
            try:
                await a.close()
            finally:
                try:
                    await b.close()
                finally:
                    try:
                        # last
                        await c.close()
                    finally:
                        # very last
                        await d.close()
    """
    a, b, c, d = (f"Expr: await {name}.close()" for name in "abcd")
    assert shaped(before, in_finally, ast.AsyncFunctionDef, a, a, b, c, d) == text(after)


def test_statements_are_tried_and_the_release_follows() -> None:
    before = """
        async def f():
            c = connect()

            # send
            await c.send(
                1,
            )  # sent
            if x:
                y

            # done
            await c.close()  # closed

            # more
            z
            # end
        # outside
    """
    after = """
        async def f():
            c = connect()

            try:
                # send
                await c.send(
                    1,
                )  # sent
                if x:
                    y
            finally:
                # done
                await c.close()  # closed

            # more
            z
            # end
        # outside
    """
    marks = ["Expr: await c.send(\n        1,\n    )", "If: if x:\n        y", "Expr: await c.close()"]
    assert shaped(before, in_finally, ast.AsyncFunctionDef, *marks) == text(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "async def f(): a; b; c; d; e  # f\n",
            "async def f():\n    a\n    try:\n        b\n        c\n    finally:\n        d\n    e  # f\n",
        ),
        (
            "async def f():\n  if x:\n    a\n    b; c  # g\n    d; e  # f\n",
            "async def f():\n  if x:\n    a\n    try:\n      b\n      c  # g\n    finally:\n      d\n    e  # f\n",
        ),
    ],
)
def test_semicolons_and_deeper_blocks(before: str, after: str) -> None:
    assert shaped(before, in_finally, ast.AsyncFunctionDef, "Expr: b", "Expr: c", "Expr: d") == after


def test_several_releases_between_and_behind() -> None:
    before = "def f():\n    yield\n    a()\n    b\n    c()\n    # end\n"
    after = "def f():\n    try:\n        yield\n        b\n    finally:\n        a()\n        c()\n    # end\n"
    assert shaped(before, in_finally, ast.FunctionDef, "Expr: yield", "Expr: b", "Expr: a()", "Expr: c()") == after


def test_wrapping_with_tabs_and_other_line_ends() -> None:
    before = b"def f():\r\n\tx = yield  # a\r\n\tc()\r\n"
    after = b"def f():\r\n\ttry:\r\n\t\tx = yield  # a\r\n\tfinally:\r\n\t\tc()\r\n"
    assert (
        shaped_bytes(before, in_finally, ast.FunctionDef, "Assign: x = yield", "Assign: x = yield", "Expr: c()")
        == after
    )


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        (["Expr: a", "Expr: a", "Expr: c"], "other statements stand between"),
        (["Expr: b", "Expr: b", "Expr: a"], "other statements stand between"),
        (["Expr: a", "Expr: a", "Expr: d"], "different blocks"),
        (["Expr: a", "Expr: a", "Expr: a"], "nothing stands before"),
    ],
)
def test_no_wrapping(marks: list[str], reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        shaped("def f():\n    a\n    b\n    c\n    if x: d\n", in_finally, ast.FunctionDef, *marks)


def test_acquisition_and_release_become_a_with() -> None:
    before = """
        async def f():
            # first
            await lock.acquire()  # now

            # then
            x; y
            if a:
                b
            # last
            lock.release()  # free
            z
    """
    after = """
        async def f():
            # first
            async with lock:  # now
                # then
                x; y
                if a:
                    b
                # last
                # free
            z
    """
    marks = ["Expr: await lock.acquire()", "Expr: lock.release()"]
    assert shaped(before, in_with, ast.AsyncFunctionDef, *marks) == text(after)


def test_nothing_to_hold_the_lock_for() -> None:
    with pytest.raises(AssertionError, match="nothing stands between"):
        shaped("async def f():\n    a\n    b\n", in_with, ast.AsyncFunctionDef, "Expr: a", "Expr: b")


def test_statements_are_enclosed() -> None:
    def fix(node: cst.CSTNode, edit: Edit) -> Replacement:
        return shapes.enclosed([node], edit.expression("aclosing(g())"), "g")

    before = "async def f():\n    x\n\n    # a\n    async for y in g: z\n    else:\n        u\n    # b\n"
    after = (
        "async def f():\n    x\n\n    async with aclosing(g()) as g:\n        # a\n        async for y in g: z\n"
        "        else:\n            u\n    # b\n"
    )
    assert shaped(before, fix, ast.AsyncFor) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("with a:\n    b\n    c\nd\n", "b\nc\nd\n"),
        ("# x\nwith a:  # y\n    # z\n    b\n    # u\n# v\nd\n", "# x\n# y\n# z\nb\n# u\n# v\nd\n"),
        ("with a: b; c  # d\n", "b; c  # d\n"),
        ("def f():\n\twith a:\n\t\tif b:\n\t\t\tc\n\t\t\t# d\n\t\t# e\n", "def f():\n\tif b:\n\t\tc\n\t\t# d\n\t# e\n"),
        ("if x:\n    with a:\n        '''b\n  c'''\n", "if x:\n    '''b\n  c'''\n"),
    ],
)
def test_a_with_is_unwrapped(before: str, after: str) -> None:
    assert shaped(before, unwrapped, ast.With) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("with suppress(C): x\n", "x\n"),
        ("with suppress(C, D): x\n", "with suppress(D): x\n"),
        ("with suppress(D, C): x\n", "with suppress(D): x\n"),
        ("with suppress(\n    D,\n    C,\n): x\n", "with suppress(\n    D,\n): x\n"),
        ("with a, suppress(C): x\n", "with a: x\n"),
        ("with suppress(C), a as b: x\n", "with a as b: x\n"),
        ("with (\n    a,\n    suppress(C),\n):\n    x\n", "with (\n    a,\n):\n    x\n"),
        ("with a, suppress(C, D) as s, b: x\n", "with a, suppress(D) as s, b: x\n"),
    ],
)
def test_a_class_is_not_suppressed_any_more(before: str, after: str) -> None:
    call = before[before.index("suppress") : before.index(")") + 1]
    assert shaped(before, not_suppressed, ast.With, f"Call: {call}", "Name: C") == after


def test_a_comment_between_the_items_is_not_lost() -> None:
    before = "with (\n    a,  # d\n    suppress(C)\n):\n    x\n"
    with pytest.raises(AssertionError, match="a comment stands between"):
        shaped(before, not_suppressed, ast.With, "Call: suppress(C)", "Name: C")
