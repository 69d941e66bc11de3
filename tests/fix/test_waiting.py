"""The wait repair: the text before and after."""

from __future__ import annotations

import ast

import libcst as cst
import pytest

from flake8_cancel.fix import shapes
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.splice import Replacement
from tests.fix.driving import shaped, shaped_bytes, text


def instead_of_try(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.wait_instead_of_try(edit, node, node.handlers[0], edit.nodes)


def instead_of_suppress(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.wait_instead_of_suppress(edit, node, edit.nodes[0], edit.nodes[1:])


def gathered(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.gather_instead(edit, node, edit.nodes[0])


def for_all_instead(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.wait_for_all_instead(edit, node, edit.nodes[0], edit.nodes[1])


def cancel_and_wait(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.cancel_and_wait(edit, node)


def for_all(node: cst.CSTNode, edit: Edit) -> Replacement:
    return cst.FlattenSentinel(shapes.wait_for_tasks(edit, edit.nodes[0]))


def in_function(body: str) -> str:
    return "import asyncio\nasync def f():\n" + "".join(f"    {line}\n" if line else "\n" for line in body.splitlines())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "task.cancel()\n# a\ntry:\n    await task  # b\nexcept asyncio.CancelledError:\n    pass\nx",
            "task.cancel()\n# a\nawait asyncio.wait([task])  # b\nif not task.cancelled():\n    task.result()\nx",
        ),
        (
            "try: await self._task\nexcept asyncio.CancelledError: pass",
            "task = self._task\nawait asyncio.wait([task])\nif not task.cancelled():\n    task.result()",
        ),
        (
            "task = 1\ntry: await (self._task)\nexcept C: ...",
            "task = 1\ntask_2 = self._task\nawait asyncio.wait([task_2])\n"
            "if not task_2.cancelled():\n    task_2.result()",
        ),
        (
            "try:\n    await t\nexcept C:\n    # why\n    print(1)  # b",
            "await asyncio.wait([t])\nif t.cancelled():\n    # why\n    print(1)  # b\nelse:\n    t.result()",
        ),
        (
            "try:\n    await t\nexcept C:\n    pass\nelse:\n    x\n    # y",
            "await asyncio.wait([t])\nif not t.cancelled():\n    t.result()\n    x\n    # y",
        ),
        (
            "try:\n    await t\nexcept C:\n    a\nelse:\n    x\nfinally:\n    y",
            "try:\n    await asyncio.wait([t])\n    if t.cancelled():\n        a\n    else:\n        t.result()\n"
            "        x\nfinally:\n    y",
        ),
        (
            "try:\n    # a\n    t.cancel()\n    await t\nexcept C:  # b\n    pass  # noqa",
            "# a\nt.cancel()\nawait asyncio.wait([t])\n# b\nif not t.cancelled():\n    t.result()",
        ),
        (
            "try:\n    await t\nexcept C:\n    return None\nelse:\n    x",
            "await asyncio.wait([t])\nif t.cancelled():\n    return None\nt.result()\nx",
        ),
        (
            "try:\n    await t\nexcept C:\n    pass\nexcept Exception:\n    log()",
            "try:\n    await asyncio.wait([t])\n    if not t.cancelled():\n        t.result()\n"
            "except Exception:\n    log()",
        ),
    ],
)
def test_instead_of_a_try(before: str, after: str) -> None:
    assert shaped(in_function(before), instead_of_try, ast.Try) == in_function(after)


def test_other_classes_of_the_clause_are_still_caught() -> None:
    before = in_function("try:\n    await t\nexcept (C, OSError) as e:\n    pass")
    after = in_function(
        "try:\n    await asyncio.wait([t])\n    if not t.cancelled():\n        t.result()\n"
        "except OSError as e:\n    pass"
    )
    assert shaped(before, instead_of_try, ast.Try, "Name: C") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# a\n        if not t.cancelled():\n            raise", "# a\n    if not t.cancelled():\n        t.result()"),
        (
            "if not t.cancelled():\n            raise\n        x",
            "if t.cancelled():\n        x\n    else:\n        t.result()",
        ),
    ],
)
def test_a_test_of_how_the_task_ended_goes(before: str, after: str) -> None:
    source = f"import asyncio\nasync def f():\n    try:\n        await t\n    except C:\n        {before}\n"
    expected = f"import asyncio\nasync def f():\n    await asyncio.wait([t])\n    {after}\n"
    marked = "If: if not t.cancelled():\n            raise"
    assert shaped(source, instead_of_try, ast.Try, marked) == expected


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("try:\n    await t\n    x\nexcept C:\n    pass", "holds more than the wait"),
        ("try:\n    x = await t\nexcept C:\n    pass", "holds more than the wait"),
        ("try: await t; x\nexcept C: pass", "holds more than the wait"),
        ("try: t.cancel(); await t\nexcept C: pass", "holds more than the wait"),
        ("try:\n    t.close()\n    await t\nexcept C: pass", "holds more than the wait"),
        ("try: await t\nexcept C: a\nexcept D: b", "other clauses"),
        ("try: await t\nexcept C: pass\nexcept D: b\nelse: c", "other clauses"),
        ("try: await t\nexcept C as e: print(e)", "uses the exception"),
    ],
)
def test_no_fix(block: str, reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        shaped(in_function(block), instead_of_try, ast.Try)


def test_a_wait_with_tabs_and_other_line_ends() -> None:
    before = b"import asyncio\r\nasync def f():\r\n\ttry:\r\n\t\tawait t\r\n\texcept C:\r\n\t\tlog()\r\n"
    after = (
        b"import asyncio\r\nasync def f():\r\n\tawait asyncio.wait([t])\r\n\tif t.cancelled():\r\n\t\tlog()\r\n"
        b"\telse:\r\n\t\tt.result()\r\n"
    )
    assert shaped_bytes(before, instead_of_try, ast.Try) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "with suppress(C):  # a\n    await t",
            "# a\nawait asyncio.wait([t])\nif not t.cancelled():\n    t.result()",
        ),
        (
            "with suppress(C, OSError):\n    await self.t",
            "with suppress(OSError):\n    task = self.t\n    await asyncio.wait([task])\n"
            "    if not task.cancelled():\n        task.result()",
        ),
        (
            "with lock, suppress(C): await t  # a",
            "with lock:\n    await asyncio.wait([t])  # a\n    if not t.cancelled():\n        t.result()",
        ),
    ],
)
def test_instead_of_suppress(before: str, after: str) -> None:
    call = next(source for source in ("suppress(C, OSError)", "suppress(C)") if source in before)
    marked = (f"Call: {call}", "Name: C")
    assert shaped(in_function(before), instead_of_suppress, ast.With, *marked) == in_function(after)


