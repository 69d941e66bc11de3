"""Cleanup that only an ``except`` clause does: what it gives back, how that was taken, who misses it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import Facts
from flake8_cancel.code.certain import is_empty_record
from flake8_cancel.code.edges import NEXT
from flake8_cancel.code.errors import BASE_EXCEPTION, CANCEL, EXCEPTION, NO, catches
from flake8_cancel.code.flow import Flow
from flake8_cancel.code.points import ASYNC_EXIT, CLAUSE, RAISE, STEP, STOP, SUSPEND, YIELD, Frame, State
from flake8_cancel.code.releases import after, any_of, handed_to_with, lets_out, passes, statement_states
from flake8_cancel.code.taking import (
    COUNT,
    ENTRY,
    MADE,
    METHOD,
    Act,
    Key,
    gives_back,
    givings,
    key,
    mentions,
    own_statements,
    root,
    takings,
)
from flake8_cancel.code.values import Kind
from flake8_cancel.code.verbs import ends, ends_argument, opens, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_TIMEOUTS = frozenset({"builtins.TimeoutError", "asyncio.TimeoutError"})
_STACKS = frozenset({"callback", "enter_async_context", "enter_context", "push", "push_async_callback"})
_PLACES = frozenset({SUSPEND, ASYNC_EXIT, YIELD})
RAISES, LEAVES, GOES_ON = "raises", "leaves", "goes on"


class Missed(NamedTuple):
    """A cleanup that a cancellation misses.

    Attributes:
        handler: the clause that does it.
        giving: what the handler gives back.
        path: the places that the cancellation passed, each with a few words.
        way_out: RAISES where every path of the handler raises, LEAVES where one returns, GOES_ON where one goes on.
    """

    handler: ast.ExceptHandler
    giving: Act
    path: tuple[tuple[ast.AST, str], ...]
    way_out: str


class _Reason(NamedTuple):
    """Why the function is sure to owe a cleanup: what it took, the thing, where it owes it, how sure that is."""

    taking: Act | None
    thing: Key | None
    starts: list[State]
    is_own: bool


def missed_cleanups(module: Module, statement: ast.Try) -> Iterator[Missed]:
    """Yield the cleanups of the clauses of a ``try`` that a cancellation of it certainly misses.

    Of several clauses that give back the same thing the widest speaks for all.

    Args:
        module: the module.
        statement: a ``try`` statement.
    """
    function = module.function(statement)
    if not isinstance(function, ast.AsyncFunctionDef):
        return
    if any(_may_take_cancellation(module, clause) for clause in statement.handlers):
        return
    flow = module.flow(function)
    if flow is None:
        return
    found = [missed for clause in statement.handlers for missed in _of_clause(module, flow, function, clause)]
    done: set[tuple[Key | None, str]] = set()
    for missed in sorted(found, key=lambda missed: EXCEPTION not in module.names(missed.handler.type)):
        same = missed.giving.thing, missed.giving.verb
        if same not in done:
            yield missed
        done.add(same)


def _of_clause(
    module: Module, flow: Flow, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler
) -> Iterator[Missed]:
    """Yield at most one cleanup of a clause."""
    acts = [act for node in own_statements(handler.body) for act in givings(node)]
    statement = module.parent(handler)
    assert isinstance(statement, ast.Try)
    way_out = _way_out(flow, handler) if acts else RAISES
    # What merely cancels a task or a future says less about what is owed.
    for giving in sorted(acts, key=lambda act: act.verb == "cancel"):
        for reason in _reasons(module, flow, function, handler, giving):
            if not reason.is_own and not any(_is_wide(module, clause) for clause in _alike(statement, giving)):
                continue
            if way_out != RAISES and not _hands_on(function, handler, reason):
                continue
            path = _missing(flow, function, statement, giving, reason, module.facts)
            if path:
                yield Missed(handler, giving, path, way_out)
                return


def _may_take_cancellation(module: Module, clause: ast.ExceptHandler) -> bool:
    names = module.names(clause.type) if clause.type else (BASE_EXCEPTION,)
    if any(name is None or "ancel" in name for name in names):
        return True
    # What is imported from elsewhere under another name is no base of CancelledError.
    known = tuple(name for name in names if name and module.bases(name) is not None)
    return catches(CANCEL, known, module.bases) != NO


def _alike(statement: ast.Try, giving: Act) -> list[ast.ExceptHandler]:
    """Return the clauses of a ``try`` that give back the same."""
    return [
        clause
        for clause in statement.handlers
        for node in own_statements(clause.body)
        for act in givings(node)
        if (act.thing, act.verb) == (giving.thing, giving.verb)
    ]


def _is_wide(module: Module, handler: ast.ExceptHandler) -> bool:
    """Tell whether a clause takes every error, or the end of the function's own patience, which is no different."""
    return not {EXCEPTION, *_TIMEOUTS}.isdisjoint(module.names(handler.type))


