"""Where a cancellation leaves a function whose own tasks run on, and waits after which they run on anyway."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph.errors import CANCELLED_ERROR
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.programs import ends_program, runs_as_program
from flake8_cancel.code.graph.testing import has_deadline, is_fixture, is_run, is_test, runs_in_test
from flake8_cancel.code.ownership.ending_around import closed_by_callers
from flake8_cancel.code.ownership.holding import Hold, given_to, holds
from flake8_cancel.code.ownership.self_ending import ends_by_itself
from flake8_cancel.code.ownership.sweeping import sweeps
from flake8_cancel.code.ownership.task_errors import raises_errors_of_others
from flake8_cancel.code.ownership.task_making import WAIT
from flake8_cancel.code.ownership.task_uses import Use, names_in, use
from flake8_cancel.code.ownership.task_walk import Walk, uses_in
from flake8_cancel.code.tree import of_types, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


class Way(enum.Enum):
    """How a function is left while its tasks run on."""

    UNAWARE = "cancelled where it does something else"
    AWAITING = "cancelled where it awaits them one after the other"
    WATCHING = "cancelled where it only watches them"
    FAILING = "by the error of one of them"


class Orphan(NamedTuple):
    """Tasks that a cancellation, a consumer who stops, or the error of one of them leaves to themselves.

    Attributes:
        holds: the tasks, in the order in which they are made.
        place: where the function is left.
        way: how.
        clause: a handler around that ends them after a cancellation, but not after what happens here.
    """

    holds: tuple[Hold, ...]
    place: ast.AST
    way: Way
    clause: ast.ExceptHandler | None

    @property
    def made(self) -> ast.Call:
        """What makes the last of them."""
        return self.holds[-1].call


class Abandoned(NamedTuple):
    """Tasks that a wait may leave pending, and that nobody looks at any more.

    Attributes:
        holds: the tasks, in the order in which they are made.
        wait: the ``await``.
    """

    holds: tuple[Hold, ...]
    wait: ast.Await


class _Left(NamedTuple):
    holds: list[Hold]
    places: list[ast.AST]
    fails: bool


def orphans(module: Module, function: ast.AsyncFunctionDef) -> list[Orphan]:
    """Return the tasks of a function that a cancellation of it certainly leaves behind, those of one place once.

    Certain means: the function made them and holds them by its own locals alone; it waits for them, cancels them or
    hands them on where it is not cancelled; and on the way out of a cancellation nothing is done with them, or with
    what they were given.

    Args:
        module: the module.
        function: a coroutine function.
    """
    held = list(_held(module, function))
    # Behind these the tasks are forgotten anyway, which is the other mistake.
    abandoning = {wait for flow, hold in held for wait in _abandoned_at(module, flow, hold)}
    found: list[_Left] = []
    for flow, hold in reversed(held):
        if not _is_wanted(module, function, hold):
            continue
        walk = Walk(module, flow, hold)
        places, fails = _outlived(module, function, walk.places(abandoning)), False
        if not places:
            raises = partial(raises_errors_of_others, module, hold, [one for _, one in held])
            places, fails = walk.failing(raises, abandoning), True
        elif any(_is_for_errors(module, function, hold, place) for place in places):
            continue
        if ends_by_itself(module, flow, hold, places) or closed_by_callers(module, function, given_to(module, hold)):
            continue
        for left in found:
            if fails == left.fails and not set(places).isdisjoint(left.places):
                left.holds.insert(0, hold)
                break
        else:
            if places:
                found.append(_Left([hold], places, fails))
    return [_orphan(module, function, left) for left in reversed(found)]


def abandoned(module: Module, function: ast.AsyncFunctionDef) -> list[Abandoned]:
    """Return the waits of a function behind which it certainly forgets tasks of its own that need not be done.

    Args:
        module: the module.
        function: a coroutine function.
    """
    found: dict[ast.Await, list[Hold]] = {}
    for flow, hold in _held(module, function):
        for wait in _abandoned_at(module, flow, hold):
            if not ends_program(module, wait) and not sweeps(module):
                found.setdefault(wait, []).append(hold)
    return [Abandoned(tuple(left), wait) for wait, left in found.items()]


def waited_for(module: Module, found: Abandoned) -> ast.expr | None:
    """Return what a wait waits for, if it can be gone through again and all of it was made by the function.

    Args:
        module: the module.
        found: the wait.
    """
    assert isinstance(found.wait.value, ast.Call)
    waited = found.wait.value.args[0] if found.wait.value.args else None
    if waited is None:
        return None
    statement = module.parent(found.wait)
    rebound = {
        node.id for target in getattr(statement, "targets", ()) for node in walk(target) if isinstance(node, ast.Name)
    }
    if isinstance(waited, ast.Name) and waited.id in rebound:
        return None
    made = module.value(waited)
    names = frozenset[str]().union(*(hold.names for hold in found.holds))
    calls = {hold.call for hold in found.holds}
    if isinstance(made, (ast.ListComp, ast.SetComp)):
        parts = [made.elt]
    elif isinstance(made, (ast.List, ast.Set, ast.Tuple)):
        parts = made.elts
    else:
        return None
    is_own = all(part in calls or (isinstance(part, ast.Name) and part.id in names) for part in parts)
    return waited if is_own else None


def _held(module: Module, function: ast.AsyncFunctionDef) -> Iterator[tuple[Flow, Hold]]:
    """Yield the tasks of a function that may outlive it, with its graph."""
    found = list(holds(module, function))
    flow = module.flow(function) if found and not _ends_with_its_loop(module, function) else None
    if flow is not None:
        yield from ((flow, hold) for hold in found)


def _ends_with_its_loop(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether the event loop ends with a function, and with the loop all its tasks."""
    around = [function, *module.ancestors(function)]
    if runs_in_test(module, function) or any(is_test(module, one) for one in around):
        return True
    if any(is_fixture(module, one) for one in function.decorator_list):
        return True
    uses = module.uses(function)
    return bool(uses) and all(is_run(module, one) for one in uses)