@pytest.mark.parametrize(
    ("before", "marked", "after"),
    [
        (
            "with lock, suppress(C, Exception):  # a\n    t.cancel()\n    await t",
            "Call: suppress(C, Exception)",
            "with lock:  # a\n    t.cancel()\n    await asyncio.gather(t, return_exceptions=True)",
        ),
        (
            "try:\n    await self.t  # a\nexcept:\n    pass  # b\nfinally:\n    x",
            "ExceptHandler: except:\n        pass",
            "try:\n    await asyncio.gather(self.t, return_exceptions=True)  # a\n    # b\nfinally:\n    x",
        ),
    ],
)
def test_its_errors_are_dropped(before: str, marked: str, after: str) -> None:
    target = ast.With if before.startswith("with") else ast.Try
    assert shaped(in_function(before), gathered, target, marked) == in_function(after)


def test_all_of_them_instead_of_suppress() -> None:
    before = in_function("with suppress(C):\n    await gather(*ts)  # a")
    after = in_function(
        "# a\nif ts:\n    await asyncio.wait(ts)\nfor task in ts:\n    if not task.cancelled():\n        task.result()"
    )
    assert shaped(before, for_all_instead, ast.With, "Call: suppress(C)", "Name: ts") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "await t.cancel()  # a",
            "t.cancel()  # a\nawait asyncio.wait([t])\nif not t.cancelled():\n    t.result()",
        ),
        (
            "x; await self.t.cancel('why'); y",
            "x\ntask = self.t\ntask.cancel('why')\nawait asyncio.wait([task])\n"
            "if not task.cancelled():\n    task.result()\ny",
        ),
    ],
)
def test_an_awaited_cancel(before: str, after: str) -> None:
    def fix(node: cst.CSTNode, edit: Edit) -> Replacement:
        return edit.replace(node, {edit.nodes[0]: cancel_and_wait(edit.nodes[0], edit)})

    source = "await " + before.split("await ")[1].split(")")[0] + ")"
    assert shaped(in_function(before), fix, ast.AsyncFunctionDef, f"Expr: {source}") == in_function(after)


def test_a_collection() -> None:
    before = in_function("await gather(*self.tasks)")
    after = in_function(
        text(
            """
            tasks = self.tasks
            if tasks:
                await asyncio.wait(tasks)
            for task in tasks:
                if not task.cancelled():
                    task.result()
            """
        )
    )
    assert shaped(before, for_all, ast.Expr, "Attribute: self.tasks") == after
