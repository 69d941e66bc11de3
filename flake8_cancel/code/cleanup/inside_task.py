"""What is taken before a task is started, and given back nowhere but in a ``finally`` of the task itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import HARMLESS_CALLS
from flake8_cancel.code.cleanup.cancellable import is_used_once, locals_of, may_be_cancelled, root_of
from flake8_cancel.code.cleanup.certain import is_lock_pair
from flake8_cancel.code.cleanup.escapes import escapes
from flake8_cancel.code.cleanup.releases import after, ends_normally, passes
from flake8_cancel.code.cleanup.taking import (
    COUNT,
    ENTRY,
    MADE,
    METHOD,
    Act,
    Key,
    gives_back,
    givings,
    key,
    own_statements,
    root,
    statements_of,
    takings,
)
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import has_parameter, walk
from flake8_cancel.code.verbs import matches, words

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What takes a task out of a collection when it is done.
_FORGETS = frozenset({"discard", "remove"})
# Tasks have rules of their own.
_AWAITED_KINDS = frozenset({Kind.TASK, Kind.FUTURE, Kind.GATHER, Kind.SHIELD})


class Inside(NamedTuple):
    """Something that only a task gives back.

    Attributes:
        taking: what takes it, in the function that starts the task.
        start: the call that starts the task.
        giving: what gives it back, in a ``finally`` of the task.
    """

    taking: Act
    start: ast.Call
    giving: Act


def released_inside(module: Module, start: ast.Call) -> Inside | None:
    """Return what a function takes for a task that it starts, and what only that gives back, None where nothing is.

    Certain means: somebody in this file can cancel the task; nobody else gives the thing back, neither the function
    behind the start, nor a callback of the task, nor another function.

    Args:
        module: the module.
        start: a call that may start a task.
    """
    function = module.function(start)
    coroutine = _started(module, start)
    work = module.definition(coroutine.func) if coroutine else None
    if coroutine is None or not isinstance(function, _FUNCTIONS) or not isinstance(work, ast.AsyncFunctionDef):
        return None
    if work is function or work.decorator_list or is_used_once(module, function, start):
        return None
    given = list(_given_back(module, work, coroutine))
    statement = module.statement(start)
    for taking in (act for node in statements_of(function) for act in takings(node)) if given else ():
        giving = next((act for act, seen in given if _undoes(module, seen, taking)), None)
        if giving is None or not _is_owed(module, function, work, coroutine, taking):
            continue
        callbacks = [call for call in module.calls("add_done_callback") if _may_be_of(module, call, function)]
        if any(_gives_back(module, call, taking) for call in callbacks):
            continue
        if may_be_cancelled(module, function, start) and _is_left_to_the_task(module, function, taking, statement):
            return Inside(taking, start, giving)
    return None


def _is_owed(
    module: Module, function: AnyFunction, work: ast.AsyncFunctionDef, coroutine: ast.Call, taking: Act
) -> bool:
    """Tell whether nobody but the task can give a thing back."""
    if taking.form != MADE:
        return _is_shared(function, taking) and _is_alone(module, function, work, taking)
    name = root_of(taking.thing)
    is_local = taking.thing == key(ast.Name(name)) and name in locals_of(function)
    is_resource = taking.awaited and taking.call is not None and module.kind(_value(taking.node)) not in _AWAITED_KINDS
    return is_local and is_resource and not escapes(module, function, name, apart_from=coroutine)


def _value(statement: ast.stmt) -> ast.expr | None:
    return statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None


def _is_shared(function: AnyFunction, taking: Act) -> bool:
    """Tell whether a function takes something that is there before and after it: no local of its own."""
    if taking.form not in (COUNT, ENTRY, METHOD) or taking.result is not None:
        return False
    name = root(taking.call) if taking.form == METHOD else root_of(taking.thing)
    return bool(name) and name not in locals_of(function)


def _started(module: Module, start: ast.Call) -> ast.Call | None:
    """Return the call of the coroutine function that a call starts as a task."""
    if not start.args or isinstance(module.parent(start), ast.Await) or module.kind(start) is not Kind.TASK:
        return None
    return start.args[0] if isinstance(start.args[0], ast.Call) else None


def _given_back(module: Module, work: ast.AsyncFunctionDef, call: ast.Call) -> Iterator[tuple[Act, Act]]:
    """Yield what the ``finally`` blocks of a task give back, each also as whoever starts the task would write it."""
    names = [parameter.arg for parameter in (*work.args.posonlyargs, *work.args.args)]
    mapping: dict[Key, Key] = {}
    is_method = isinstance(call.func, ast.Attribute) and isinstance(module.class_around(work), ast.ClassDef)
    if is_method and names and isinstance(call.func, ast.Attribute):
        mapping[key(ast.Name(names.pop(0)))] = key(call.func.value)
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return
    mapping.update({key(ast.Name(name)): key(argument) for name, argument in zip(names, call.args, strict=False)})
    mapping.update({key(ast.Name(one.arg)): key(one.value) for one in call.keywords if one.arg})
    own = locals_of(work)
    if own & {str(name[1][1]) for name in mapping}:  # type: ignore[index]
        return
    for node in own_statements(work.body):
        for final in own_statements(node.finalbody) if isinstance(node, ast.Try) else ():
            for act in givings(final):
                if root_of(act.thing) not in own:
                    yield act, _translated(act, mapping)


def _translated(act: Act, mapping: Mapping[Key, Key]) -> Act:
    def inside(thing: object) -> object:
        if not isinstance(thing, tuple):
            return thing
        return mapping.get(thing) or tuple(map(inside, thing))

    thing, given = inside(act.thing), inside(act.given)
    assert isinstance(given, tuple)
    assert thing is None or isinstance(thing, tuple)
    return act._replace(thing=thing, given=given)


def _undoes(module: Module, giving: Act, taking: Act) -> bool:
    if "cancel" in words(giving.verb):
        return False
    if taking.form == METHOD and not is_lock_pair(taking, giving) and not matches(taking.verb, giving.verb):
        return False
    return gives_back(giving, taking, module.facts)


def _is_alone(module: Module, function: AnyFunction, work: ast.AsyncFunctionDef, taking: Act) -> bool:
    """Tell whether no third function of the file gives back what it has not taken.

    Other tasks give back what was taken for themselves.
    """
    owner = module.class_around(function) if root_of(taking.thing) == "self" else None
    for other in walk(owner or module.tree):
        if not isinstance(other, _FUNCTIONS) or other in (function, work):
            continue
        statements = list(own_statements(other.body))
        gives = any(_may_undo(module, act, taking) for node in statements for act in givings(node))
        gives = gives or any(isinstance(node, ast.Assign) and _replaces(node, taking) for node in statements)
        takes = any(
            (act.form, act.thing, act.verb) == (taking.form, taking.thing, taking.verb)
            for node in statements
            for act in takings(node)
        )
        if gives and not takes and other.name != "__init__" and not module.started_only_as_task(other):
            return False
    return True


def _may_undo(module: Module, giving: Act, taking: Act) -> bool:
    if taking.form == ENTRY:
        return giving.thing == taking.thing
    if taking.form == MADE:
        return gives_back(giving, taking, module.facts)
    return giving.thing == taking.thing and (giving.form == COUNT or _undoes(module, giving, taking))


def _replaces(node: ast.Assign, taking: Act) -> bool:
    """Tell whether an assignment makes what was taken a thing of the past: ``self._busy = 0``."""
    return any(key(target) == taking.thing for target in node.targets)


def _is_left_to_the_task(module: Module, function: AnyFunction, taking: Act, statement: ast.stmt) -> bool:
    """Tell whether the function takes, starts, and can go on from there without giving back itself."""
    flow = module.flow(function)
    if flow is None or not flow.walk(after(flow, taking.node), passes({statement})):
        return False
    given = {node for node in statements_of(function) if any(_may_undo(module, act, taking) for act in givings(node))}
    again = passes({taking.node})
    way = flow.walk(
        after(flow, statement), lambda state: ends_normally(state) or again(state), avoid=passes(given - {taking.node})
    )
    return way is not None


def _may_be_of(module: Module, registration: ast.Call, function: AnyFunction) -> bool:
    """Tell whether a callback may be of a task of a function: it is given there, or to what a helper was given."""
    around = module.function(registration)
    name = root(registration)
    is_helper = isinstance(around, _FUNCTIONS) and has_parameter(around, name)
    return around is function or (is_helper and name != "self")


def _gives_back(module: Module, registration: ast.Call, taking: Act) -> bool:
    """Tell whether a callback may give the thing back."""
    callback = registration.args[0] if registration.args else None
    if isinstance(callback, ast.Attribute) and callback.attr in _FORGETS:
        return key(callback.value) == taking.thing
    body = module.definition(callback)
    if not isinstance(body, _FUNCTIONS):
        return module.name(callback) not in HARMLESS_CALLS
    return any(_may_undo(module, act, taking) for node in own_statements(body.body) for act in givings(node)) or any(
        isinstance(node, ast.Call) and module.definition(node.func) is not None for node in walk(body)
    )
