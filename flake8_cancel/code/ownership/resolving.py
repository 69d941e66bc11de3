"""Who gives a future its result though the one who waits for it, when cancelled, has cancelled it too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph.errors import CANCEL, NO, Error, catches
from flake8_cancel.code.lost.flags import own_parts
from flake8_cancel.code.lost.guards import is_taken
from flake8_cancel.code.lost.keeping import is_log
from flake8_cancel.code.lost.undisturbed import never_cancelled
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.begun_behind import begins_behind, waits_for_connection_made
from flake8_cancel.code.ownership.futures import (
    handed_out,
    is_another_run,
    is_asked_before,
    is_made_inside,
    is_same,
    waits_for,
)
from flake8_cancel.code.tree import TRIES

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

RESOLVES = frozenset({"set_exception", "set_result"})
_KNOWS = frozenset({"cancelled", "done"})
_INVALID = Error("asyncio.InvalidStateError")
# Methods of a loop that call a function later, and which of their arguments that is.
_LATER = {"call_at": 1, "call_later": 1, "call_soon": 0, "call_soon_threadsafe": 0}
_SOON = frozenset({"call_soon", "call_soon_threadsafe"})
# Managers that do nothing to a future that is waited for inside.
_NEUTRAL = frozenset({Kind.CONDITION, Kind.LOCK, Kind.SEMAPHORE, Kind.TIMEOUT})
_DEADLINES = frozenset({"async_timeout.timeout", "async_timeout.timeout_at"})
_FORGETTING = frozenset({"clear", "discard", "pop", "remove"})


class Resolving(NamedTuple):
    """A place that gives a future its result or exception, and does not know that nobody cancelled it.

    Attributes:
        node: the call, or where a loop is told to call the method later.
        future: the future.
        waiter: an ``await`` whose cancellation cancels the future and leaves it where it is, or a ``return`` that gives
            the future to one who will wait for it.
        is_called: whether the method is called here.
    """

    node: ast.Call
    future: ast.expr
    waiter: ast.Await | ast.Return
    is_called: bool


def resolving(module: Module, method: ast.Attribute) -> Resolving | None:
    """Return how a method gives a result to a future that may be cancelled, None where it surely does not.

    Args:
        module: the module.
        method: an attribute, ``set_result`` or ``set_exception`` of something.
    """
    if method.attr not in RESOLVES:
        return None
    if module.kind(method.value) is not Kind.FUTURE and not module.origins(method.value):
        return None
    call = module.parent(method)
    if not isinstance(call, ast.Call):
        return None
    is_called = call.func is method
    if not is_called and not _is_called_later(module, call, method):
        return None
    if _is_prepared(module, call, method.value, is_called):
        return None
    waiters: Iterator[ast.Await | ast.Return] = chain(waits_for(module, method.value), handed_out(module, method.value))
    cancelled = (one for one in waiters if not _is_left_alone(module, one))
    waiter = next((one for one in cancelled if _may_leave(module, one, call, is_called)), None)
    return Resolving(call, method.value, waiter, is_called) if waiter else None


def _is_left_alone(module: Module, waiter: ast.Await | ast.Return) -> bool:
    """Tell whether nobody cancels a waiter; to whom a future is returned is not known, but for a helper of tests."""
    if isinstance(waiter, ast.Return):
        return module.holds_tests
    return never_cancelled(module, module.function(waiter))


def _is_called_later(module: Module, call: ast.Call, method: ast.Attribute) -> bool:
    """Tell whether a loop is told to call a method later, and nobody keeps the handle that could prevent it."""
    position = _LATER.get(call.func.attr) if isinstance(call.func, ast.Attribute) else None
    is_given = position is not None and call.args[position : position + 1] == [method]
    return is_given and isinstance(module.parent(call), ast.Expr)


def _is_prepared(module: Module, call: ast.Call, future: ast.expr, is_called: bool) -> bool:
    """Tell whether a place knows of what it does: it asks first, takes the error, or has just made the future."""
    function = module.function(call)
    if function is None:
        return True
    if not is_called:
        # Whoever asks leaves the future one turn of the loop to be cancelled in, or the time of a timer.
        return _word(call) in _SOON and is_asked_before(module, call, future, function, _KNOWS)
    if _is_taken_for_good(module, call) or is_asked_before(module, call, future, function, _KNOWS):
        return True
    if _callers_are_prepared(module, function, future):
        return True
    reference = module.reference(future)
    assignments = (node for node in own_parts(function) if isinstance(node, (ast.Assign, ast.AnnAssign)))
    made = (
        node
        for node in assignments
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if module.reference(target) == reference and node.value is not None and node.value in module.origins(node.value)
    )
    return any(not _suspends_between(node, call, function) for node in made)


def _is_taken_for_good(module: Module, call: ast.Call) -> bool:
    """Tell whether the error of a place is taken, and not by a handler that only raises it again."""
    child: ast.AST = call
    for around in module.ancestors(call):
        if isinstance(around, FUNCTIONS):
            break
        if isinstance(around, TRIES) and child in around.body:
            takers = (one for one in around.handlers if one.type is None or _may_take(module, one.type))
            taker = next(takers, None)
            if taker:
                return not isinstance(taker.body[-1], ast.Raise) or taker.body[-1].exc is not None
        child = around
    return is_taken(module, call, _INVALID)


def _may_take(module: Module, classes: ast.expr) -> bool:
    return catches(_INVALID, module.names(classes), module.bases) != NO


def _suspends_between(made: ast.stmt, call: ast.Call, function: ast.AST) -> bool:
    """Tell whether others may run, and be cancelled, after a future is made and before its maker resolves it."""
    waits = (node for node in own_parts(function) if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)))
    return any(made.lineno < wait.lineno < call.lineno for wait in waits)


def _callers_are_prepared(module: Module, function: ast.AST, future: ast.expr) -> bool:
    """Tell whether all who call a function take the error, or ask the future before they hand it over."""
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    is_given = isinstance(future, ast.Name) and any(one.arg == future.id for one in function.args.args)
    uses = module.uses(function)
    return bool(uses) and all(_is_prepared_at(module, use, is_given) for use in uses)


def _is_prepared_at(module: Module, use: ast.expr, is_given: bool) -> bool:
    call, around = module.parent(use), module.function(use)
    if not isinstance(call, ast.Call) or call.func is not use:
        return False
    if is_taken(module, call, _INVALID):
        return True
    given = [*call.args, *(keyword.value for keyword in call.keywords)] if is_given and around else []
    return any(around and is_asked_before(module, call, one, around, _KNOWS) for one in given)


def _may_leave(module: Module, waiter: ast.Await | ast.Return, call: ast.Call, is_called: bool) -> bool:
    """Tell whether a waiter that is cancelled leaves its future to the place that resolves it.

    Not when the waiter itself comes by that place only while it does not wait, or is only begun behind it, and not when
    it takes the future away.
    """
    function, around = module.function(call), module.function(waiter)
    if not (isinstance(waiter, ast.Return) or isinstance(around, ast.AsyncFunctionDef)):
        return False
    if _takes_away(module, waiter) or begins_behind(module, around, call):
        return False
    if waits_for_connection_made(module, waiter, call):
        return False
    if not is_called:
        return True
    if function is around:
        return is_another_run(module, waiter, call)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return True
    uses = module.uses(function)
    return not uses or not all(_is_run_at(module, use, function) and module.function(use) is around for use in uses)


def _is_run_at(module: Module, use: ast.expr, function: ast.AST) -> bool:
    """Tell whether a function runs where it is used: it is called, and awaited if it is a coroutine function."""
    parent = module.parent(use)
    if not isinstance(parent, ast.Call) or parent.func is not use:
        return False
    return isinstance(function, ast.FunctionDef) or isinstance(module.parent(parent), ast.Await)


def _word(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _takes_away(module: Module, waiter: ast.Await | ast.Return) -> bool:
    """Tell whether something around a waiter, or a callback of the future, may see to it when it is cancelled."""
    future = waiter.value
    assert future is not None
    if any(_is_taken_around(module, one, future) for one in (waiter, *_awaits_giving(module, waiter, future))):
        return True
    receivers = (call.func.value for call in module.calls("add_done_callback") if isinstance(call.func, ast.Attribute))
    return any(is_same(module, receiver, future) for receiver in receivers)


def _awaits_giving(module: Module, waiter: ast.AST, future: ast.expr) -> list[ast.Await]:
    """Return the awaits of the function of a waiter that give it the future that it waits for."""
    function = module.function(waiter)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return []
    is_method = isinstance(module.parent(function), ast.ClassDef)
    given = {one.arg for one in (*function.args.args[is_method:], *function.args.kwonlyargs)}
    while isinstance(future, (ast.Call, ast.Starred)):
        if isinstance(future, ast.Call) and not future.args:
            return []
        future = future.args[0] if isinstance(future, ast.Call) else future.value
    if not isinstance(future, ast.Name) or future.id not in given:
        return []
    awaits = (module.parent(call) for use in module.uses(function) if (call := module.parent(use)))
    return [one for one in awaits if isinstance(one, ast.Await)]


def _is_taken_around(module: Module, waiter: ast.AST, future: ast.expr) -> bool:
    child = waiter
    for around in module.ancestors(waiter):
        if isinstance(around, FUNCTIONS):
            break
        if isinstance(around, (ast.With, ast.AsyncWith)) and child in around.body:
            is_neutral = all(_is_neutral(module, item.context_expr) for item in around.items)
            if not is_neutral and not is_made_inside(module, future, around):
                return True
        elif isinstance(around, TRIES) and child in around.body:
            handlers = [
                handler
                for handler in around.handlers
                if handler.type is None or catches(CANCEL, module.names(handler.type), module.bases) != NO
            ]
            taking = [statement for handler in handlers for statement in handler.body]
            # Who goes on after it was cancelled may see to it there.
            if not all(isinstance(handler.body[-1], (ast.Raise, ast.Return)) for handler in handlers):
                taking.extend(_statements_after(module, around))
            if not all(_is_idle(statement) for statement in (*taking, *around.finalbody)):
                return True
        child = around
    return False


def _statements_after(module: Module, statement: ast.AST) -> Iterator[ast.stmt]:
    """Yield what may run after a statement of a function has ended."""
    child = statement
    for around in module.ancestors(statement):
        if isinstance(around, (ast.For, ast.AsyncFor, ast.While)):
            yield around
        for _, block in ast.iter_fields(around):
            if isinstance(block, list) and child in block:
                yield from block[block.index(child) + 1 :]
        if isinstance(around, FUNCTIONS):
            return
        child = around


def _is_neutral(module: Module, manager: ast.expr) -> bool:
    maker = manager.func if isinstance(manager, ast.Call) else manager
    return module.kind(manager) in _NEUTRAL or module.name(maker) in _DEADLINES


def _is_idle(statement: ast.stmt) -> bool:
    """Tell whether a statement of a handler or ``finally`` leaves the future where it is, or only forgets it.

    Whoever was cancelled gets to it in a later turn of the loop: until then others find the future.
    """
    if isinstance(statement, (ast.Raise, ast.Pass)):
        return True
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    if _forgets(statement):
        return True
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    call = statement.value
    return is_log(call) or (isinstance(call.func, ast.Attribute) and call.func.attr == "cancel")


def _forgets(statement: ast.stmt) -> bool:
    """Tell whether a statement only takes something out of where others find it."""
    match statement:
        case ast.Delete() | ast.Assign(value=ast.Constant(value=None)):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=attr))):
            return attr in _FORGETTING
        case ast.If(body=body, orelse=orelse):
            return all(map(_is_idle, (*body, *orelse)))
    return False
