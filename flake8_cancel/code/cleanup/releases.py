"""Where a release is skipped: from what was taken, over a cancellation, out of the function, past every release."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import Facts
from flake8_cancel.code.cleanup.certain import given_elsewhere, is_certain, is_lock_pair
from flake8_cancel.code.cleanup.contradicting import contradicting
from flake8_cancel.code.cleanup.ended_by_helper import is_ended_inside
from flake8_cancel.code.cleanup.passed_clauses import is_in_passed_clause
from flake8_cancel.code.cleanup.related import givings_of, touching
from flake8_cancel.code.cleanup.taking import (
    MADE,
    METHOD,
    Act,
    Key,
    gives_back,
    givings,
    key,
    lowered_flag,
    mentions,
    owners,
    raised_flag,
    statements_of,
    taken_out,
    takings,
)
from flake8_cancel.code.graph import managers
from flake8_cancel.code.graph.edges import CANCELLED, NEXT
from flake8_cancel.code.graph.flow import Flow, cancelled_pending
from flake8_cancel.code.graph.interrupted import is_interruptible
from flake8_cancel.code.graph.points import ASYNC_EXIT, END, STEP, SUSPEND, Frame, State
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import ends, ends_argument, may_give

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

Releases = Callable[[State], bool]


def passes(statements: Collection[ast.AST]) -> Releases:
    """Return a question: is one of these statements reached here?"""
    return lambda state: state.point.kind == STEP and state.point.node in statements


def handed_to_with(thing: Key | None) -> Releases:
    """Return a question: does a ``with`` statement take charge of a thing here, or end with it?"""

    def takes_charge(state: State) -> bool:
        item = state.point.node
        if thing is None or not isinstance(item, ast.withitem):
            return False
        return mentions(item.context_expr, thing) or mentions(item.optional_vars, thing)

    return takes_charge


def any_of(*questions: Releases) -> Releases:
    """Return a question: is one of these true?"""
    return lambda state: any(question(state) for question in questions)


def statement_states(flow: Flow, statement: ast.stmt) -> list[State]:
    """Return the states in which a statement begins, with no cancellation pending."""
    return [state for state in flow.beginnings(statement) if not cancelled_pending(state)]


def after(flow: Flow, statement: ast.stmt) -> list[State]:
    """Return the states just behind a statement when it has done its work, begun with no cancellation pending."""
    return behind(flow, statement, statement_states(flow, statement))


def behind(flow: Flow, statement: ast.stmt, begun: Iterable[State]) -> list[State]:
    """Return the states just behind a statement when it has done its work, from some in which it begins."""
    inside = set(walk(statement))
    found: dict[State, None] = {}
    seen = dict.fromkeys(begun)
    waiting = list(seen)
    for state in waiting:
        for step in flow.steps(state):
            if not step.sure or step.kind != NEXT:
                continue
            if step.state.point.node not in inside:
                found[step.state] = None
            elif step.state not in seen:
                seen[step.state] = None
                waiting.append(step.state)
    return list(found)


def skipped(
    module: Module, flow: Flow, starts: Iterable[State], is_release: Releases, things: Collection[Key | None] = ()
) -> ast.AST | None:
    """Return a place where a cancellation leaves the function without a release, None where every one meets a release.

    Args:
        module: the module.
        flow: the graph of a function in it.
        starts: where the thing is held.
        is_release: tells the states in which it is given back.
        things: what is held, if a helper may give that back too.
    """

    def leaks(state: State) -> bool:
        if not is_place(module, state) or any(is_ended_inside(module, state.point.node, thing) for thing in things):
            return False
        return lets_out(flow, state, is_release)

    path = flow.walk(starts, leaks, avoid=is_release)
    return path[-1].point.node if path else None


def is_place(module: Module, state: State) -> bool:
    """Tell whether a first cancellation may well come in here, and no cleanup is under way.

    Leaving a lock or a timeout does not suspend, and of unknown managers nobody knows: of all ends of ``async with``
    only those of task groups count.
    """
    point = state.point
    if cancelled_pending(state) or any(frame.kind == "final" for frame in frames(state)):
        return False
    if point.kind == ASYNC_EXIT:
        assert isinstance(point.node, ast.withitem)
        return managers.scope(module, point.node) == "group"
    return point.kind == SUSPEND and is_interruptible(module, point.node, converted=True)


def frames(state: State) -> Iterator[Frame]:
    """Yield the frames around a state, from the inside out."""
    frame: Frame | None = state.point.frame
    while frame is not None:
        yield frame
        frame = frame.parent


def lets_out(flow: Flow, state: State, is_release: Releases) -> bool:
    """Tell whether a cancellation that comes in at a state leaves the function without a release."""
    goes_to = [step.state for step in flow.steps(state) if step.sure and step.kind == CANCELLED]
    return flow.walk(goes_to, is_end, avoid=is_release) is not None


def is_end(state: State) -> bool:
    """Tell whether the function is left here."""
    return state.point.kind == END


def ends_normally(state: State) -> bool:
    """Tell whether the function is left here without an exception."""
    return state.point.kind == END and state.pending[-1].kind != "raise"


# --- what a function takes and gives back itself ---------------------------------------------------------------------


class Skip(NamedTuple):
    """A release that a cancellation skips.

    Attributes:
        taking: what takes the thing.
        giving: the release.
        place: where the cancellation comes in.
        releases: all statements that give the thing back.
    """

    taking: Act
    giving: Act
    place: ast.AST
    releases: tuple[ast.stmt, ...]


def skipped_releases(module: Module, function: ast.AsyncFunctionDef) -> Iterator[Skip]:
    """Yield the releases of a function that a cancellation certainly skips, each once.

    Certain means: whatever way the function ends without an exception, it gives the thing back itself, and nobody else
    holds the thing.
    """
    statements = list(statements_of(function))
    given = [
        act
        for node in statements
        for act in (*givings(node), *lowered_flag(node))
        # Most calls give nothing back, and what is left is compared with all that is taken.
        if act.form != METHOD or may_give(act.verb, module.facts)
    ]
    given_out = [act for node in statements for act in taken_out(node)]
    if not given and not given_out:
        return
    done: set[ast.stmt] = set()
    # Of a call that is one of a pair and makes something too, the pair says more.
    taken = [act for node in statements for act in (*takings(node), *raised_flag(node))]
    taken.sort(key=lambda act: act.form == MADE)
    related = touching(given)
    for taking in taken:
        giving = [
            act
            for act in (
                *related.get(taking.thing, ()),
                *(one for one in given_out if one.node.lineno > taking.node.lineno),
            )
            if gives_back(act, taking, module.facts) and is_certain(module, function, taking, act)
        ]
        if not giving or any(is_in_passed_clause(module, act.node) for act in giving):
            continue
        flow = module.flow(function)
        skip = _skip(module, flow, taking, giving) if flow else None
        if flow and skip and skip.giving.node not in done and not _is_its_way(flow, skip):
            done.add(skip.giving.node)
            yield skip


def _is_its_way(flow: Flow, skip: Skip) -> bool:
    """Tell whether a function takes the cancellation itself, and ends without giving back: as it means to."""
    states = flow.suspensions(lambda point: point.node is skip.place)
    cancelled = [state for _, state in flow.cancelled(states)]
    return flow.walk(cancelled, ends_normally, avoid=passes(skip.releases)) is not None


def held_lock(module: Module, function: ast.AsyncFunctionDef, statement: ast.stmt) -> Skip | None:
    """Return the release of a lock that a cancellation skips, when a statement acquires a lock.

    Args:
        module: the module.
        function: the function around the statement.
        statement: what may be ``await lock.acquire()``.
    """
    for taking in takings(statement):
        if taking.verb != "acquire":
            continue
        giving = [act for act in givings_of(function).get(taking.thing, ()) if is_lock_pair(taking, act)]
        flow = module.flow(function) if giving else None
        if flow is None or given_elsewhere(module, function, taking, giving[0]):
            continue
        return _skip(module, flow, taking, giving)
    return None


def _skip(module: Module, flow: Flow, taking: Act, giving: list[Act]) -> Skip | None:
    starts = after(flow, taking.node)
    nodes = {act.node for act in giving}
    asked = [key(parent.test) for parent in module.ancestors(taking.node) if isinstance(parent, ast.If)]
    match taking.node:
        case ast.Assign(value=ast.BoolOp(op=ast.Or(), values=[there, _])):
            asked.append(key(ast.UnaryOp(ast.Not(), there)))
    asking = {guard for node in nodes for guard in guards(module, node, taking.thing, asked)}
    apart = set(contradicting(module, taking.node))
    is_release = any_of(passes(nodes | asking | apart), handed_to_with(taking.thing))
    first = flow.walk(starts, passes(nodes))
    is_certain_to_come = first is not None and len(starts) == 1 and flow.is_only_way(first)
    if not is_certain_to_come and flow.walk(starts, ends_normally, avoid=is_release):
        return None
    related = givings_of(flow.function)
    things = {taking.result, *owners(taking.thing), *taking.given} - {None}
    acts = (act for thing in things for act in related.get(thing, ()))
    others = {act.node for act in acts if may_give_back(act, taking, module.facts)}
    place = skipped(module, flow, starts, any_of(is_release, passes(others)), [taking.thing]) if first else None
    if first is None or place is None:
        return None
    reached = first[-1].point.node
    return Skip(taking, next(act for act in giving if act.node is reached), place, tuple(nodes))


def guards(module: Module, release: ast.stmt, thing: Key | None, asked: Collection[Key] = ()) -> Iterator[ast.stmt]:
    """Yield the ``if`` statements around a release that only ask whether there is anything to be given back.

    Args:
        module: the module.
        release: the statement that gives back.
        thing: what it gives back.
        asked: further conditions that say whether there is.
    """
    inside: ast.AST = release
    for parent in module.ancestors(release):
        if isinstance(parent, _FUNCTIONS):
            return
        if isinstance(parent, ast.If) and inside in parent.body and _asks(parent.test, asked, thing):
            yield parent
        inside = parent


def _asks(test: ast.expr, asked: Collection[Key], thing: Key | None) -> bool:
    if key(test) in asked:
        return True
    return mentions(test, thing) and not any(isinstance(node, ast.Await) for node in walk(test))


def may_give_back(giving: Act, taking: Act, facts: Facts) -> bool:
    """Tell whether a statement may well include giving back: it ends what the thing belongs to, or is given it."""
    if giving.form != METHOD:
        return giving.form == taking.form and giving.thing == taking.thing
    if any(thing in giving.given for thing in (taking.thing, taking.result, *taking.given)):
        return ends_argument(giving.verb, facts)
    # What a thing was made of is closed in its stead.
    wider = (*owners(taking.thing), *(taking.given if taking.form == MADE else ()))
    return giving.thing is not None and giving.thing in wider and ends(giving.verb, facts)
