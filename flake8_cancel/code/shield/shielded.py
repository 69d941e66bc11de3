"""Work that only ``shield()`` has a hold of, so that it is out of reach when the wait for it is cancelled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import CANCELLED
from flake8_cancel.code.graph.interrupted import interruptible
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.dropping import makes_task
from flake8_cancel.code.tree import named, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

SHIELD = "asyncio.shield"
# Through these a cancellation goes to what they wait for.
WAITS = frozenset({"asyncio.gather", "asyncio.wait_for"})
# What holds nothing of its own: whoever wants to know can wait for the same thing again, and a thread does its work
# whether somebody waits for it or not.
_IDLE = frozenset({"asyncio.sleep", "asyncio.to_thread", "asyncio.wait"})
_IDLE_METHODS: dict[Kind, frozenset[str]] = {
    Kind.BARRIER: frozenset({"wait"}),
    Kind.EVENT: frozenset({"wait"}),
    Kind.PROCESS: frozenset({"wait"}),
    Kind.QUEUE: frozenset({"join"}),
    Kind.SERVER: frozenset({"wait_closed"}),
    Kind.STREAM_WRITER: frozenset({"drain", "wait_closed"}),
}
_TAKES_CANCELLED = frozenset({CANCELLED, "builtins.BaseException"})


class Unkept(NamedTuple):
    """Shielded work that nobody has a handle of.

    Attributes:
        made: the call that makes its coroutine, task or gather.
        is_task: whether that call gives a task already.
        is_gather: whether it gathers several.
        wait: the await that waits for the shield.
    """

    made: ast.Call
    is_task: bool
    is_gather: bool
    wait: ast.Await


def is_shield(module: Module, node: ast.AST) -> bool:
    """Tell whether a node is a call of ``asyncio.shield()`` with something to shield."""
    return (
        isinstance(node, ast.Call)
        and bool(node.args)
        and not isinstance(node.args[0], ast.Starred)
        and module.name(node.func) == SHIELD
    )


def is_lock(module: Module, expression: ast.expr) -> bool:
    """Tell whether an expression is certainly a lock, semaphore or condition, which ``async with`` holds."""
    return module.kind(expression) in (Kind.LOCK, Kind.SEMAPHORE, Kind.CONDITION)


def unkept(module: Module, shield: ast.Call) -> Unkept | None:
    """Return what a shield that is awaited leaves out of reach when that await is cancelled, None if nothing for sure.

    Args:
        module: the module.
        shield: the call of ``shield()``.
    """
    made = own_work(module, shield)
    wait = awaited_at(module, shield)
    if made is None or wait is None or _is_waited_for_by_handler(module, wait):
        return None
    kind = module.kind(made)
    return Unkept(made, kind is Kind.TASK, kind is Kind.GATHER, wait)


def takes_something(module: Module, made: ast.Call) -> bool:
    """Tell whether a coroutine of asyncio's own takes what is lost with its result: an item of a queue, say."""
    if module.kind(made) is not Kind.COROUTINE or module.definition(made.func):
        return False
    if isinstance(made.func, ast.Attribute) and module.kind(made.func.value) not in (None, Kind.INSTANCE):
        return True
    return module.name(made.func) not in (None, *WAITS)


def own_work(module: Module, shield: ast.Call) -> ast.Call | None:
    """Return the call that makes the coroutine or task that only a shield has, None if somebody else may have it."""
    made = _made(module, shield.args[0])
    return made if made is not None and is_work(module, made) and not _is_locked(module, made) else None


def awaited_at(module: Module, shield: ast.expr) -> ast.Await | None:
    """Return the await that a cancellation goes through to a shield: of the call itself, or of a name for it."""
    direct = _await_around(module, shield)
    statement = module.parent(shield)
    if direct or not isinstance(statement, ast.Assign):
        return direct
    if len(statement.targets) > 1 or not isinstance(statement.targets[0], ast.Name):
        return None
    function = module.function(shield)
    for name in _loads(function, statement.targets[0].id):
        if module.function(name) is function and module.value(name) is shield:
            found = _await_around(module, name)
            if found:
                return found
    return None


