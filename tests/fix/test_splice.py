"""A small statement becomes several lines, or goes: comments, semicolons and one-line suites."""

from __future__ import annotations

import libcst as cst
import pytest

from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.splice import Replacement
from tests.fix.driving import mend, run


def gone(node: cst.CSTNode, edit: Edit) -> Replacement:
    return cst.RemoveFromParent()


def two_calls(node: cst.CSTNode, edit: Edit) -> Replacement:
    return cst.FlattenSentinel([edit.statement("first()"), edit.statement("second()")])


def kept_and_waited(node: cst.CSTNode, edit: Edit) -> Replacement:
    return cst.FlattenSentinel([edit.statement("kept()"), edit.statement("if kept:\n    wait()\n")])


def only_if_wanted(node: cst.CSTNode, edit: Edit) -> Replacement:
    return edit.statement("if wanted:\n    new()\n")


def looped(node: cst.CSTNode, edit: Edit) -> Replacement:
    return edit.statement("for one in all:\n    new()\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("old()\n", "first()\nsecond()\n"),
        ("# a\nold()  # b\n# c\n", "# a\nfirst()  # b\nsecond()\n# c\n"),
        ("# a\nx(); old(); y()  # b\n", "# a\nx()\nfirst()\nsecond()\ny()  # b\n"),
        ("old(); y()  # b\n", "first()\nsecond()\ny()  # b\n"),
        ("x(); old()  # b\n", "x()\nfirst()  # b\nsecond()\n"),
        ("if a: old()\n", "if a:\n    first()\n    second()\n"),
        ("if a: x; old(); y  # b\n", "if a:\n    x\n    first()\n    second()\n    y  # b\n"),
        ("if a: x\nelse: old()  # b\n", "if a: x\nelse:\n    first()  # b\n    second()\n"),
        ("class A: old(); old()\n", "class A:\n    first()\n    second()\n    first()\n    second()\n"),
        ("def f():\n\tif a:\n\t\told();\n", "def f():\n\tif a:\n\t\tfirst()\n\t\tsecond()\n"),
    ],
)
def test_one_statement_becomes_two(before: str, after: str) -> None:
    assert run(before.encode(), mend("old", two_calls)).data.decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x(); old()  # b\n", "x()\nkept()  # b\nif kept:\n    wait()\n"),
        ("if a: old(); y()\n", "if a:\n    kept()\n    if kept:\n        wait()\n    y()\n"),
        ("def f():\n  old() ;\n", "def f():\n  kept()\n  if kept:\n    wait()\n"),
    ],
)
def test_one_statement_becomes_a_compound_one(before: str, after: str) -> None:
    assert run(before.encode(), mend("old", kept_and_waited)).data.decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# a\nold()  # b\n", "# a\nif wanted:\n    new()  # b\n"),
        ("# a\nx(); old()  # b\n", "# a\nx()\nif wanted:\n    new()  # b\n"),
        ("# a\nold(); y()  # b\n", "# a\nif wanted:\n    new()\ny()  # b\n"),
        ("if a: old()  # b\n", "if a:\n    if wanted:\n        new()  # b\n"),
    ],
)
def test_one_statement_gets_a_condition(before: str, after: str) -> None:
    assert run(before.encode(), mend("old", only_if_wanted)).data.decode() == after


def test_both_comments_are_kept_above_a_compound_statement() -> None:
    repaired = run(b"x()\n# a\nold()  # b\n", mend("old", looped)).data.decode()
    assert repaired == "x()\n# b\n# a\nfor one in all:\n    new()\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x()\nold()  # b\ny()\n", "x()\ny()\n"),
        ("x(); old()  # b\n", "x()  # b\n"),
        ("old(); x()\n", "x()\n"),
        ("if a: old()\n", "if a:\n    pass\n"),
        ("def f():\n    old()\n    # c\n", "def f():\n    pass\n    # c\n"),
        ("def f():\n    # a\n    old(); old()\n    x()\n", "def f():\n    x()\n"),
    ],
)
def test_a_statement_goes(before: str, after: str) -> None:
    assert run(before.encode(), mend("old", gone)).data.decode() == after
