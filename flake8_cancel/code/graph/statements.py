"""The points of simple statements: those that hold no other statement."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Protocol

from flake8_cancel.code.graph.errors import UNKNOWN, Error
from flake8_cancel.code.graph.evaluate import Evaluator, survey
from flake8_cancel.code.graph.points import BREAK, CONTINUE, LEAVE, NORMAL, RAISE, STEP, STOP, Completion, Frame, Point


class Names(Protocol):
    """What the graph asks of the module."""

    def name(self, expression: ast.expr | None) -> str | None: ...
    def names(self, expression: ast.expr | None) -> tuple[str | None, ...]: ...
    def never_returns(self, call: ast.Call, awaited: bool) -> tuple[Error, ...] | None: ...
    def suspends_at(self, item: ast.withitem, leaving: bool) -> bool: ...


class Statements:
    """Makes the points of simple statements, backwards: what comes after is given, the first point is returned.

    Args:
        names: the module around them.
        assumed: what is known of the function's parameters, see ``Evaluator``.
    """

    def __init__(self, names: Names, assumed: Mapping[str, bool]) -> None:
        self.evaluator = Evaluator(assumed)
        self._names = names

    def leave(self, node: ast.AST, frame: Frame, completion: Completion = NORMAL) -> Point:
        """End a block, normally or by a jump."""
        point = Point(LEAVE, node, frame)
        point.completion = completion
        return point

    def step(self, node: ast.stmt, frame: Frame, after: Point, *evaluated: ast.AST | None) -> Point:
        """Begin a statement: its line is reached, then its expressions are evaluated, then it goes on at ``after``."""
        for part in reversed(evaluated):
            after = self.evaluator.expression(part, frame, after)
        step = Point(STEP, node, frame, after)
        step.may_raise = survey(*evaluated).raises
        return step

    def simple(self, node: ast.stmt, frame: Frame, after: Point) -> Point:
        """Make the points of a statement that holds no other."""
        if isinstance(node, ast.Return):
            after = self._call_ends(node.value, node, frame) or self.leave(node, frame, self._returning(node))
            return self.step(node, frame, after, node.value)
        if isinstance(node, ast.Raise):
            return self.step(node, frame, self._raise(node, frame), node.exc, node.cause)
        if isinstance(node, (ast.Break, ast.Continue)):
            completion = BREAK if isinstance(node, ast.Break) else CONTINUE
            return self.step(node, frame, self.leave(node, frame, completion))
        if isinstance(node, ast.Assert):
            # A failing assertion is one more error that may leave here; what it would evaluate then may suspend too.
            failed = self._stop(node, frame, (Error("builtins.AssertionError"),))
            failed.may_raise = self.evaluator.truth(node.test) is None
            failed = self.evaluator.expression(node.msg, frame, failed)
            test = self.evaluator.condition(node.test, frame, after, failed)
            step = Point(STEP, node, frame, test)
            step.may_raise = True
            return step
        if isinstance(node, ast.Expr):
            after = self._call_ends(node.value, node, frame) or after
            return self.step(node, frame, after, node.value)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            first = [node.value, *targets] if not isinstance(node, ast.AugAssign) else [node.target, node.value]
            return self.step(node, frame, after, *first)
        if isinstance(node, ast.Delete):
            return self.step(node, frame, after, *node.targets)
        step = self.step(node, frame, after)
        step.may_raise = isinstance(node, (ast.Import, ast.ImportFrom))
        return step

    def _returning(self, node: ast.Return) -> Completion:
        known = False if node.value is None else self.evaluator.truth(node.value)
        return Completion("return", value="" if known is None else str(known).lower())

    def _call_ends(self, value: ast.expr | None, node: ast.stmt, frame: Frame) -> Point | None:
        """Return the point behind a call that never returns, or None."""
        call = value.value if isinstance(value, ast.Await) else value
        if not isinstance(call, ast.Call):
            return None
        errors = self._names.never_returns(call, call is not value)
        return None if errors is None else self._stop(node, frame, errors)

    def _stop(self, node: ast.AST, frame: Frame, errors: tuple[Error, ...]) -> Point:
        point = Point(RAISE if errors else STOP, node, frame)
        point.errors = errors
        return point

    def _raise(self, node: ast.Raise, frame: Frame) -> Point:
        point = Point(RAISE, node, frame)
        point.slots = _raised_again(node.exc, frame)
        if not point.slots and node.exc:
            point.errors = (self._error(node.exc),)
        return point

    def _error(self, raised: ast.expr | None) -> Error:
        kind = raised.func if isinstance(raised, ast.Call) else raised
        (name, *more) = self._names.names(kind) or (None,)
        return UNKNOWN if name is None or more else Error(name)


def _raised_again(raised: ast.expr | None, frame: Frame) -> tuple[int, ...]:
    """Return the indexes of the pending completions that a ``raise`` may raise again, the innermost first.

    A bare ``raise`` raises what is being handled: by the innermost handler around it, or by a finally block that an
    exception entered. ``raise e`` raises what the handler has that bound the name e; a rebinding of that name inside
    the handler is not looked for, since nobody writes it.
    """
    found = []
    around: Frame | None = frame
    while around is not None:
        node = around.node
        if raised is None and around.kind in ("clause", "star", "final"):
            found.append(around.depth - 1)
        if isinstance(raised, ast.Name) and isinstance(node, ast.ExceptHandler) and node.name == raised.id:
            return (around.depth - 1,)
        around = around.parent
    return tuple(found)
