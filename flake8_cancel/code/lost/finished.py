"""Who asks a finished task how it ended though it may have been cancelled: done callbacks, loops over what is done."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph.errors import CANCEL, Error
from flake8_cancel.code.lost.cancellable_tasks import is_asked_of_cancelled, is_cancellable
from flake8_cancel.code.lost.flags import flags_beside_cancels, own_parts
from flake8_cancel.code.lost.guards import is_taken
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.futures import is_asked_before
from flake8_cancel.code.tree import binds, named, place, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_Callback = ast.FunctionDef | ast.Lambda

REGISTERS = "add_done_callback"
_REMOVES = "remove_done_callback"
_ASKS = frozenset({"exception", "result"})
_KNOWS = frozenset({"cancelled", "cancelling"})
_STATIC = "builtins.staticmethod"
# Decorators that leave the function as it is.
_TRANSPARENT = frozenset({"builtins.classmethod", "typing.final", "typing.override", _STATIC})
_WAIT = "asyncio.wait"
_CANCEL_OF_THREADS = Error("concurrent.futures.CancelledError")

# What ends the wait for a future or an event.
_SETTLES = frozenset({"set", "set_exception", "set_result"})


class Asking(NamedTuple):
    """A place that asks a task for its result or exception, and does not know that it was not cancelled.

    Attributes:
        call: what asks.
        task: the name that the task goes by.
        since: where the task is given the callback, or the wait of which the loop gets its tasks.
        turning: the callback, loop or comprehension that runs once for each task.
        is_wrong_way: whether it asks only those that it knows to be cancelled.
    """

    call: ast.Call
    task: ast.Name
    since: ast.Call
    turning: ast.AST
    is_wrong_way: bool = False

    @property
    def verb(self) -> str:
        """The method: ``result`` or ``exception``."""
        assert isinstance(self.call.func, ast.Attribute)
        return self.call.func.attr


def asked_by_callback(module: Module, registration: ast.Call) -> Iterator[Asking]:
    """Yield where a callback asks its task, at the first place in the file that gives it to a task.

    Args:
        module: the module.
        registration: the call of ``add_done_callback``.
    """
    callback = _callback(module, registration)
    if (
        callback is None
        or registration is not _first_registration(module, callback)
        or _is_taken_back(module, callback)
    ):
        return
    parameter = _parameter(module, registration.args[0], callback)
    flags = flags_beside_cancels(module, callback, callback)
    assert isinstance(registration.func, ast.Attribute)
    error = _CANCEL_OF_THREADS if module.kind(registration.func.value) is Kind.THREAD_FUTURE else CANCEL
    for call, task in _asks(module, callback):
        is_own = task.id == parameter and not binds(callback, task.id)
        is_asked = is_own or _is_registered_as(module, task, registration)
        if not is_asked:
            continue
        if is_asked_of_cancelled(module, call, task, callback):
            if not is_taken(module, call, error):
                yield Asking(call, task, registration, callback, True)
        elif not _knows(module, call, callback, error, flags):
            yield Asking(call, task, registration, callback)


def asked_by_loop(module: Module, loop: ast.For | ast.comprehension) -> Iterator[Asking]:
    """Yield where a loop over what ``asyncio.wait`` found done asks tasks that this file had cancelled before.

    Args:
        module: the module.
        loop: a loop, or a ``for`` of a comprehension.
    """
    if not isinstance(loop.target, ast.Name) or not module.in_coroutine(loop.iter):
        return
    wait = _wait_before(module, loop.iter)
    turning = loop if isinstance(loop, ast.For) else module.parent(loop)
    if wait is None or turning is None:
        return
    bound = [node for node in named(turning, loop.target.id) if isinstance(node.ctx, ast.Store)]
    for call, task in _asks(module, turning):
        if task.id != loop.target.id or len(bound) > 1:
            continue
        asking = Asking(call, task, wait, turning)
        if _had_cancelled(module, asking) and not _knows(module, call, turning, CANCEL):
            yield asking


class Skip(NamedTuple):
    """What to skip for a task that was cancelled.

    Attributes:
        statement: the statement above which a test and a ``return`` or ``continue`` may go.
        settles: the future that the function settles, whose waiter would else wait for ever, if there is one.
    """

    statement: ast.stmt
    settles: ast.expr | None


def to_skip(module: Module, asking: Asking) -> Skip | None:
    """Return what may be skipped for a task that was cancelled, None where nothing may.

    The statement stands in no ``try`` or ``with``, whose end would then be passed in another way, and nobody but tasks
    calls the function, who might miss what it returns. If the function settles something, it is certainly one future.
    """
    if asking.is_wrong_way or not isinstance(asking.turning, (ast.For, ast.FunctionDef)):
        return None
    settling = [node for node in walk(asking.turning) if isinstance(node, ast.Attribute) and node.attr in _SETTLES]
    future = _one_future(module, asking, settling)
    statement = _statement(module, asking)
    return Skip(statement, future) if statement and bool(settling) == bool(future) else None


def _one_future(module: Module, asking: Asking, settling: Sequence[ast.Attribute]) -> ast.expr | None:
    """Return the future that a callback settles; None where there are several, or it may be something else."""
    receivers = {module.reference(node.value) for node in settling}
    if len(receivers) != 1 or None in receivers or not isinstance(asking.turning, ast.FunctionDef):
        return None
    future = settling[0].value
    is_certain = all(node.attr != "set" and module.kind(node.value) is Kind.FUTURE for node in settling)
    is_own = isinstance(future, ast.Name) and (future.id == asking.task.id or binds(asking.turning, future.id))
    return future if is_certain and not is_own and isinstance(future, (ast.Name, ast.Attribute)) else None


def _statement(module: Module, asking: Asking) -> ast.stmt | None:
    statement: ast.stmt | None = None
    for around in module.ancestors(asking.call):
        if around is asking.turning:
            break
        if statement is None:
            statement = around if isinstance(around, ast.stmt) else None
        elif not isinstance(around, (ast.If, ast.For, ast.While, ast.Match, ast.match_case)):
            return None
    if isinstance(asking.turning, ast.FunctionDef):
        return statement if all(_is_registered(module, use) for use in module.uses(asking.turning)) else None
    return statement


def _callback(module: Module, registration: ast.Call) -> _Callback | None:
    """Return the function that a task of asyncio's surely calls when it is done."""
    method = registration.func
    if not isinstance(method, ast.Attribute) or method.attr != REGISTERS or len(registration.args) != 1:
        return None
    given = registration.args[0]
    callback = given if isinstance(given, ast.Lambda) else module.definition(given)
    if isinstance(callback, ast.FunctionDef):
        if not all(module.name(decorator) in _TRANSPARENT for decorator in callback.decorator_list):
            return None
        if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own_parts(callback)):
            return None
    elif not isinstance(callback, ast.Lambda):
        return None
    return callback if is_cancellable(module, method.value) else None


