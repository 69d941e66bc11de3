"""Whether what a loop goes over has elements."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.meaning.displays import is_filled, is_some_range


@pytest.mark.parametrize(
    "text",
    [
        "[x]",
        "(1, 2)",
        "{1}",
        "{1: 2}",
        "{**x, 1: 2}",
        "[*x, y]",
        "(*(), *(1,))",
        "{**{}, **{1: 2}}",
        "'abc'",
        "b'abc'",
        "range(3)",
        "range(1, 2)",
        "range(5, 0, -1)",
        "range(27670116110564327421)",
    ],
)
def test_has_elements(text: str) -> None:
    assert answer(text) is True


@pytest.mark.parametrize("text", ["[]", "()", "{}", "''", "b''", "(*(), *[])", "{**{}}", "range(0)", "range(1, 5, -1)"])
def test_has_none(text: str) -> None:
    assert answer(text) is False


@pytest.mark.parametrize(
    "text", ["x", "[*x]", "{**x}", "(*(), *x)", "x()", "f'{x}'", "range(x)", "range(1, 2, 0)", "range(*x)", "range()"]
)
def test_may_have_elements_or_not(text: str) -> None:
    assert answer(text) is None


def answer(text: str) -> bool | None:
    expression = ast.parse(text, mode="eval").body
    return is_some_range(expression.args) if isinstance(expression, ast.Call) else is_filled(expression)