def _await_around(module: Module, expression: ast.expr) -> ast.Await | None:
    parent = module.parent(expression)
    while isinstance(parent, ast.Call) and expression in parent.args and module.name(parent.func) in WAITS:
        expression, parent = parent, module.parent(parent)
    return parent if isinstance(parent, ast.Await) else None


def _made(module: Module, shielded: ast.expr) -> ast.Call | None:
    """Return the call that is shielded, by itself or under a name of which nothing else is asked."""
    if isinstance(shielded, ast.Call):
        return shielded
    if not isinstance(shielded, ast.Name):
        return None
    value = module.value(shielded)
    # A task under a name has a handle; a coroutine has none yet.
    if not isinstance(value, ast.Call) or module.kind(value) is not Kind.COROUTINE:
        return None
    function, statement = module.function(shielded), module.parent(value)
    is_bound_alone = isinstance(statement, ast.Assign) and len(statement.targets) == 1
    if not is_bound_alone or module.function(value) is not function or len(list(_loads(function, shielded.id))) > 1:
        return None
    return value


def _loads(around: ast.AST | None, name: str) -> Iterator[ast.Name]:
    for node in named(around, name) if around else ():
        if isinstance(node.ctx, ast.Load):
            yield node


# --- what is shielded -----------------------------------------------------------------------------------------------


def is_work(module: Module, call: ast.Call) -> bool:
    """Tell whether a call certainly makes work that nobody else has a handle of, and that takes more than one step."""
    name = module.name(call.func)
    first = call.args[0] if call.args else None
    if name == "asyncio.gather":
        return any(isinstance(one, ast.Call) and is_work(module, one) for one in call.args)
    if name == "asyncio.wait_for":
        return isinstance(first, ast.Call) and is_work(module, first)
    if makes_task(module, call):
        return not isinstance(first, ast.Call) or module.kind(first) is not Kind.COROUTINE or is_work(module, first)
    if module.kind(call) is not Kind.COROUTINE or name in _IDLE or _is_idle(module, call):
        return False
    function = module.definition(call.func)
    if not isinstance(function, ast.AsyncFunctionDef):
        return True
    return _takes_time(module, function) and not _asks_for_itself(module, function)


def _is_idle(module: Module, call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    kind = module.kind(call.func.value)
    return kind is not None and call.func.attr in _IDLE_METHODS.get(kind, ())


def _takes_time(module: Module, function: ast.AsyncFunctionDef) -> bool:
    flow = module.flow(function)
    return flow is not None and bool(interruptible(module, flow.suspensions()))


def _asks_for_itself(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether a function asks for its own task, and may keep it."""
    return any(
        isinstance(node, ast.Call) and module.name(node.func) == "asyncio.current_task" for node in walk(function)
    )


def _is_locked(module: Module, call: ast.Call) -> bool:
    """Tell whether a nested function was made to hold a lock over all it does, so that others can wait for it."""
    function = module.definition(call.func)
    if not isinstance(function, ast.AsyncFunctionDef) or module.function(call) is not module.function(function):
        return False
    (*before, last) = function.body
    is_alone = all(isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in before)
    return is_alone and isinstance(last, ast.AsyncWith) and is_lock(module, last.items[0].context_expr)


# --- who waits for it -----------------------------------------------------------------------------------------------


def _is_waited_for_by_handler(module: Module, wait: ast.Await) -> bool:
    """Tell whether a handler that takes the cancellation waits for something, perhaps until the work is done."""
    child: ast.AST = wait
    for around in module.ancestors(wait):
        if isinstance(around, FUNCTIONS):
            return False
        if child in getattr(around, "body", ()):
            for handler in getattr(around, "handlers", ()):
                names = module.names(handler.type) if handler.type else ("builtins.BaseException",)
                if _TAKES_CANCELLED.intersection(names) and _suspends(handler):
                    return True
        child = around
    return False


def _suspends(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for node in walk(handler))