def _first_registration(module: Module, callback: _Callback) -> ast.Call | None:
    return next((call for call in module.calls(REGISTERS) if _callback(module, call) is callback), None)


def _is_taken_back(module: Module, callback: _Callback) -> bool:
    """Tell whether who cancels the tasks of a callback takes it from them first."""
    return any(
        module.definition(given) is callback
        for call in module.calls(_REMOVES)
        if (function := module.function(call)) is not None and module.cancels(function)
        for given in call.args
    )


def _parameter(module: Module, given: ast.expr, callback: _Callback) -> str:
    """Return the parameter that gets the task: those that ``partial`` fills in, and ``self``, come before it."""
    position = 0
    while isinstance(given, ast.Call):
        if any(isinstance(argument, ast.Starred) for argument in given.args):
            return ""
        position += len(given.args) - 1
        given = given.args[0]
    if isinstance(callback, ast.FunctionDef) and isinstance(module.parent(callback), ast.ClassDef):
        position += not any(module.name(decorator) == _STATIC for decorator in callback.decorator_list)
    parameters = [*callback.args.posonlyargs, *callback.args.args]
    return parameters[position].arg if position < len(parameters) else ""


def _asks(module: Module, turning: ast.AST) -> list[tuple[ast.Call, ast.Name]]:
    """Return the calls of ``result()`` and ``exception()`` of names that run where the function or loop itself does."""
    found = []
    for node in own_parts(turning):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name() as task, attr=verb), args=[]) if verb in _ASKS:
                found.append((node, task))
    return found


def _is_registered_as(module: Module, task: ast.Name, registration: ast.Call) -> bool:
    """Tell whether a name is the one task of the function around that was given the callback."""
    assert isinstance(registration.func, ast.Attribute)
    made = module.value(task)
    return isinstance(made, ast.Call) and made is module.value(registration.func.value)


def _had_cancelled(module: Module, asking: Asking) -> bool:
    """Tell whether the tasks of a loop were cancelled before they were waited for.

    Where another function cancels them, ``result()`` may be meant to end this one as the task did, as ``await`` does.
    """
    wait = asking.since
    if asking.verb == "result":
        function = module.function(wait)
        cancels = module.cancels(function) if function else []
        if not any(place(call) < place(wait) for call in cancels):
            return False
    return module.cancelled_before(asking.task, wait)


def _knows(module: Module, call: ast.Call, turning: ast.AST, error: Error, flags: Collection[str] = ()) -> bool:
    """Tell whether the place takes the error, asked before how the task ended, or was told that it is cancelled."""
    assert isinstance(call.func, ast.Attribute)
    task = call.func.value
    return is_taken(module, call, error) or is_asked_before(module, call, task, turning, _KNOWS | _ASKS, flags)


def _wait_before(module: Module, done: ast.expr) -> ast.Call | None:
    """Return the last ``asyncio.wait`` before a place of which an expression certainly is the first result."""
    function = module.function(done)
    if not isinstance(done, ast.Name) or function is None:
        return None
    given = [_wait_giving(module, node) for node in named(function, done.id) if not isinstance(node.ctx, ast.Load)]
    waits = list(filter(None, given))
    if len(waits) < len(given):
        return None
    return max((wait for wait in waits if place(wait) < place(done)), key=place, default=None)


def _wait_giving(module: Module, name: ast.Name) -> ast.Call | None:
    pair = module.parent(name)
    match module.parent(pair) if pair else None:
        case ast.Assign(targets=[ast.Tuple(elts=[first, _])], value=ast.Await(value=ast.Call() as wait)):
            return wait if first is name and module.name(wait.func) == _WAIT else None
    return None


def _is_registered(module: Module, use: ast.expr) -> bool:
    """Tell whether a function is only given to a task, or taken from it, where it is used."""
    given: ast.AST = use
    call = module.parent(given)
    while isinstance(call, ast.Call) and module.name(call.func) == "functools.partial":
        given, call = call, module.parent(call)
    if not isinstance(call, ast.Call) or given not in call.args or not isinstance(call.func, ast.Attribute):
        return False
    return call.func.attr in (REGISTERS, _REMOVES)
