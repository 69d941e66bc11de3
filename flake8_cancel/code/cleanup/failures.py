"""Cleanup that only an ``except`` clause does: what it gives back, how that was taken, who misses it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import Facts
from flake8_cancel.code.cleanup.ended_by_helper import is_ended_inside
from flake8_cancel.code.cleanup.outlasting import outlasts
from flake8_cancel.code.cleanup.owing import Reason, is_wide, reasons
from flake8_cancel.code.cleanup.releases import any_of, guards, handed_to_with, lets_out, passes
from flake8_cancel.code.cleanup.taking import (
    METHOD,
    Act,
    Key,
    givings,
    key,
    lowered_flag,
    mentions,
    own_statements,
    root,
    statements_of,
)
from flake8_cancel.code.cleanup.unarmed import is_unarmed
from flake8_cancel.code.graph.catchers import names_cancelled
from flake8_cancel.code.graph.edges import NEXT
from flake8_cancel.code.graph.errors import BASE_EXCEPTION, CANCEL, EXCEPTION, NO, catches
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.interrupted import is_interruptible
from flake8_cancel.code.graph.points import ASYNC_EXIT, CLAUSE, RAISE, STEP, STOP, SUSPEND, YIELD, Frame, State
from flake8_cancel.code.tree import verb_of, walk
from flake8_cancel.code.verbs import ends, ends_argument, may_give

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

_STACKS = frozenset({"callback", "enter_async_context", "enter_context", "push", "push_async_callback"})
_PASSING_ON = frozenset({"asyncio.gather", "asyncio.wait_for"})
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


def missed_cleanups(module: Module, statement: ast.Try) -> Iterator[Missed]:
    """Yield the cleanups of the clauses of a ``try`` that a cancellation of it certainly misses.

    Of several clauses that give back the same thing the widest speaks for all; of narrow ones the last, for a clause of
    its own would stand below it.

    Args:
        module: the module.
        statement: a ``try`` statement.
    """
    # The cheap question first: most clauses give nothing back.
    if not any(_given(clause, module.facts) for clause in statement.handlers):
        return
    function = module.function(statement)
    if not isinstance(function, ast.AsyncFunctionDef):
        return
    if any(_may_take_cancellation(module, clause) for clause in statement.handlers):
        return
    flow = module.flow(function)
    if flow is None:
        return
    found = [missed for clause in reversed(statement.handlers) for missed in _of_clause(module, flow, function, clause)]
    done: set[tuple[Key | None, str]] = set()
    for missed in sorted(found, key=lambda missed: EXCEPTION not in module.names(missed.handler.type)):
        same = missed.giving.thing, missed.giving.verb
        if same not in done and EXCEPTION not in module.names(missed.handler.type):
            *_, last = missed.handler, *_alike(statement, missed.giving)
            missed = missed._replace(handler=last, way_out=_way_out(flow, last))
        if same not in done:
            yield missed
        done.add(same)


def _of_clause(
    module: Module, flow: Flow, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler
) -> Iterator[Missed]:
    """Yield at most one cleanup of a clause."""
    acts = _given(handler, module.facts)
    statement = module.parent(handler)
    assert isinstance(statement, ast.Try)
    way_out = _way_out(flow, handler) if acts else RAISES
    # What merely cancels a task or a future says less about what is owed.
    for giving in sorted(acts, key=lambda act: act.verb == "cancel"):
        if is_unarmed(module, statement, giving) or _is_chosen_by_error(module, handler, giving):
            continue
        for reason in reasons(module, flow, function, handler, giving):
            if not reason.is_own and not any(is_wide(module, clause) for clause in _alike(statement, giving)):
                continue
            if way_out != RAISES and not outlasts(module, function, handler, giving, reason):
                continue
            path = _missing(module, flow, statement, giving, reason)
            if path:
                yield Missed(handler, giving, path, way_out)
                return


def _given(handler: ast.ExceptHandler, facts: Facts) -> list[Act]:
    acts = (act for node in own_statements(handler.body) for act in (*givings(node), *lowered_flag(node)))
    return [act for act in acts if act.form != METHOD or may_give(act.verb, facts)]


def _is_chosen_by_error(module: Module, handler: ast.ExceptHandler, giving: Act) -> bool:
    """Tell whether a handler asks its error first whether to clean up: then that only mends what this error broke."""
    inside: ast.AST = giving.node
    for parent in module.ancestors(giving.node):
        if parent is handler:
            return False
        if isinstance(parent, ast.If) and inside in parent.body and _mentions_error(parent.test, handler):
            return True
        inside = parent
    return False


def _mentions_error(test: ast.expr, handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Name) and node.id == handler.name for node in walk(test))


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


# --- where it is missed --------------------------------------------------------------------------------------------


def _missing(
    module: Module, flow: Flow, statement: ast.Try, giving: Act, reason: Reason
) -> tuple[tuple[ast.AST, str], ...]:
    """Return the way of a cancellation inside the ``try`` that leaves the function without the cleanup."""
    function = flow.function
    if reason.thing and (_is_stacked(function, reason.thing) or _is_own_choice(module, statement, reason.thing)):
        return ()
    doing = _doing(statement, function, giving, reason.thing, module.facts)
    around = set(module.ancestors(statement))
    asking = {guard for node in doing for guard in guards(module, node, reason.thing) if guard not in around}
    is_release = any_of(passes(doing | asking), handed_to_with(reason.thing))
    cancelled = {giving.thing, reason.thing} if giving.verb == "cancel" else set()
    body = {node for part in statement.body for node in walk(part)}

    def leaks(state: State) -> bool:
        point = state.point
        if point.kind not in _PLACES or point.node not in body or _cancels(module, point.node, cancelled):
            return False
        # The yield of a context manager raises the cancellation of its body.
        is_cut = point.kind != SUSPEND or (
            is_interruptible(module, point.node)
            and not _is_abstract(module, point.node)
            and not is_ended_inside(module, point.node, reason.thing)
        )
        return is_cut and lets_out(flow, state, is_release)

    way = flow.walk(reason.starts, leaks, avoid=is_release, kinds=frozenset({NEXT}))
    if way is None:
        return ()
    place = way[-1].point.node
    taken = reason.taking.node if reason.taking else None
    first = () if taken is None or place in set(walk(taken)) else ((taken, "taken here"),)
    return (*first, (place, "cancelled here"))


def _cancels(module: Module, place: ast.AST, things: Collection[Key | None]) -> bool:
    """Tell whether a cancellation goes into a task that is waited for: then the task is cancelled without a handler."""
    waited = place.value if isinstance(place, ast.Await) else None
    is_passed_on = isinstance(waited, ast.Call) and module.name(waited.func) in _PASSING_ON
    parts = waited.args if isinstance(waited, ast.Call) and is_passed_on else [waited]
    return any(key(part.value if isinstance(part, ast.Starred) else part) in things for part in parts)


def _is_abstract(module: Module, wait: ast.AST) -> bool:
    """Tell whether a method is waited for that others have yet to write: nobody knows what it opens, and whether."""
    call = wait.value if isinstance(wait, ast.Await) else None
    method = module.called(call) if isinstance(call, ast.Call) else None
    return method is not None and any(
        (module.name(decorator) or "").startswith("abc.abstract") for decorator in method.decorator_list
    )


def _doing(statement: ast.Try, function: AnyFunction, giving: Act, thing: Key | None, facts: Facts) -> set[ast.stmt]:
    """Return the statements that do this cleanup, or one that includes it."""
    return {
        node
        for node in statements_of(function)
        for act in (*givings(node), *lowered_flag(node))
        if _includes(act, giving, thing, facts) and not _is_limited(act, giving, statement)
    }


def _is_limited(act: Act, giving: Act, statement: ast.Try) -> bool:
    """Tell whether an act before a ``try`` only says how far a thing may go: ``unsubscribe(limit=1)``.

    What the ``try`` gives back as a whole was not given back yet.
    """
    is_before = act.node.lineno < statement.lineno
    return is_before and (act.verb, act.thing) == (giving.verb, giving.thing) and bool(act.given) and not giving.given


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


def _is_own_choice(module: Module, statement: ast.Try, thing: Key) -> bool:
    """Tell whether a clause further out that names the cancellation ends the thing, in its own way."""
    calls = (
        node
        for around in module.ancestors(statement)
        if isinstance(around, ast.Try)
        for clause in around.handlers
        if names_cancelled(module, clause)
        for node in walk(clause)
        if isinstance(node, ast.Call)
    )
    return any(_ends_thing(module, call, thing) for call in calls)


def _ends_thing(module: Module, call: ast.Call, thing: Key) -> bool:
    if isinstance(call.func, ast.Attribute) and key(call.func.value) == thing:
        return ends(call.func.attr, module.facts)
    verb = verb_of(call)
    return ends_argument(verb, module.facts) and any(mentions(argument, thing) for argument in call.args)


def _is_stacked(function: AnyFunction, thing: Key) -> bool:
    """Tell whether an exit stack takes the thing."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _STACKS
        and any(mentions(argument, thing) for argument in node.args)
        for node in walk(function)
    )
