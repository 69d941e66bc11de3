"""A statement is replaced, and what cleans up behind it is done in any case: the text before and after."""

from __future__ import annotations

import ast
import textwrap

import libcst as cst
import pytest

from flake8_cancel.fix import shapes
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.splice import Replacement
from tests.fix.driving import shaped, text


def let_go(node: cst.CSTNode, edit: Edit) -> Replacement:
    """Take the last clause of the ``try`` away, and put what is marked into ``finally``."""
    (block,) = (part for part in node.body.body if isinstance(part, cst.Try))
    return shapes.finished(node, block, shapes.remove_handler(block, block.handlers[-1]), *edit.nodes)


def unwrap(node: cst.CSTNode, edit: Edit) -> Replacement:
    """Take a ``with`` away, and put what is marked into ``finally``."""
    block = node.body.body[0]
    return shapes.finished(node, block, shapes.unwrapped(block), *edit.nodes)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "try:\n    x\nexcept E:\n    pass\ny()\n",
            "try:\n    x\nfinally:\n    y()\n",
        ),
        (
            "try:\n    x\nexcept A:\n    a\nexcept E:\n    pass\ny()\n",
            "try:\n    x\nexcept A:\n    a\nfinally:\n    y()\n",
        ),
        (
            "try:\n    x\nexcept E:\n    pass\nfinally:\n    z\ny()\n",
            "try:\n    x\nfinally:\n    z\n    y()\n",
        ),
        (
            "try:\n    x\nexcept E:\n    pass\nfinally:\n    await z\ny()\n",
            "try:\n    x\nfinally:\n    try:\n        await z\n    finally:\n        y()\n",
        ),
        (
            "u\n\n# b\ntry:\n    # c\n    x  # d\nexcept E:\n    pass\n\n# e\ny()  # f\n# g\n",
            "u\n\ntry:\n    # b\n    # c\n    x  # d\nfinally:\n    # e\n    y()  # f\n# g\n",
        ),
        (
            "try: x\nexcept E: pass\ny(); z\n",
            "try:\n    x\nfinally:\n    y()\nz\n",
        ),
    ],
)
def test_what_follows_goes_into_finally(before: str, after: str) -> None:
    before, after = (textwrap.indent(code, "    ") for code in (before, after))
    assert shaped(f"if f:\n{before}", let_go, ast.If, "Expr: y()", "Expr: y()") == f"if f:\n{after}"


def test_statements_in_place_of_the_one_are_tried() -> None:
    before = """
        if f:
            # a
            with x:  # b
                u
                v
            # c
            y()
            z()
            t
    """
    after = """
        if f:
            try:
                # a
                # b
                u
                v
            finally:
                # c
                y()
                z()
            t
    """
    assert shaped(before, unwrap, ast.If, "Expr: y()", "Expr: z()") == text(after)


def test_statements_in_another_block_are_none_behind() -> None:
    with pytest.raises(AssertionError, match="different blocks"):
        shaped("if f:\n    with x: u\n    if a: y()\n", unwrap, ast.If, "Expr: y()", "Expr: y()")
