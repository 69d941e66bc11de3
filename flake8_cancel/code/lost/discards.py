"""Jumps out of a ``finally`` block: what they discard on their way, and whether they can stand behind it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import PREDICATES
from flake8_cancel.code.graph.errors import CANCEL
from flake8_cancel.code.graph.points import STEP, YIELD, Frame, Point, State
from flake8_cancel.code.lost.going_on import within
from flake8_cancel.code.tree import TRIES, children, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

Jump = ast.Return | ast.Break | ast.Continue

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_JUMPS = (ast.Return, ast.Break, ast.Continue)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
# What a finally block asks to know how its try statement ended.
_ASKS = PREDICATES | {"exc_info", "exception", "expired"}
# Words that an object says of its end.
_STOPS = frozenset("aborted cancelled closed closing disconnected done finished stopped stopping".split())


class Discard(NamedTuple):
    """A cancellation that a jump discards.

    Attributes:
        block: the ``try`` statement whose ``finally`` the jump leaves.
        cancelled: the place where the cancellation comes in.
    """

    block: ast.Try
    cancelled: ast.AST


def discarded(module: Module, jump: Jump) -> Discard | None:
    """Return the cancellation that certainly meets a jump in a ``finally`` block and is discarded by it, or None.

    Args:
        module: the module.
        jump: the statement.
    """
    function = module.function(jump)
    if not isinstance(function, ast.AsyncFunctionDef):
        return None
    blocks = [block for block in _left_by(module, jump) if not _is_asked(module, jump, block)]
    flow = module.flow(function) if blocks else None
    if flow is None:
        return None
    for block in blocks:

        def inside(point: Point, block: ast.Try = block) -> bool:
            return _is_tried(point.node, block)

        def met(state: State, block: ast.Try = block) -> bool:
            return state.point.kind == STEP and state.point.node is jump and _pending(state, block)

        for state, cancelled in flow.cancelled([*flow.suspensions(inside), *flow.states(YIELD, inside)]):
            if flow.walk([cancelled], met):
                return Discard(block, state.point.node)
    return None


def can_stand_behind(jump: Jump, block: ast.Try) -> bool:
    """Tell whether a jump may stand behind its ``try`` statement: every normal path of it comes to its end."""
    if block.finalbody[-1] is not jump or not isinstance(block, ast.Try):
        return False
    parts = [*block.body, *block.orelse, *(statement for handler in block.handlers for statement in handler.body)]
    return not any(isinstance(node, _JUMPS) for node in _own_nodes(parts))


def _left_by(module: Module, jump: Jump) -> Iterator[ast.Try]:
    """Yield the ``try`` statements whose ``finally`` a jump leaves, from the inside out."""
    child: ast.AST = jump
    for around in module.ancestors(jump):
        if isinstance(around, _DEFINITIONS):
            return
        if isinstance(around, _LOOPS) and not isinstance(jump, ast.Return) and child not in around.orelse:
            return
        if isinstance(around, TRIES) and child in around.finalbody:
            yield around
        child = around


def _is_asked(module: Module, jump: Jump, block: ast.Try) -> bool:
    """Tell whether the jump is only made when a test of how the ``try`` statement ended came out in some way."""
    parts = [*block.body, *block.orelse, *block.handlers]
    touched = {reference for node in _own_nodes(parts) if (reference := _touched(module, node))}
    for test in _tests(module, jump, block):
        for node in walk(test):
            word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            if word in _ASKS or not _STOPS.isdisjoint(word.split("_")):
                return True
            if isinstance(node, (ast.Name, ast.Attribute)) and module.reference(node) in touched:
                return True
    return False


def _touched(module: Module, node: ast.AST) -> str | None:
    """Return what a node binds, or calls a method of, or puts an item into."""
    if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
        return module.reference(node)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return module.reference(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return module.reference(node.func.value)
    return None


def _tests(module: Module, jump: Jump, block: ast.Try) -> Iterator[ast.expr]:
    """Yield the conditions on which a jump is made inside the ``finally`` block."""
    child: ast.AST = jump
    for around in module.ancestors(jump):
        if isinstance(around, (ast.If, ast.While)):
            yield around.test
        elif isinstance(around, ast.Match):
            yield around.subject
        for field in ("body", "orelse", "finalbody"):
            before = getattr(around, field, None)
            if isinstance(before, list) and child in before:
                earlier = before[: before.index(child)]
                yield from (one.test for one in earlier if isinstance(one, ast.If) and _may_leave(one))
        if around is block:
            return
        child = around


def _may_leave(branch: ast.If) -> bool:
    return any(isinstance(node, (*_JUMPS, ast.Raise)) for node in _own_nodes([branch]))


def _own_nodes(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield nodes and what is inside them, without the bodies of functions and classes."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _DEFINITIONS):
            waiting.extend(children(node))


def _is_tried(node: ast.AST, block: ast.Try) -> bool:
    """Tell whether a node stands in a ``try`` statement outside of its ``finally``."""
    return within(node, [block]) and not within(node, block.finalbody)


def _pending(state: State, block: ast.Try) -> bool:
    """Tell whether the cancellation waits for the ``finally`` block of a ``try`` statement."""
    frame: Frame | None = state.point.frame
    while frame is not None:
        if frame.kind == "final" and frame.node is block:
            error = state.pending[frame.depth - 1].error
            return error is not None and error.name == CANCEL.name
        frame = frame.parent
    return False
