"""Clauses that re-raise, clauses that go: the text before and after."""

from __future__ import annotations

import ast
import textwrap

import libcst as cst
import pytest

from flake8_cancel.fix import shapes
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.splice import Replacement
from tests.fix.driving import shaped, shaped_bytes, text


def at_end(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.reraise_at_end(node)


def removed(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.remove_handler(node, edit.nodes[0] if edit.nodes else node.handlers[0])


def above(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.clause_above(node, edit.name("asyncio.CancelledError"))


def split(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.split_tuple(node, edit.nodes)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("pass  # why\n", "raise  # why\n"),
        ("log()\n", "log()\nraise\n"),
        ("log()  # a\n# b\n", "log()  # a\nraise\n# b\n"),
        ("log()\nreturn\n", "log()\nraise\n"),
        ("return None\n", "raise\n"),
        ("return await close(x)  # a\n", "await close(x)  # a\nraise\n"),
        ("a(); return b()\n", "a()\nb()\nraise\n"),
        ("# a\ncontinue\n", "# a\nraise\n"),
        ("...\n", "raise\n"),
        ("if a:\n  return\n", "if a:\n  return\nraise\n"),
    ],
)
def test_raise_at_the_end_of_a_handler(before: str, after: str) -> None:
    head = "while 1:\n  try:\n    await x\n  except E:\n"
    before, after = textwrap.indent(before, "    "), textwrap.indent(after, "    ")
    assert shaped(head + before, at_end, ast.ExceptHandler) == head + after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("try: x\nexcept E: pass  # a\ny\n", "try: x\nexcept E: raise  # a\ny\n"),
        ("try: x\nexcept E: log()  # a\ny\n", "try: x\nexcept E:\n    log()  # a\n    raise\ny\n"),
        ("try: x\nexcept E: log(); pass;\n", "try: x\nexcept E: log(); raise\n"),
    ],
)
def test_raise_at_the_end_of_a_one_line_handler(before: str, after: str) -> None:
    assert shaped(before, at_end, ast.ExceptHandler) == after


def test_raise_at_a_place_in_the_handler() -> None:
    before = """
        while 1:
            try:
                await x
            except E:
                if a: break  # b
                else:
                    return close()
                c
    """
    after = """
        while 1:
            try:
                await x
            except E:
                if a: raise  # b
                else:
                    return close()
                c
    """
    fix = lambda node, edit: shapes.reraise_at(node, edit.nodes[0])  # noqa: E731
    assert shaped(before, fix, ast.ExceptHandler, "Break: break") == text(after)


def test_the_only_clause_goes_and_the_block_is_unwrapped() -> None:
    before = """
        async def f():
            a

            # above
            try:  # opening
                # first
                await x  # x
                if b:
                    c
                # last
            # of the clause
            except E:
                pass
            else:
                d(
                    1)
                # end
            # below
            e
    """
    after = """
        async def f():
            a

            # above
            # opening
            # first
            await x  # x
            if b:
                c
            # last
            d(
                1)
            # end
            # below
            e
    """
    assert shaped(before, removed, ast.Try) == text(after)


def test_a_comment_at_the_end_of_an_unwrapped_block_stays_at_the_end_of_its_block() -> None:
    before = "def f():\n\ttry:\n\t\tx\n\t\t# a\n\texcept E: pass\n\t# b\ny\n"
    assert shaped(before, removed, ast.Try) == "def f():\n\tx\n\t# a\n\t# b\ny\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("try: await x; y  # a\nexcept E: pass\n", "await x; y  # a\n"),
        ("try: x\nexcept E: pass\nfinally: y\n", "try: x\nfinally: y\n"),
        ("try: x\nexcept E: pass\nelse: z\nfinally: y\n", "try:\n    x\n    z\nfinally: y\n"),
        (
            "try:\n  x\nexcept E:\n  pass\nelse:\n  z\nfinally:\n  y\n",
            "try:\n  x\n  z\nfinally:\n  y\n",
        ),
        ("if a: pass\nelse:\n    try: x\n    except E: pass\n", "if a: pass\nelse:\n    x\n"),
    ],
)
def test_a_clause_goes(before: str, after: str) -> None:
    assert shaped(before, removed, ast.Try) == after


def test_one_of_several_clauses_goes() -> None:
    before = "try: x\nexcept A: a\n# b\nexcept B: b\nexcept C: c\nelse: d\n"
    after = "try: x\nexcept A: a\nexcept C: c\nelse: d\n"
    assert shaped(before, removed, ast.Try, "ExceptHandler: except B: b") == after


def test_line_ends_and_tabs_are_kept() -> None:
    before = b"async def f():\r\n\ttry:\r\n\t\tawait x\r\n\t\ty  # z\r\n\texcept E:\r\n\t\tpass"
    assert shaped_bytes(before, removed, ast.Try) == b"async def f():\r\n\tawait x\r\n\ty  # z"
    expected = before.replace(b"\texcept E", b"\texcept CancelledError:\r\n\t\traise\r\n\texcept E")
    with_import = b"from asyncio import CancelledError\r\n" + before
    assert shaped_bytes(with_import, above, ast.ExceptHandler) == with_import[:36] + expected


def test_a_clause_above() -> None:
    before = """
        import asyncio as aio
        try:
            x

        # all
        except:  # noqa
            log()
    """
    after = """
        import asyncio as aio
        try:
            x

        except aio.CancelledError:
            raise
        # all
        except:  # noqa
            log()
    """
    assert shaped(before, above, ast.ExceptHandler) == text(after)


@pytest.mark.parametrize(
    ("before", "marked", "after"),
    [
        ("(C, X)", ["C"], ["C", "X"]),
        ("(X, C)", ["C"], ["C", "X"]),
        ("(X, C, Y)", ["C"], ["C", "(X, Y)"]),
        ("(X, Y, C)", ["C"], ["C", "(X, Y)"]),
        ("(X, Y, C,)", ["C"], ["C", "(X, Y,)"]),
        ("(C, *XS)", ["C"], ["C", "(*XS,)"]),
        ("(X, C, D)", ["C", "D"], ["(C, D)", "X"]),
    ],
)
def test_a_tuple_is_split(before: str, marked: list[str], after: list[str]) -> None:
    code = f"try: x\n# a\nexcept {before} as e:\n    y\n"
    expected = f"try: x\nexcept {after[0]}:\n    raise\n# a\nexcept {after[1]} as e:\n    y\n"
    assert shaped(code, split, ast.ExceptHandler, *(f"Name: {name}" for name in marked)) == expected


def test_a_tuple_over_several_lines() -> None:
    before = """
        try: x
        except (
            OSError,  # a
            asyncio.CancelledError,
            ValueError,
        ):
            pass
    """
    after = """
        try: x
        except asyncio.CancelledError:
            raise
        except (
            OSError,  # a
            ValueError,
        ):
            pass
    """
    assert shaped(before, split, ast.ExceptHandler, "Attribute: asyncio.CancelledError") == text(after)


def test_what_names_no_tuple_is_not_split() -> None:
    with pytest.raises(AssertionError, match="names no tuple"):
        shaped("try: x\nexcept C: y\n", split, ast.ExceptHandler, "Name: C")
