"""Functions that end something and can do so but once: what a cancellation skips there is never made up for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.releases import after, lets_out, passes
from flake8_cancel.code.cleanup.taking import statements_of
from flake8_cancel.code.graph.edges import CANCELLED, DEADLINE, NEXT, RAISED
from flake8_cancel.code.verbs import ends

if TYPE_CHECKING:
    from flake8_cancel.code.graph.flow import Flow
    from flake8_cancel.code.graph.points import State
    from flake8_cancel.code.module import Module

_KINDS = frozenset({NEXT, CANCELLED, DEADLINE, RAISED})
# The methods of events and futures that set what ``is_set()`` and ``done()`` ask for, or take it back.
_TELLS = {"clear": False, "set": True, "set_result": True}
_WITHS = (ast.With, ast.AsyncWith)


class Door(NamedTuple):
    """How a function keeps out whoever calls it again: ``if self._closed: return``, ``if self._conn: ...``.

    Attributes:
        block: what nobody comes to who is kept out; it ends with the block.
        begin: the last line of what asks.
        shutting: what shuts the door: ``self._closed = True``.
        opening: what opens it again, or may.
    """

    block: list[ast.stmt]
    begin: int
    shutting: frozenset[ast.stmt]
    opening: frozenset[ast.stmt]


def doors(module: Module, function: ast.AsyncFunctionDef) -> list[Door]:
    """Return the doors of a function that is there to end something, and is done for good when one is shut.

    Args:
        module: the module.
        function: a coroutine function.
    """
    if not ends(function.name, module.facts):
        return []
    asked = [(guard, *flag) for guard in _guards(function.body) for flag in _flags(module, guard.test)]
    stores = list(_stores(module, function)) if asked else []
    found = []
    for guard, flag, truth in asked:
        is_left = isinstance(guard.body[-1], ast.Return)
        kept_out = truth if is_left else not truth
        telling = [(statement, told is kept_out) for statement, name, told in stores if name == flag]
        shutting = frozenset(statement for statement, shuts in telling if shuts)
        opening = frozenset(statement for statement, shuts in telling if not shuts)
        if shutting and is_left:
            found.append(Door(function.body, guard.end_lineno or 0, shutting, opening))
        elif shutting:
            found.append(Door(guard.body, guard.test.end_lineno or 0, shutting, opening))
    return found


def stays_shut(flow: Flow, state: State, found: Iterable[Door]) -> bool:
    """Tell whether a function that is cancelled at a state is never gone on with: one of its doors is shut then.

    Args:
        flow: the graph of the function.
        state: where it is suspended.
        found: its doors.
    """
    for door in found:
        is_shut = passes(door.shutting)
        node = state.point.node
        place = node.context_expr if isinstance(node, ast.withitem) else node
        if getattr(place, "lineno", 0) <= door.begin or _opens_again(flow, state, door):
            continue
        if _is_behind(flow, state, door) or not lets_out(flow, state, is_shut):
            return True
    return False


def _opens_again(flow: Flow, state: State, door: Door) -> bool:
    """Tell whether a cancellation that comes in at a state opens a door on its way out."""
    goes_to = [step.state for step in flow.steps(state) if step.kind == CANCELLED]
    return flow.walk(goes_to, passes(door.opening)) is not None


def _is_behind(flow: Flow, state: State, door: Door) -> bool:
    """Tell whether every way to a state passes what shuts a door, and none that goes on from what opens it does not."""

    def is_here(other: State) -> bool:
        return other == state

    is_shut = passes(door.shutting)
    open_again = [one for statement in door.opening for one in after(flow, statement)]
    is_reached = flow.walk([flow.start], is_here, kinds=_KINDS)
    return is_reached is not None and not flow.walk([flow.start, *open_again], is_here, is_shut, _KINDS)


def _guards(block: Iterable[ast.stmt]) -> Iterator[ast.If]:
    """Yield what returns at once where something is so, or does something only then, under a lock too."""
    for statement in block:
        if isinstance(statement, ast.If) and (isinstance(statement.body[-1], ast.Return) or not statement.orelse):
            yield statement
        elif isinstance(statement, _WITHS):
            yield from _guards(statement.body)


def _flags(module: Module, test: ast.expr, truth: bool = True) -> Iterator[tuple[str, bool]]:
    """Yield the attributes that a test asks for, and whether it asks for their truth."""
    match test:
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from _flags(module, part, truth)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            yield from _flags(module, inner, not truth)
        case ast.Compare(left=asked, ops=[ast.Is()], comparators=[ast.Constant(value=None)]) if truth:
            yield from _flags(module, asked, False)
        case ast.Call(func=ast.Attribute(value=asked, attr="done" | "is_set"), args=[]):
            yield from ((f"{flag}()", told) for flag, told in _flags(module, asked, truth))
        case ast.Attribute():
            reference = module.reference(test)
            if reference:
                yield reference, truth


def _stores(module: Module, function: ast.AsyncFunctionDef) -> Iterator[tuple[ast.stmt, str, bool | None]]:
    """Yield what a function binds or tells, and whether that is certainly true or false."""
    for statement in statements_of(function):
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=told, attr=verb))) if verb in _TELLS:
                reference = module.reference(told)
                if reference:
                    yield statement, f"{reference}()", _TELLS[verb]
                if reference and verb == "clear":
                    # What is empty is false.
                    yield statement, reference, False
        if not isinstance(statement, ast.Assign):
            continue
        for target in statement.targets:
            for one, value in _pairs(target, statement.value):
                reference = module.reference(one)
                if reference:
                    yield statement, reference, bool(value.value) if isinstance(value, ast.Constant) else None
                    yield statement, f"{reference}()", None


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield what an assignment binds to what, of ``conn, self._conn = self._conn, None`` both."""
    match target, value:
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            yield from zip(targets, values, strict=True)
        case ast.Tuple(elts=targets), _:
            yield from ((one, value) for one in targets)
        case _:
            yield target, value
