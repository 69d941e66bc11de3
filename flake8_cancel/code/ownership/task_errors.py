"""Which waits raise the error of one of a function's own tasks while the others run on."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.errors import BASE_EXCEPTION, EXCEPTION
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.holding import Hold
from flake8_cancel.code.ownership.task_making import GATHER, WAIT
from flake8_cancel.code.ownership.task_uses import Use
from flake8_cancel.code.ownership.task_walk import uses_in
from flake8_cancel.code.tree import TRIES, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_BROAD = frozenset({EXCEPTION, BASE_EXCEPTION})
# What only waits raises nothing but the cancellation.
_WAITING = frozenset({"get", "join", "put", "wait"})
_WAITED_FOR = frozenset({Kind.EVENT, Kind.QUEUE})


def raises_errors_of_others(module: Module, hold: Hold, holds: Sequence[Hold], wait: ast.Await) -> bool:
    """Tell whether a wait raises the error of one task of a function while another one runs on.

    Args:
        module: the module.
        hold: the task that runs on.
        holds: all tasks of the function.
        wait: the ``await``.
    """
    calls = [node for node in walk(wait.value) if isinstance(node, ast.Call)]
    if any(module.name(call.func) == WAIT for call in calls):
        return False
    gathers = [call for call in calls if module.name(call.func) == GATHER]
    if gathers:
        return any(_is_raising(module, call, holds) for call in gathers) and bool(uses_in(module, hold, wait))
    return any(_awaits_other(module, hold, one, wait) and _may_fail(module, one) for one in holds)


def _awaits_other(module: Module, hold: Hold, other: Hold, wait: ast.Await) -> bool:
    """Tell whether a wait awaits another task than one, or one of several."""
    uses = uses_in(module, other, wait)
    if not uses or not uses <= {Use.AWAITS, Use.GLANCES}:
        return False
    # Tasks of one name are not alive at the same time, unless the name holds several.
    return Use.GLANCES in uses if other.names & hold.names else True


def _is_raising(module: Module, gather: ast.Call, holds: Sequence[Hold]) -> bool:
    """Tell whether a ``gather`` of several raises the error of one of them, and one may have an error."""
    given = [keyword for keyword in gather.keywords if keyword.arg in (None, "return_exceptions")]
    if any(not isinstance(one.value, ast.Constant) or one.value.value for one in given):
        return False
    if len(gather.args) < 2 and not any(isinstance(one, ast.Starred) for one in gather.args):
        return False
    return any(_child_may_fail(module, child, holds) for child in gather.args)


def _child_may_fail(module: Module, child: ast.expr, holds: Sequence[Hold]) -> bool:
    inside = set(walk(child))
    held = [one for one in holds if one.call in inside or _names(inside) & one.names]
    if held:
        return any(_may_fail(module, one) for one in held)
    return not isinstance(child, ast.Call) or _coroutine_may_fail(module, child)


def _names(nodes: set[ast.AST]) -> set[str]:
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _may_fail(module: Module, hold: Hold) -> bool:
    coroutine = hold.call.args[0] if hold.call.args else None
    return not isinstance(coroutine, ast.Call) or _coroutine_may_fail(module, coroutine)


def _coroutine_may_fail(module: Module, call: ast.Call) -> bool:
    """Tell whether a coroutine may end with an error: not what only waits, nor a function that takes all errors."""
    if module.name(call.func) == "asyncio.sleep":
        return False
    if isinstance(call.func, ast.Attribute) and call.func.attr in _WAITING:
        return module.kind(call.func.value) not in _WAITED_FOR
    function = module.called(call)
    if not isinstance(function, ast.AsyncFunctionDef):
        return True
    waits = [node for node in walk(function) if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith))]
    own = [wait for wait in waits if module.function(wait) is function]
    return not all(_is_taken(module, wait) for wait in own)


def _is_taken(module: Module, wait: ast.AST) -> bool:
    """Tell whether every error of a wait is taken in its function, and not raised again."""
    child = wait
    for outer in module.ancestors(wait):
        if isinstance(outer, (ast.AsyncFunctionDef, ast.FunctionDef)):
            return False
        if isinstance(outer, ast.ExceptHandler):
            # What cleans up after an error is not what the function is for.
            return True
        if isinstance(outer, TRIES) and child in outer.body and any(_takes_all(module, one) for one in outer.handlers):
            return True
        child = outer
    return False


def _takes_all(module: Module, handler: ast.ExceptHandler) -> bool:
    broad = handler.type is None or bool(_BROAD & set(module.names(handler.type)))
    return broad and not any(isinstance(node, ast.Raise) for node in walk(handler))