def _way_out(flow: Flow, handler: ast.ExceptHandler) -> str:
    clauses = [state for state in flow.every_state() if state.point.kind == CLAUSE and state.point.node is handler]
    entries = [State(state.point.targets[0], state.pending) for state in clauses]
    leaving = {node for node in own_statements(handler.body) if isinstance(node, (ast.Raise, ast.Return))}

    def jumps(state: State) -> bool:
        return state.point.kind in (RAISE, STOP) or (state.point.kind == STEP and state.point.node in leaving)

    if flow.walk(entries, lambda state: not _is_inside(state, handler), avoid=jumps):
        return GOES_ON
    return LEAVES if any(isinstance(node, ast.Return) for node in leaving) else RAISES


def _is_inside(state: State, handler: ast.ExceptHandler) -> bool:
    frame: Frame | None = state.point.frame
    while frame is not None:
        if frame.node is handler and frame.kind == "clause":
            return True
        frame = frame.parent
    return False


# --- why a cleanup is owed -----------------------------------------------------------------------------------------


def _reasons(
    module: Module, flow: Flow, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, giving: Act
) -> Iterator[_Reason]:
    before = [
        act
        for node in own_statements(function.body)
        if (node.end_lineno or 0) < handler.lineno
        for act in takings(node)
    ]
    if giving.form == METHOD and root(giving.call) == "self" and module.started_only_as_task(function):
        # Who cancels the task owns what it works on, and cleans that up himself; its entries and counts he cannot know.
        before = [act for act in before if act.form != METHOD]
    looped = _looped_over(function, handler, giving)
    for taking in before:
        if gives_back(giving, taking, module.facts) and not _cancels_a_future(module, giving):
            thing = taking.thing if taking.form != METHOD else giving.thing
            begins = taking.form == METHOD and opens(taking.verb)
            starts = statement_states(flow, taking.node) if begins else after(flow, taking.node)
            if is_empty_record(module, taking):
                starts = _fillings(flow, function, handler, taking)
            yield _Reason(taking, thing, starts, True)
        elif taking.form == MADE and taking.thing in looped and ends(giving.verb, module.facts):
            yield _Reason(taking, taking.thing, after(flow, taking.node), True)
    if giving.form != METHOD or not ends(giving.verb, module.facts):
        return
    for taking in before:
        if (taking.form, taking.thing, taking.result) == (METHOD, giving.thing, None) and opens(taking.verb):
            yield _Reason(taking, giving.thing, statement_states(flow, taking.node), False)
    is_own = giving.thing in (None, key(ast.Name("self")))
    if (is_own and opens(function.name) and not module.started_only_as_task(function)) or words(giving.verb)[
        0
    ] == "abort":
        yield _Reason(None, giving.thing, [flow.start], False)


def _fillings(flow: Flow, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, taking: Act) -> list[State]:
    """Return where something may first have been put into a record: it owes no cleanup before."""
    return [
        state
        for node in own_statements(function.body)
        if (taking.node.end_lineno or 0) < node.lineno < handler.lineno and not hasattr(node, "body")
        if any(key(part) == taking.thing for part in ast.walk(node) if isinstance(part, ast.expr))
        for state in after(flow, node)
    ]


