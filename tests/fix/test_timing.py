"""The shapes for timeouts and loops: the text before and after, with its comments."""

from __future__ import annotations

import ast

import libcst as cst
import pytest

from flake8_cancel.fix import shapes
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.splice import Replacement
from tests.fix.driving import shaped, shaped_bytes, text


def around(node: cst.CSTNode, edit: Edit) -> Replacement:
    return shapes.tried_around(cst.ensure_type(node, cst.With), cst.ensure_type(edit.nodes[0], cst.Try))


def beside(node: cst.CSTNode, edit: Edit) -> Replacement:
    (written,) = edit.nodes
    assert isinstance(written, cst.BaseExpression)
    return shapes.beside(node, written, cst.Name("B"))


def turned(node: cst.CSTNode, edit: Edit) -> Replacement:
    pause = cst.Expr(edit.expression("pause()"))
    return shapes.turned(cst.ensure_type(node, cst.While), edit.nodes, pause, at_end=not edit.nodes)


def test_a_with_block_is_turned_inside_out() -> None:
    tried = "try:\n        work()\n    except A:\n        pass"
    before = f"""
with limit():  # at the with
    {tried}
"""
    after = """
        try:
            with limit():  # at the with
                work()
        except A:
            pass
        """
    assert shaped(before, around, ast.With, f"Try: {tried}") == text(after)


def test_the_comments_of_both_stay() -> None:
    before = b"\n".join(
        [
            b"before()",
            b"",
            b"# above the with",
            b"with limit():  # at the with",
            b"    # above the try",
            b"    try:  # at the try",
            b"        # above the work",
            b"        work()",
            b"    except A:  # at the clause",
            b"        pass",
            b"    # at the end",
            b"",
        ]
    )
    tried = "try:  # at the try\n        # above the work\n        work()\n    except A:  # at the clause\n        pass"
    after = """
        before()

        # above the with
        try:  # at the try
            # above the try
            with limit():  # at the with
                # above the work
                work()
        except A:  # at the clause
            pass
            # at the end
        """
    assert shaped_bytes(before, around, ast.With, f"Try: {tried}").decode() == text(after)


@pytest.mark.parametrize(
    ("written", "after"),
    [
        ("A", "(A, B)"),
        ("A as error", "(A, B) as error"),
        ("(A, C)", "(A, B, C)"),
        ("(C, A)", "(C, A, B)"),
        ("(C, A,)", "(C, A, B,)"),
        ("(A,)", "(A, B)"),
    ],
)
def test_a_clause_names_one_more_class(written: str, after: str) -> None:
    before = "try:\n    pass\nexcept {}:\n    pass\n"
    assert shaped(before.format(written), beside, ast.ExceptHandler, "Name: A") == before.format(after)


@pytest.mark.parametrize(("written", "after"), [("A", "A, B"), ("A, C", "A, B, C"), ("C, A", "C, A, B")])
def test_a_call_names_one_more_class(written: str, after: str) -> None:
    assert shaped(f"suppress({written})\n", beside, ast.Call, "Name: A") == f"suppress({after})\n"


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        ("while 1:\n    a()\n", "while 1:\n    a()\n    pause()\n", ()),
        ("while 1:\n    pass  # why\n", "while 1:\n    pause()  # why\n", ()),
        ("while 1: a()\n", "while 1:\n    a()\n    pause()\n", ()),
        ("while 1: pass\n", "while 1:\n    pause()\n", ()),
        (
            "while 1:\n    if a:\n        continue  # why\n    b()\n",
            "while 1:\n    if a:\n        pause()\n        continue  # why\n    b()\n",
            ("Continue: continue",),
        ),
        (
            "while 1:\n    if a: continue\n",
            "while 1:\n    if a:\n        pause()\n        continue\n",
            ("Continue: continue",),
        ),
    ],
)
def test_a_loop_pauses(before: str, after: str, marked: tuple[str, ...]) -> None:
    assert shaped(before, turned, ast.While, *marked) == after
