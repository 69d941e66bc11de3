"""Answers to questions that come back to themselves: whole where they are kept, and not asked for again and again."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from flake8_cancel.code.meaning.answers import Answers
from flake8_cancel.code.meaning.values import NOTHING, Kind, Known, joined

_TASK, _LOCK = Known(Kind.TASK), Known(Kind.LOCK)


class _Asker:
    """Answers with what a node has of its own and what those say that it leads to, and counts the questions."""

    def __init__(self, leads_to: Mapping[str, Sequence[str]], own: Mapping[str, Known]) -> None:
        self._nodes = {name: ast.Name(name) for name in leads_to}
        self._leads_to = leads_to
        self._own = own
        self._answers = Answers()
        self.asked = 0

    def get(self, name: str) -> Known | None:
        return self._answers.get(self._nodes[name], self._ask)

    def _ask(self, node: ast.AST) -> Known | None:
        assert isinstance(node, ast.Name)
        self.asked += 1
        return joined((self._own.get(node.id, NOTHING), *map(self.get, self._leads_to[node.id])))


def test_a_circle_is_what_its_members_are() -> None:
    for first in "abc":
        asker = _Asker({"a": "b", "b": "c", "c": "a"}, {"b": _TASK})
        assert [asker.get(name) for name in (first, "a", "b", "c")] == [_TASK] * 4


def test_what_was_left_out_is_asked_again() -> None:
    asker = _Asker({"a": "bc", "b": "a", "c": ""}, {"c": _TASK})
    assert asker.get("a") == _TASK
    # For "a" it was asked without "a", and was nothing.
    assert asker.get("b") == _TASK


def test_what_holds_is_not_asked_again() -> None:
    asker = _Asker({"a": "bb", "b": "c", "c": "b"}, {"c": _LOCK})
    assert asker.get("a") == _LOCK
    # The circle of two is whole when "b" is, whoever asked for it; "c" was told without "b".
    assert asker.asked == 3
    assert asker.get("b") == _LOCK
    assert asker.asked == 3


def test_many_circles_cost_no_more_than_their_members() -> None:
    names = [f"n{number}" for number in range(40)]
    beside = {
        name: [*names[number + 1 : number + 2] * 2, *names[max(number - 1, 0) : number]]
        for number, name in enumerate(names)
    }
    asker = _Asker(beside, {"n39": _TASK})
    assert asker.get("n0") == _TASK
    assert asker.asked == len(names)


def test_a_question_too_large_has_no_answer() -> None:
    names = [f"n{number}" for number in range(100)]
    chain = {name: names[number + 1 : number + 2] for number, name in enumerate(names)}
    asker = _Asker(chain, {"n99": _TASK})
    assert asker.get("n0") is None
    assert asker.get("n60") == _TASK