def _outlived(module: Module, function: ast.AsyncFunctionDef, places: list[ast.AST]) -> list[ast.AST]:
    """Return where a cancellation leaves a function, and neither the program nor its loop ends with that."""
    if not runs_as_program(module, function):
        return places
    return [place for place in places if has_deadline(module, place)]


def _is_wanted(module: Module, function: ast.AsyncFunctionDef, hold: Hold) -> bool:
    """Tell whether a function does something with a task when nothing goes wrong: or waits until there is none."""
    if not isinstance(hold.place, ast.stmt) or hold.is_iterated:
        return True
    names = [name for name in names_in(module, function, hold.names) if not _handler(module, name)]
    return any(
        use(module, name, hold.names) in (Use.AWAITS, Use.WATCHES, Use.SETTLES)
        or isinstance(module.parent(name), ast.While)
        for name in names
    )


def _handler(module: Module, node: ast.AST) -> ast.ExceptHandler | None:
    return next((parent for parent in module.ancestors(node) if isinstance(parent, ast.ExceptHandler)), None)


def _is_for_errors(module: Module, function: ast.AsyncFunctionDef, hold: Hold, place: ast.AST) -> bool:
    """Tell whether a clause around a place ends the task for errors: there the clause is what is wrong."""
    clauses = _clauses(module, function, hold, place)
    return any(CANCELLED_ERROR not in module.names(clause.type) for clause in clauses)


def _clauses(module: Module, function: ast.AsyncFunctionDef, hold: Hold, place: ast.AST) -> list[ast.ExceptHandler]:
    """Return the handlers around a place that end a task, or hand it on."""
    around = set(module.ancestors(place))
    names = names_in(module, function, hold.names)
    settling = [_handler(module, name) for name in names if use(module, name, hold.names) is Use.SETTLES]
    return [one for one in settling if one is not None and module.parent(one) in around and one not in around]


def _orphan(module: Module, function: ast.AsyncFunctionDef, left: _Left) -> Orphan:
    hold, place = left.holds[-1], left.places[0]
    clauses = _clauses(module, function, hold, place)
    clause = next((one for one in clauses if CANCELLED_ERROR in module.names(one.type)), None)
    return Orphan(tuple(left.holds), place, _way(module, left, place), clause)


def _way(module: Module, left: _Left, place: ast.AST) -> Way:
    if left.fails:
        return Way.FAILING
    if not isinstance(place, ast.Await):
        return Way.UNAWARE
    uses = {one for hold in left.holds for one in uses_in(module, hold, place)}
    within = set(module.ancestors(place))
    if not uses & {Use.AWAITS, Use.GLANCES, Use.WATCHES} and not any(one.place in within for one in left.holds):
        return Way.UNAWARE
    watches = any(isinstance(node, ast.Call) and module.name(node.func) == WAIT for node in walk(place))
    return Way.WATCHING if watches else Way.AWAITING


def _abandoned_at(module: Module, flow: Flow, hold: Hold) -> Iterator[ast.Await]:
    """Yield the waits behind which a function may end without another look at a task that need not be done."""
    names = names_in(module, flow.function, hold.names)
    for node in of_types(flow.function, (ast.Await,)):
        if not _is_dropping(module, node):
            continue
        if Use.GLANCES not in uses_in(module, hold, node):
            continue
        before = [name for name in names if (name.lineno, name.col_offset) < (node.lineno, node.col_offset)]
        if any(use(module, name, hold.names) is Use.SETTLES for name in before):
            continue
        if Walk(module, flow, hold).forgets(node):
            yield node


def _is_dropping(module: Module, wait: ast.Await) -> bool:
    """Tell whether nobody but the function's locals gets what ``asyncio.wait`` found."""
    if not isinstance(wait.value, ast.Call) or module.name(wait.value.func) != "asyncio.wait":
        return False
    parent = module.parent(wait)
    if isinstance(parent, ast.Assign):
        targets = [one for target in parent.targets for one in walk(target)]
        return not any(isinstance(one, (ast.Attribute, ast.Subscript)) for one in targets)
    return isinstance(parent, ast.Expr)
