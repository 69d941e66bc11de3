"""Keeps the answers to questions that may come back to themselves: ``tasks = tasks + [other]``."""

from __future__ import annotations

import ast
from collections.abc import Callable

from flake8_cancel.code.meaning.values import NOTHING, Known

# So many expressions are looked at, nested so deeply, to answer one question.
_MOST_STEPS = 3000
_DEEPEST = 60


class Answers:
    """Asks what expressions are, each once, as far as that is possible.

    Where a question comes back to one that is being asked, that one is left out there. The answer holds as long as the
    other is being asked, and is final when nothing was left out but the question itself.
    """

    def __init__(self) -> None:
        self._final: dict[ast.AST, Known | None] = {}
        # With the depths of the questions that were left out, a bit for each.
        self._for_now: dict[ast.AST, tuple[Known | None, int]] = {}
        # What is being asked, by its depth, and what was answered without each.
        self._asked: dict[ast.AST, int] = {}
        self._answered_without: list[list[ast.AST]] = []
        self._left_out = 0
        self._steps = 0

    def get(self, expression: ast.AST, ask: Callable[[ast.AST], Known | None]) -> Known | None:
        """Return what an expression is.

        Args:
            expression: the expression.
            ask: answers the question; it may come back here.
        """
        if expression in self._final:
            return self._final[expression]
        if expression in self._for_now:
            known, left_out = self._for_now[expression]
            self._left_out |= left_out
            return known
        if expression in self._asked:
            self._left_out |= 1 << self._asked[expression]
            return NOTHING
        if not self._asked:
            self._steps = 0
        self._steps += 1
        if self._steps > _MOST_STEPS or len(self._asked) > _DEEPEST:
            # Until another question is asked.
            self._left_out |= 1
            return None
        return self._asked_anew(expression, ask)

    def _asked_anew(self, expression: ast.AST, ask: Callable[[ast.AST], Known | None]) -> Known | None:
        depth, around = len(self._asked), self._left_out
        self._asked[expression] = depth
        self._answered_without.append([])
        self._left_out = 0
        known = ask(expression)
        del self._asked[expression]
        for other in self._answered_without.pop():
            self._for_now.pop(other, None)
        left_out = self._left_out & ~(1 << depth)
        self._left_out = around | left_out
        if not left_out:
            self._final[expression] = known
            return known
        self._for_now[expression] = known, left_out
        for each in range(depth):
            if left_out >> each & 1:
                self._answered_without[each].append(expression)
        return known
