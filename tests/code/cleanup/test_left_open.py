"""Which loops leave a generator open that holds something."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.cleanup.left_open import LeftOpen, left_open
from tests.code.asking import module_of


def found(generator: str, loop: str) -> LeftOpen | None:
    module = module_of(
        "import asyncio, contextlib, time\n\nasync def rows(it):\n"
        + textwrap.indent(textwrap.dedent(generator).strip(), "    ")
        + "\n\nasync def reads(it):\n    async for row in rows(it):\n"
        + textwrap.indent(loop, "        ")
        + "\n"
    )
    (last,) = (
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AsyncFor) and isinstance(node.iter, ast.Call) and ast.unparse(node.iter) == "rows(it)"
    )
    return left_open(module, last)


def tried(final: str) -> str:
    return f"try:\n    yield 1\nfinally:\n    {final}"


@pytest.mark.parametrize(
    ("generator", "is_held"),
    [
        (tried("await it.stop()"), True),
        (tried("it.close()"), True),
        (tried("it.busy = False"), True),
        (tried("del it[1]"), True),
        (tried("print(time.monotonic())"), False),
        ("try:\n    yield 1\nexcept BaseException:\n    it.close()\n    raise", True),
        ("try:\n    yield 1\nexcept Exception:\n    it.close()\n    raise", False),
        ("with open(it):\n    yield 1", True),
        ("with contextlib.suppress(OSError):\n    yield 1", False),
        ("async with asyncio.timeout(1):\n    yield 1", False),
        ("scope = asyncio.timeout(1)\nasync with scope:\n    yield 1", False),
        ("with open(it) as file:\n    data = file.read()\nyield data", False),
        ("try:\n    it.read()\nfinally:\n    it.close()\nyield 1", False),
    ],
)
def test_a_jump_leaves_open_what_holds_something(generator: str, is_held: bool) -> None:
    left = found(generator, "return row")
    assert (left is not None) is is_held
    assert left is None or (left.is_left and left.is_own)


@pytest.mark.parametrize(
    ("generator", "is_urgent"),
    [
        (tried("await it.stop()"), True),
        (tried("it.close()"), False),
        ("async with it.lock:\n    yield 1", True),
        ("async with it.transaction():\n    yield 1", True),
        ("with open(it):\n    yield 1", False),
    ],
)
def test_a_cancellation_leaves_open_what_is_urgent(generator: str, is_urgent: bool) -> None:
    left = found(generator, "await row")
    assert (left is not None) is is_urgent
    assert left is None or not left.is_left


def test_a_cancellation_that_the_loop_takes_does_not_leave_it() -> None:
    loop = "try:\n    await row\nexcept asyncio.CancelledError:\n    continue"
    assert found(tried("await it.stop()"), loop) is None


def test_a_jump_that_is_never_reached_does_not_leave_it() -> None:
    assert found(tried("it.close()"), "continue\nbreak") is None


def test_a_break_of_an_inner_loop_does_not_leave_it() -> None:
    assert found(tried("it.close()"), "for part in row:\n    break") is None


@pytest.mark.parametrize(
    ("before", "behind", "is_left"),
    [
        ("items = rows(it)", "", True),
        ("items = rows(it); await anext(items)", "", True),
        # Somebody may go on with it, or close it.
        ("items = rows(it)", "await anext(items)", False),
        ("items = rows(it)", "await items.aclose()", False),
        ("items = rows(it); it.keep(items)", "", False),
        ("items = rows(it); it.first = anext(items)", "", False),
        ("items = rows(it) if it else it", "", False),
        ("items = it", "", False),
    ],
)
def test_nobody_else_goes_on_with_what_has_a_name(before: str, behind: str, is_left: bool) -> None:
    generator = textwrap.indent(tried("it.close()"), "    ")
    loop = f"    async for row in items:\n        break\n    {behind or 'pass'}\n"
    module = module_of(f"async def rows(it):\n{generator}\nasync def reads(it):\n    {before}\n{loop}")
    (last,) = (node for node in ast.walk(module.tree) if isinstance(node, ast.AsyncFor))
    assert (left_open(module, last) is not None) is is_left


@pytest.mark.parametrize(("made", "is_left"), [("    ", False), ("        ", True)])
def test_the_next_turn_goes_on_with_what_was_made_before(made: str, is_left: bool) -> None:
    generator = textwrap.indent(tried("it.close()"), "    ")
    loops = "    while it:\n{}        async for row in items:\n            break\n"
    making = "items = rows(it)\n"
    body = loops.format(f"{made}{making}") if is_left else f"{made}{making}{loops.format('')}"
    module = module_of(f"async def rows(it):\n{generator}\nasync def reads(it):\n{body}")
    (last,) = (node for node in ast.walk(module.tree) if isinstance(node, ast.AsyncFor))
    assert (left_open(module, last) is not None) is is_left