def _cancels_a_future(module: Module, giving: Act) -> bool:
    """Tell whether nothing is owed: a future that nobody cancels keeps nothing alive."""
    func = giving.call.func if giving.call else None
    return giving.verb == "cancel" and isinstance(func, ast.Attribute) and module.kind(func.value) is Kind.FUTURE


def _looped_over(function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, giving: Act) -> set[Key]:
    """Return what a loop in the handler takes the thing from: a collection, and what was put there when it was made."""
    loops = [
        key(node.iter)
        for node in own_statements(handler.body)
        if isinstance(node, (ast.For, ast.AsyncFor)) and key(node.target) == giving.thing
    ]
    displays = [
        node.value.elts
        for node in own_statements(function.body)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, (ast.List, ast.Tuple))
        and key(node.targets[0]) in loops
    ]
    return {*loops, *(key(element) for elements in displays for element in elements)}


def _hands_on(function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, reason: _Reason) -> bool:
    """Tell whether the function makes a local thing that it gives to its caller when nothing fails."""
    if reason.taking is not None and reason.taking.form in (COUNT, ENTRY):
        # What counts or is registered outlives the function, however it ends.
        return reason.thing is not None and reason.thing[0] == "Attribute"
    if reason.taking is None or reason.taking.form != MADE or reason.thing is None or reason.thing[0] != "Name":
        return False
    inside = set(own_statements(handler.body))
    return any(
        isinstance(node, ast.Return) and node not in inside and mentions(node.value, reason.thing)
        for node in own_statements(function.body)
    )


# --- where it is missed --------------------------------------------------------------------------------------------


def _missing(
    flow: Flow, function: ast.AsyncFunctionDef, statement: ast.Try, giving: Act, reason: _Reason, facts: Facts
) -> tuple[tuple[ast.AST, str], ...]:
    """Return the way of a cancellation inside the ``try`` that leaves the function without the cleanup."""
    if reason.thing and _is_stacked(function, reason.thing):
        return ()
    is_release = any_of(passes(_doing(function, giving, reason.thing, facts)), handed_to_with(reason.thing))
    body = {node for part in statement.body for node in ast.walk(part)}

    def leaks(state: State) -> bool:
        point = state.point
        # The yield of a context manager raises the cancellation of its body.
        return point.kind in _PLACES and point.node in body and lets_out(flow, state, is_release)

    way = flow.walk(reason.starts, leaks, avoid=is_release, kinds=frozenset({NEXT}))
    if way is None:
        return ()
    place = way[-1].point.node
    taken = reason.taking.node if reason.taking else None
    first = () if taken is None or place in set(ast.walk(taken)) else ((taken, "taken here"),)
    return (*first, (place, "cancelled here"))


def _doing(function: ast.AsyncFunctionDef, giving: Act, thing: Key | None, facts: Facts) -> set[ast.stmt]:
    """Return the statements that do this cleanup, or one that includes it."""
    return {
        node for node in own_statements(function.body) for act in givings(node) if _includes(act, giving, thing, facts)
    }


def _includes(act: Act, giving: Act, thing: Key | None, facts: Facts) -> bool:
    if act.verb == giving.verb and act.thing == giving.thing:
        return True
    if act.form != METHOD:
        return act.form == giving.form and act.thing == thing
    if thing is not None and act.thing == thing and ends(act.verb, facts):
        return True
    if thing is not None and thing in act.given and ends_argument(act.verb, facts):
        return True
    return root(act.call) == "self" == root(giving.call) and ends(act.verb, facts)


def _is_stacked(function: ast.AsyncFunctionDef, thing: Key) -> bool:
    """Tell whether an exit stack takes the thing."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _STACKS
        and any(mentions(argument, thing) for argument in node.args)
        for node in ast.walk(function)
    )
