"""Who gives a future its result though the one who waits for it, when cancelled, has cancelled it too."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.errors import CANCEL, NO, Error, catches
from flake8_cancel.code.flags import own_parts
from flake8_cancel.code.futures import is_asked_before, keys_of, waits_for
from flake8_cancel.code.guards import is_taken
from flake8_cancel.code.keeping import is_log
from flake8_cancel.code.scopes import FUNCTIONS
from flake8_cancel.code.values import Kind

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

RESOLVES = frozenset({"set_exception", "set_result"})
_KNOWS = frozenset({"cancelled", "done"})
_INVALID = Error("asyncio.InvalidStateError")
# Methods of a loop that call a function later, and which of their arguments that is.
_LATER = {"call_at": 1, "call_later": 1, "call_soon": 0, "call_soon_threadsafe": 0}
# Managers that do nothing to a future that is waited for inside.
_NEUTRAL = frozenset({Kind.CONDITION, Kind.LOCK, Kind.SEMAPHORE, Kind.TIMEOUT})
_DEADLINES = frozenset({"async_timeout.timeout", "async_timeout.timeout_at"})
_TRIES = (ast.Try, ast.TryStar) if hasattr(ast, "TryStar") else (ast.Try,)


class Resolving(NamedTuple):
    """A place that gives a future its result or exception, and does not know that nobody cancelled it.

    Attributes:
        node: the call, or where a loop is told to call the method later.
        future: the future.
        waiter: an ``await`` whose cancellation cancels the future and leaves it where it is.
        is_called: whether the method is called here.
    """

    node: ast.Call
    future: ast.expr
    waiter: ast.Await
    is_called: bool


def resolving(module: Module, method: ast.Attribute) -> Resolving | None:
    """Return how a method gives a result to a future that may be cancelled, None where it surely does not.

    Args:
        module: the module.
        method: an attribute, ``set_result`` or ``set_exception`` of something.
    """
    if method.attr not in RESOLVES or module.kind(method.value) is not Kind.FUTURE:
        return None
    call = module.parent(method)
    if not isinstance(call, ast.Call):
        return None
    is_called = call.func is method
    if not is_called and not _is_called_later(module, call, method):
        return None
    if is_called and _is_prepared(module, call, method.value):
        return None
    waiter = next((one for one in waits_for(module, method.value) if _may_leave(module, one, call, is_called)), None)
    return Resolving(call, method.value, waiter, is_called) if waiter else None


def _is_called_later(module: Module, call: ast.Call, method: ast.Attribute) -> bool:
    """Tell whether a loop is told to call a method later, and nobody keeps the handle that could prevent it."""
    position = _LATER.get(call.func.attr) if isinstance(call.func, ast.Attribute) else None
    is_given = position is not None and call.args[position : position + 1] == [method]
    return is_given and isinstance(module.parent(call), ast.Expr)


def _is_prepared(module: Module, call: ast.Call, future: ast.expr) -> bool:
    """Tell whether a place knows of what it does: it asks first, takes the error, or has just made the future."""
    function = module.function(call)
    if function is None or is_taken(module, call, _INVALID) or is_asked_before(module, call, function, _KNOWS):
        return True
    reference = module.reference(future)
    assignments = (node for node in own_parts(function) if isinstance(node, (ast.Assign, ast.AnnAssign)))
    return any(
        module.reference(target) == reference and isinstance(node.value, ast.Call) and _makes(module, node.value)
        for node in assignments
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    )


def _makes(module: Module, call: ast.Call) -> bool:
    return module.name(call.func) == "asyncio.Future" or getattr(call.func, "attr", "") == "create_future"


def _may_leave(module: Module, waiter: ast.Await, call: ast.Call, is_called: bool) -> bool:
    """Tell whether a waiter that is cancelled leaves its future to the place that resolves it.

    Not when the waiter itself comes by that place only while it does not wait, and not when it takes the future away.
    """
    function, around = module.function(call), module.function(waiter)
    if not isinstance(around, ast.AsyncFunctionDef) or _takes_away(module, waiter):
        return False
    if not is_called:
        return True
    if function is around:
        return False
    uses = module.uses(function) if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    return not uses or not all(_is_call(module, use) and module.function(use) is around for use in uses)


def _is_call(module: Module, use: ast.expr) -> bool:
    parent = module.parent(use)
    return isinstance(parent, ast.Call) and parent.func is use


def _takes_away(module: Module, waiter: ast.Await) -> bool:
    """Tell whether something around an await, or a callback of the future, may see to it when it is cancelled."""
    child: ast.AST = waiter
    for around in module.ancestors(waiter):
        if isinstance(around, FUNCTIONS):
            break
        if isinstance(around, (ast.With, ast.AsyncWith)) and child in around.body:
            if not all(_is_neutral(module, item.context_expr) for item in around.items):
                return True
        elif isinstance(around, _TRIES) and child in around.body:
            taking = [
                statement
                for handler in around.handlers
                if handler.type is None or catches(CANCEL, module.names(handler.type), module.bases) != NO
                for statement in handler.body
            ]
            if not all(_is_idle(module, statement) for statement in (*taking, *around.finalbody)):
                return True
        child = around
    keys = keys_of(module, waiter.value)
    calls = module.calls("add_done_callback")
    return any(isinstance(call.func, ast.Attribute) and keys & keys_of(module, call.func.value) for call in calls)


def _is_neutral(module: Module, manager: ast.expr) -> bool:
    maker = manager.func if isinstance(manager, ast.Call) else manager
    return module.kind(manager) in _NEUTRAL or module.name(maker) in _DEADLINES


def _is_idle(module: Module, statement: ast.stmt) -> bool:
    """Tell whether a statement of a handler or ``finally`` leaves the future where it is."""
    if isinstance(statement, (ast.Raise, ast.Pass)):
        return True
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    call = statement.value
    return is_log(call) or (isinstance(call.func, ast.Attribute) and call.func.attr == "cancel")
