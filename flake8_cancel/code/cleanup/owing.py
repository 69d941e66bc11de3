"""Why a function is sure to owe a cleanup: what it has taken itself, and from where on it holds that."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.begun_before import all_takings
from flake8_cancel.code.cleanup.collecting import collected
from flake8_cancel.code.cleanup.harmless import is_empty_record, is_harmless, is_look
from flake8_cancel.code.cleanup.reentry import is_guard
from flake8_cancel.code.cleanup.releases import after, statement_states
from flake8_cancel.code.cleanup.taking import (
    FLAG,
    MADE,
    METHOD,
    Act,
    Key,
    gives_back,
    key,
    lowered_flag,
    mentions,
    own_statements,
    raised_flag,
    root,
    statements_of,
)
from flake8_cancel.code.graph.errors import EXCEPTION, TIMEOUTS
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import State
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.traces import OWN_CALL
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import ends, opens, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_CAST = "typing.cast"


class Reason(NamedTuple):
    """Why a function is sure to owe a cleanup.

    Attributes:
        taking: what it took, None where its own name says that it opens something.
        thing: what it owes.
        starts: where it owes it.
        is_own: whether the function took just this; else only a clause for every error is sure to speak of it.
    """

    taking: Act | None
    thing: Key | None
    starts: list[State]
    is_own: bool


def reasons(
    module: Module, flow: Flow, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, giving: Act
) -> Iterator[Reason]:
    """Yield why a function owes what a handler of it gives back.

    Args:
        module: the module.
        flow: the graph of the function.
        function: the function.
        handler: the handler.
        giving: what the handler gives back.
    """
    before = [
        act
        for node in statements_of(function)
        if (node.end_lineno or 0) < handler.lineno
        for act in (*all_takings(function, node), *raised_flag(node))
    ]
    if giving.form == METHOD and root(giving.call) == "self" and runs_in_own_task(module, function):
        # Who cancels the task owns what it works on, and cleans that up himself; its entries and counts he cannot know.
        before = [act for act in before if act.form != METHOD]
    looped = _looped_over(function, handler, giving)
    for taking in before:
        # The cheap questions first: most of what a function takes is given back elsewhere, or not at all.
        is_same = gives_back(giving, taking, module.facts) and not _cancels_a_future(module, giving)
        is_one = taking.form == MADE and taking.thing in looped and ends(giving.verb, module.facts)
        if not (is_same or is_one) or not _is_owed(module, function, handler, taking, giving):
            continue
        if not is_same:
            yield Reason(taking, taking.thing, after(flow, taking.node), True)
            continue
        thing = taking.thing if taking.form != METHOD else giving.thing
        starts = _starts(flow, taking)
        if is_empty_record(module, taking):
            starts = _fillings(flow, function, handler, taking)
        yield Reason(taking, thing, starts, True)
    if giving.form != METHOD or not ends(giving.verb, module.facts):
        return
    for taking in collected(module, function, handler, giving):
        if not is_harmless(module, function, taking, giving):
            yield Reason(taking, taking.thing, after(flow, taking.node), True)
    for taking in before:
        if (taking.form, taking.thing, taking.result) == (METHOD, giving.thing, None) and opens(taking.verb):
            yield Reason(taking, giving.thing, _starts(flow, taking), False)
    if _is_left_in_the_middle(module, function, handler, giving):
        yield Reason(None, giving.thing, [flow.start], False)
    is_own = giving.thing in (None, key(ast.Name("self")))
    is_opener = is_own and opens(function.name) and not runs_in_own_task(module, function)
    # The end of the function's patience says that the other side is gone, and then there is something to be aborted.
    is_aborted = words(giving.verb)[0] == "abort" and EXCEPTION in module.names(handler.type)
    if is_opener or is_aborted:
        yield Reason(None, giving.thing, [flow.start], False)


def _is_owed(
    module: Module, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, taking: Act, giving: Act
) -> bool:
    """Tell whether anybody misses it when what was taken is not given back."""
    if (
        taking.form == FLAG
        and not is_guard(module, function, taking)
        and not _is_failure(module, function, handler, taking)
    ):
        return False
    is_cast = taking.call is not None and module.name(taking.call.func) == _CAST
    is_found = taking.form == MADE and (is_cast or is_look(taking.verb)) and not taking.awaited
    if is_found and giving.thing == taking.thing:
        return False
    if not is_wide(module, handler) and _is_kept(function, handler, taking):
        return False
    return not is_harmless(module, function, taking, giving)


def _is_kept(function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, taking: Act) -> bool:
    """Tell whether an object gets what is made before the ``try``: then a clause for one error says what that broke."""
    return taking.form == MADE and any(
        key(node.value) == taking.thing and any(root(target) == "self" for target in node.targets)
        for node in statements_of(function)
        if isinstance(node, ast.Assign) and taking.node.lineno < node.lineno < handler.lineno
    )


def _is_failure(module: Module, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, taking: Act) -> bool:
    """Tell whether a handler takes back a flag of its function, whatever the error was, and lets that out.

    Who cancels a task, or calls the method that ends all, takes the flag back himself.
    """
    is_let_out = isinstance(handler.body[-1], ast.Raise)
    if not is_let_out or EXCEPTION not in module.names(handler.type) or module.started_only_as_task(function):
        return False
    owner = module.parent(function)
    endings = [
        node
        for node in getattr(owner, "body", ())
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and ends(node.name, module.facts)
    ]
    lowered = (act.thing for ending in endings for node in own_statements(ending.body) for act in lowered_flag(node))
    return taking.thing not in lowered


def _starts(flow: Flow, taking: Act) -> list[State]:
    """Return from where on a thing is owed: from within what opens it, but an exit stack holds what is all entered."""
    is_entered = words(taking.verb)[:1] == ("enter",)
    begins = taking.form == METHOD and opens(taking.verb) and not is_entered
    return statement_states(flow, taking.node) if begins else after(flow, taking.node)


def _is_left_in_the_middle(
    module: Module, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, giving: Act
) -> bool:
    """Tell whether a handler ends, after every error, what its object holds and the ``try`` may leave in the middle.

    It is a transaction, or what the ``try`` waits for: half of what the two sides have to say may have been said.
    """
    func = giving.call.func if giving.call else None
    if func is None or func.lineno != func.end_lineno or not OWN_CALL.fullmatch(f"{ast.unparse(func)}("):
        return False
    if EXCEPTION not in module.names(handler.type) or not gives_in_any_case(module, handler, giving, giving.thing):
        return False
    if runs_in_own_task(module, function) or "cancel" in words(giving.verb):
        return False
    is_transaction = words(giving.verb)[0] == "rollback" and not giving.given
    return is_transaction or _waits_for(module, module.parent(handler), giving.thing)


def _waits_for(module: Module, statement: ast.AST | None, thing: Key | None) -> bool:
    """Tell whether the body of a ``try`` waits for a call that a thing has a part in, and it is not the object."""
    waits = (
        node
        for part in getattr(statement, "body", ())
        for node in walk(part)
        if isinstance(node, ast.Await) and module.function(node) is module.function(part)
    )
    return thing != key(ast.Name("self")) and any(mentions(one, thing) for one in waits)


def _fillings(flow: Flow, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, taking: Act) -> list[State]:
    """Return where something may first have been put into a record: it owes no cleanup before."""
    return [
        state
        for node in statements_of(function)
        if (taking.node.end_lineno or 0) < node.lineno < handler.lineno and not hasattr(node, "body")
        if any(key(part) == taking.thing for part in walk(node) if isinstance(part, ast.expr))
        for state in after(flow, node)
    ]


def _cancels_a_future(module: Module, giving: Act) -> bool:
    """Tell whether nothing is owed: a future that nobody cancels keeps nothing alive, an object keeps its tasks."""
    func = giving.call.func if giving.call else None
    if giving.verb != "cancel" or not isinstance(func, ast.Attribute):
        return False
    kind = module.kind(func.value)
    return kind is Kind.FUTURE or (kind is Kind.TASK and isinstance(func.value, ast.Attribute))


def runs_in_own_task(module: Module, function: ast.AsyncFunctionDef, around: frozenset[ast.AST] = frozenset()) -> bool:
    """Tell whether all that this file does with a function is to start it as a task, or to await it in one.

    Args:
        module: the module.
        function: the function.
        around: the functions that are asked about already.
    """
    if module.started_only_as_task(function):
        return True
    uses = module.uses(function) if function.name.startswith("_") and function not in around else ()
    waits = [module.parent(call) for use in uses if isinstance(call := module.parent(use), ast.Call)]
    return (
        bool(uses)
        and len(waits) == len(uses)
        and all(
            isinstance(wait, ast.Await)
            and isinstance(caller := module.function(wait), ast.AsyncFunctionDef)
            and runs_in_own_task(module, caller, around | {function})
            for wait in waits
        )
    )


def _looped_over(function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, giving: Act) -> set[Key]:
    """Return what a loop in the handler takes the thing from: a collection, and what was put there when it was made."""
    loops = [
        key(node.iter)
        for node in own_statements(handler.body)
        if isinstance(node, (ast.For, ast.AsyncFor)) and key(node.target) == giving.thing
    ]
    displays = [
        node.value.elts
        for node in statements_of(function)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, (ast.List, ast.Tuple))
        and key(node.targets[0]) in loops
    ]
    return {*loops, *(key(element) for elements in displays for element in elements)}


def is_wide(module: Module, handler: ast.ExceptHandler) -> bool:
    """Tell whether a clause takes every error, or the end of the function's own patience, which is no different."""
    return not {EXCEPTION, *TIMEOUTS}.isdisjoint(module.names(handler.type))


def gives_in_any_case(module: Module, handler: ast.ExceptHandler, giving: Act, thing: Key | None) -> bool:
    """Tell whether a handler gives something back in any case, or unless a test of it says that it has gone.

    Args:
        module: the module.
        handler: the handler.
        giving: what gives it back.
        thing: what is given back.
    """
    inside: ast.AST = giving.node
    for parent in module.ancestors(giving.node):
        if parent is handler:
            return True
        if not isinstance(parent, ast.If) or inside not in parent.body or not mentions(parent.test, thing):
            return False
        inside = parent
    return False
