"""Deadlines that pass: what sets one, and which clauses its TimeoutError, or its cancellation, goes past."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph import managers
from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.graph.edges import DEADLINE, Step
from flake8_cancel.code.graph.errors import CANCELLED_ERROR, Error
from flake8_cancel.code.graph.points import CLAUSE, END, EXIT, Frame, Point, State

if TYPE_CHECKING:
    from flake8_cancel.code.graph.flow import Flow
    from flake8_cancel.code.module import Module

TIMEOUT_NAMES = frozenset({"asyncio.TimeoutError", "builtins.TimeoutError", "concurrent.futures.TimeoutError"})
# Where the deadline stands among the arguments.
_POSITIONS = {"asyncio.timeout": 0, "asyncio.timeout_at": 0, "async_timeout.timeout": 0, "asyncio.wait_for": 1}
_KEYWORDS = frozenset({"delay", "timeout", "when"})


class Missed(NamedTuple):
    """A deadline that surely goes past a clause.

    Attributes:
        setter: what sets it: the item of ``async with``, or the ``await`` of ``wait_for``.
        place: where the function waits when it passes: an expression, a statement or an item.
        leaves: whether the TimeoutError leaves the function from there.
    """

    setter: ast.AST
    place: ast.AST
    leaves: bool


def deadline(module: Module, call: ast.expr) -> ast.expr | None:
    """Return the deadline that a call of ``timeout``, ``timeout_at`` or ``wait_for`` sets, None where it sets none."""
    if not isinstance(call, ast.Call):
        return None
    position = _POSITIONS.get(module.name(call.func) or "")
    if position is None or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    given = [keyword.value for keyword in call.keywords if keyword.arg in _KEYWORDS]
    given.extend(call.args[position : position + 1])
    if not given or (isinstance(given[0], ast.Constant) and given[0].value is None):
        return None
    return given[0]


def timeout_items(module: Module, node: ast.AST) -> list[ast.withitem]:
    """Return the items of an ``async with`` that set a deadline to its block."""
    if not isinstance(node, ast.AsyncWith):
        return []
    return [
        item
        for item in node.items
        if managers.scope(module, item) == "timeout" and deadline(module, item.context_expr) is not None
    ]


def missed(module: Module, catcher: Catcher, inside: bool = False) -> Iterator[Missed]:
    """Follow each deadline that may pass in the block of a catcher, to the catcher and past it on sure edges.

    Args:
        module: the module.
        catcher: a clause of a plain ``try``, or a ``with`` item that suppresses, in a coroutine function.
        inside: whether to follow those of ``async with`` blocks around it, which are cancellations still where the
            catcher stands; else those inside it, which are TimeoutErrors by then.
    """
    function, block = module.function(catcher), module.parent(catcher)
    if not isinstance(function, ast.AsyncFunctionDef) or not isinstance(block, (ast.Try, ast.With)):
        return
    flow = module.flow(function)
    if flow is None:
        return
    statements = frozenset(block.body)

    def within(point: Point) -> bool:
        return point.node in statements or not statements.isdisjoint(module.ancestors(point.node))

    for state in flow.suspensions(within):
        for step in flow.steps(state):
            setter = _setter(state, step) if step.kind == DEADLINE and step.sure else None
            if setter is None or not _sets(module, setter):
                continue
            passing = _passing(flow, step.state, catcher, inside)
            if passing is not None:
                yield Missed(setter, state.point.node, _leaves(flow, passing))


def _setter(state: State, step: Step) -> ast.AST | None:
    """Return what set the deadline that leads from one state to another."""
    error = step.state.pending[-1].error if step.state.pending else None
    if error is None or not error.scope:
        return state.point.node
    frame: Frame | None = state.point.frame
    while frame is not None:
        if frame.kind == "with" and frame.first and frame.first.frame.number == error.scope:
            return frame.node
        frame = frame.parent
    return None


def _sets(module: Module, setter: ast.AST) -> bool:
    if isinstance(setter, ast.Await):
        return deadline(module, setter.value) is not None
    return isinstance(setter, ast.withitem) and deadline(module, setter.context_expr) is not None


def _passing(flow: Flow, start: State, catcher: Catcher, inside: bool) -> State | None:
    """Return the state in which what is in flight has come to a catcher that does not take it."""

    def arrives(state: State) -> bool:
        if state.point.kind not in (CLAUSE, EXIT) or state.point.node is not catcher:
            return False
        error = state.pending[-1].error
        return error is not None and _is_expected(error, inside)

    path = flow.walk([start], arrives)
    return None if path is None or _is_taken(flow, path[-1]) else path[-1]


def _is_taken(flow: Flow, state: State) -> bool:
    """Tell whether a catcher takes, or may take, what is in flight."""
    if state.point.kind == CLAUSE:
        return any(step.state.point is state.point.targets[0] for step in flow.steps(state))
    return not all(step.sure for step in flow.steps(state)) or not _leaves(flow, state)


def _is_expected(error: Error, inside: bool) -> bool:
    if inside:
        return error.name == CANCELLED_ERROR and bool(error.scope)
    return error.name in TIMEOUT_NAMES


def _leaves(flow: Flow, passing: State) -> bool:
    """Tell whether from a state a TimeoutError leaves the function."""

    def ends(state: State) -> bool:
        if state.point.kind != END:
            return False
        error = state.pending[-1].error
        return error is not None and error.name in TIMEOUT_NAMES

    return flow.walk([passing], ends) is not None
