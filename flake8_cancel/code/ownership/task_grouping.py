"""Tasks that an ``asyncio.TaskGroup`` can hold in place of the function's locals: what that repair has to know."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import BEGAN
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.holding import Hold
from flake8_cancel.code.ownership.task_making import GATHER
from flake8_cancel.code.ownership.task_uses import Use, around, names_in, use
from flake8_cancel.code.tree import TRIES, verb_of, walk

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

_HARMLESS = frozenset({Use.AWAITS, Use.LOOKS, Use.MOVES, Use.READS})
_OPTIONS = frozenset({"context", "name"})


class Grouping(NamedTuple):
    """The stretch of a block that makes tasks and waits for them.

    Attributes:
        first: its first statement.
        last: its last one.
        calls: what makes the tasks.
        coroutines: the calls of coroutine functions that are gathered with them.
    """

    first: ast.stmt
    last: ast.stmt
    calls: tuple[ast.Call, ...]
    coroutines: tuple[ast.Call, ...]


def grouping(module: Module, function: AnyFunction, holds: Sequence[Hold]) -> Grouping | None:
    """Return the stretch that a task group may stand around, None where it would change more than it should.

    The tasks are only awaited, by ``await`` or a ``gather`` that raises their errors; nothing around that takes errors,
    which would be a group of them then; and nothing is yielded in between.

    Args:
        module: the module.
        function: the function.
        holds: the tasks.
    """
    if module.facts.target < BEGAN["asyncio.TaskGroup"]:
        return None
    places: list[ast.AST] = []
    for hold in holds:
        names = names_in(module, function, hold.names)
        uses = {use(module, name, hold.names) for name in names}
        if not _is_plain(module, hold.call) or Use.AWAITS not in uses or not uses <= _HARMLESS:
            return None
        places += [hold.call, *names]
    if any(_is_taken(module, place) for place in places):
        return None
    first, last = _stretch(module, function, places)
    if first is None or last is None or _yields(function, first, last):
        return None
    made = tuple(hold.call for hold in holds)
    return Grouping(first, last, made, tuple(_gathered_with(module, made, places)))


def _gathered_with(module: Module, made: Sequence[ast.Call], places: Sequence[ast.AST]) -> Iterator[ast.Call]:
    """Yield the coroutines that stand beside some tasks in a ``gather``: what a task of them is made of, too."""
    run = {ast.dump(call.args[0].func) for call in made if isinstance(call.args[0], ast.Call)}
    gathers = dict.fromkeys(outer for place in places for outer in around(module, place) if isinstance(outer, ast.Call))
    for gather in gathers:
        for given in gather.args if module.name(gather.func) == GATHER else ():
            if not isinstance(given, ast.Call) or given in made:
                continue
            if module.kind(given) is Kind.COROUTINE or ast.dump(given.func) in run:
                yield given


def _is_plain(module: Module, call: ast.Call) -> bool:
    """Tell whether a group's ``create_task`` takes what a call is given."""
    if len(call.args) != 1 or any(one.arg not in _OPTIONS for one in call.keywords):
        return False
    word = verb_of(call)
    return word == "create_task" or module.kind(call.args[0]) is Kind.COROUTINE


def _is_taken(module: Module, place: ast.AST) -> bool:
    """Tell whether an error that leaves a place may be taken in the function, or is returned among the results."""
    child = place
    for outer in around(module, place):
        if isinstance(outer, TRIES) and outer.handlers and child in outer.body:
            return True
        if isinstance(outer, (ast.With, ast.AsyncWith)) and child in outer.body and _suppresses(module, outer):
            return True
        if isinstance(outer, ast.Call) and module.name(outer.func) == GATHER and outer.keywords:
            return True
        child = outer
    return False


def _suppresses(module: Module, node: ast.With | ast.AsyncWith) -> bool:
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    return any(module.name(call.func) == "contextlib.suppress" for call in calls)


def _stretch(
    module: Module, function: AnyFunction, places: Sequence[ast.AST]
) -> tuple[ast.stmt | None, ast.stmt | None]:
    """Return the first and the last statement of the innermost block that holds all of some places."""
    for outer in around(module, places[0]):
        for block in _blocks(outer):
            held = _holding(block, places)
            if held:
                return held
    return _holding(function.body, places) or (None, None)


def _blocks(node: ast.AST) -> Iterable[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if isinstance(block, list):
            yield block


def _holding(block: list[ast.stmt], places: Sequence[ast.AST]) -> tuple[ast.stmt, ast.stmt] | None:
    inside = [set(walk(statement)) for statement in block]
    numbers = [number for place in places for number, nodes in enumerate(inside) if place in nodes]
    if len(numbers) < len(places):
        return None
    return block[min(numbers)], block[max(numbers)]


def _yields(function: AnyFunction, first: ast.stmt, last: ast.stmt) -> bool:
    """Tell whether a function yields between two statements."""
    return any(
        isinstance(node, (ast.Yield, ast.YieldFrom)) and first.lineno <= node.lineno <= (last.end_lineno or 0)
        for node in walk(function)
    )
