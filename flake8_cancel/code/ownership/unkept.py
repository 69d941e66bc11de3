"""Tasks that need no keeper: they keep themselves, a timer of the loop holds them, or nobody is left to keep them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.interrupted import is_interruptible
from flake8_cancel.code.graph.points import YIELD
from flake8_cancel.code.lost.keeping import parameter_given
from flake8_cancel.code.meaning.values import PRIMITIVES
from flake8_cancel.code.timeouts.deadlines import deadline, timeout_items
from flake8_cancel.code.tree import named, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_Around = frozenset[ast.AST]
# What these return is set from a timer of the loop, or by a thread, which hold it and so the task that waits for it.
_HELD = frozenset({"asyncio.sleep", "asyncio.to_thread"})
_IN_THREAD = "run_in_executor"
_BLOCKS = (ast.AsyncWith, ast.Try, ast.With)


def needs_no_keeper(module: Module, call: ast.Call) -> bool:
    """Tell whether a task is made of a function of this file that keeps its own task, or is always kept by the loop.

    Neither does one that ``__del__`` makes: it closes something as well as it can, and its object is gone.

    Args:
        module: the module.
        call: what makes the task.
    """
    maker = module.function(call)
    if isinstance(maker, ast.FunctionDef) and maker.name == "__del__":
        return True
    coroutines = [module.value(one) for one in (*call.args, *(one.value for one in call.keywords))]
    return any(_is_kept(module, one, frozenset()) for one in coroutines if isinstance(one, ast.Call))


def _is_kept(module: Module, coroutine: ast.Call, around: _Around) -> bool:
    if _is_held(module, coroutine):
        return True
    called = module.called(coroutine)
    functions = [called] if called is not None else module.may_call(coroutine)
    return bool(functions) and all(_is_kept_in(module, one, coroutine, around) for one in functions)


def _is_kept_in(module: Module, function: ast.AST, call: ast.Call, around: _Around) -> bool:
    if not isinstance(function, ast.AsyncFunctionDef) or function in around:
        return False
    return _keeps_itself(module, function) or _is_woken(module, function, call, around | {function})


def _keeps_itself(module: Module, function: ast.AST) -> bool:
    """Tell whether a function asks for its own task, and not only to compare it."""
    calls = (node for node in walk(function) if isinstance(node, ast.Call))
    return any(
        module.name(call.func) == "asyncio.current_task" and not _is_only_compared(module, function, call)
        for call in calls
    )


def _is_only_compared(module: Module, function: ast.AST, task: ast.Call) -> bool:
    statement = module.parent(task)
    if not isinstance(statement, ast.Assign):
        return isinstance(statement, ast.Compare)
    match statement.targets:
        case [ast.Name(id=name)]:
            others = [node for node in named(function, name) if node is not statement.targets[0]]
            return all(isinstance(module.parent(node), ast.Compare) for node in others)
    return False


def _is_woken(module: Module, function: ast.AsyncFunctionDef, call: ast.Call, around: _Around) -> bool:
    """Tell whether a function waits for nothing, or only where a timer, a thread or who calls it is to wake it.

    One that does nothing at all may be a hook, for others to override.
    """
    flow = module.flow(function)
    if flow is None or flow.states(YIELD) or _is_hook(function):
        return False
    waits = [state.point.node for state in flow.suspensions()]
    return all(_is_timed(module, wait, around) or _is_shared(module, wait, function, call) for wait in waits)


def _is_hook(function: ast.AsyncFunctionDef) -> bool:
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in function.body
    )


def _is_timed(module: Module, wait: ast.AST, around: _Around) -> bool:
    """Tell whether a suspension point is woken by a timer at the latest, which holds the task until then."""
    if isinstance(wait, ast.withitem) and wait in timeout_items(module, module.parent(wait) or wait):
        return True
    if any(_is_inside(module, wait, block) for block in module.ancestors(wait)) or not is_interruptible(module, wait):
        return True
    if _is_told(module, wait):
        return True
    call = wait.value if isinstance(wait, ast.Await) else None
    return isinstance(call, ast.Call) and _is_kept(module, call, around)


def _is_told(module: Module, wait: ast.AST) -> bool:
    """Tell whether a function waits for an event, a queue and the like, which hold who waits, with nothing to clean up.

    Whoever may ever end the wait has a hold of them. Where nobody has any more, a cleanup would still be missed.
    """
    function = module.function(wait)
    if any(isinstance(one, _BLOCKS) and module.function(one) is function for one in module.ancestors(wait)):
        return False
    method = wait.value.func if isinstance(wait, ast.Await) and isinstance(wait.value, ast.Call) else None
    return isinstance(method, ast.Attribute) and module.kind(method.value) in PRIMITIVES


def _is_shared(module: Module, wait: ast.AST, function: ast.AsyncFunctionDef, call: ast.Call) -> bool:
    """Tell whether a function waits for a future that it was given, and that its caller gives to his own caller too.

    A future holds who waits for it.
    """
    future = wait.value if isinstance(wait, ast.Await) else None
    caller = module.function(call)
    if not isinstance(future, ast.Name) or not isinstance(caller, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    if any(isinstance(node, ast.Name) and node.id == future.id and _is_stored(node) for node in walk(function)):
        return False
    given = (one for one in call.args if parameter_given(function, call, one) == future.id)
    returned = {module.reference(one.value) for one in module.returns() if one.value and module.function(one) is caller}
    return any(isinstance(one, ast.Name) and module.reference(one) in returned for one in given)


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _is_inside(module: Module, wait: ast.AST, block: ast.AST) -> bool:
    """Tell whether a place is in the block of an ``async with`` that sets a deadline to it."""
    return (
        isinstance(block, ast.AsyncWith)
        and module.function(block) is module.function(wait)
        and bool(timeout_items(module, block))
        and any(around in block.body for around in (wait, *module.ancestors(wait)))
    )


def _is_held(module: Module, coroutine: ast.Call) -> bool:
    """Tell whether a timer or a thread holds whoever awaits what a call returns.

    ``asyncio.wait_for`` and ``asyncio.timeout`` give the loop a timer that holds the task, or a future that it waits
    for; the work that a thread has to do holds the future of its result
    (https://github.com/python/cpython/blob/3.12/Lib/asyncio/timeouts.py).
    """
    if module.name(coroutine.func) in _HELD or deadline(module, coroutine) is not None:
        return True
    if module.name(coroutine.func) == "asyncio.wait":
        return any(one.arg == "timeout" and not _is_none(one.value) for one in coroutine.keywords)
    return isinstance(coroutine.func, ast.Attribute) and coroutine.func.attr == _IN_THREAD


def _is_none(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is None
