"""Where values come from."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.meaning.sources import makes_own_task, sources
from tests.code.asking import asked


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a", ["a"]),
        ("self.a or b", ["self.a", "b"]),
        ("[a, *b]", ["a", "b"]),
        ("{1: a}", ["a"]),
        ("a if c else None", ["a"]),
        ("[f(x) for x in y]", ["f(x)"]),
        ("list(a)", ["a"]),
        ("a.pop()", ["a"]),
        ("a + b", ["a", "b"]),
        ("await asyncio.wait(a)", ["a"]),
        ("await f()", ["f()"]),
        ("set()", []),
        ("None", []),
    ],
)
def test_what_a_value_comes_from(value: str, found: list[str]) -> None:
    question = asked(f"import asyncio\nasync def g(self, a, b, c, f, y):\n    ask({value})")
    assert [ast.unparse(one) for one in sources(question.module, question.only)] == found


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("asyncio.create_task(f())", True),
        ("asyncio.get_running_loop().create_task(f())", True),
        ("group.create_task(f())", False),
        ("f()", False),
    ],
)
def test_who_makes_a_task_of_its_own(call: str, answer: bool) -> None:
    question = asked(f"import asyncio\nasync def g(f, group: asyncio.TaskGroup):\n    ask({call})")
    assert isinstance(question.only, ast.Call)
    assert makes_own_task(question.module, question.only) is answer
