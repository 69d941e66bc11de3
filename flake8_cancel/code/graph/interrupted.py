"""Which waits a cancellation can come out of: not those that never suspend, nor those that keep it to themselves."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.errors import CANCELLED_ERROR
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import YIELD, State
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_Around = frozenset[ast.AST]
_LOCKS = frozenset({Kind.LOCK, Kind.CONDITION})


def is_interruptible(module: Module, node: ast.AST, around: _Around = frozenset()) -> bool:
    """Tell whether a cancellation may come out of a place that waits, as far as this file knows.

    It does not come out of a coroutine function of this file that never suspends or takes every cancellation itself,
    nor of the wait for a lock that nobody in this file holds while he suspends.

    Args:
        module: the module.
        node: an ``await``, an item of ``async with``, or anything else that may suspend.
        around: the functions that are looked into already.
    """
    if isinstance(node, ast.withitem):
        return not _is_free(module, node.context_expr, around)
    call = node.value if isinstance(node, ast.Await) else None
    helper = module.called(call) if isinstance(call, ast.Call) else None
    if not isinstance(helper, ast.AsyncFunctionDef) or helper.decorator_list or helper in around:
        return True
    if _may_be_overridden(helper):
        return True
    flow = module.flow(helper)
    return flow is None or _lets_out(module, flow, around | {helper})


def interruptible(module: Module, states: list[State]) -> list[State]:
    """Return the states of suspension points that a cancellation may come out of."""
    return [state for state in states if is_interruptible(module, state.point.node)]


def _lets_out(module: Module, flow: Flow, around: _Around) -> bool:
    if flow.states(YIELD):
        return True
    waits = [state for state in flow.suspensions() if is_interruptible(module, state.point.node, around)]
    ends = flow.ends([cancelled for _, cancelled in flow.cancelled(waits)])
    return any(end.error is not None and CANCELLED_ERROR in (end.error.name, *end.error.members) for end in ends)


def _is_free(module: Module, lock: ast.expr, around: _Around) -> bool:
    """Tell whether a lock is only ever held by blocks of this file that do not suspend, so that nobody waits for it.

    A condition that others may see is made for them to wait for, and one that is given a lock shares it.
    """
    reference = module.reference(lock)
    owner, kind = module.class_around(lock), module.kind(lock)
    if kind not in _LOCKS or reference is None or owner is None:
        return False
    if not isinstance(lock, ast.Attribute) or any(
        isinstance(call.func, ast.Attribute) and module.reference(call.func.value) == reference
        for call in module.calls("acquire")
    ):
        return False
    is_shared = any(call.args or call.keywords for call in module.calls("Condition"))
    if kind is Kind.CONDITION and (is_shared or not lock.attr.startswith("_")):
        return False
    blocks = (node for node in walk(module.tree) if isinstance(node, ast.AsyncWith))
    return all(_never_waits(module, block, around) for block in blocks if lock.attr in map(_attribute, block.items))


def _attribute(item: ast.withitem) -> str | None:
    return item.context_expr.attr if isinstance(item.context_expr, ast.Attribute) else None


def _never_waits(module: Module, block: ast.AsyncWith, around: _Around) -> bool:
    if len(block.items) > 1:
        return False
    condition = block.items[0].context_expr
    for node in (inner for statement in block.body for inner in walk(statement)):
        if isinstance(node, (ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)):
            return False
        if isinstance(node, ast.comprehension) and node.is_async:
            return False
        is_lent = isinstance(node, ast.Await) and _lends(module, node, condition)
        if isinstance(node, ast.Await) and not is_lent and is_interruptible(module, node, around):
            return False
    return True


def _lends(module: Module, node: ast.Await, condition: ast.expr) -> bool:
    """Tell whether a block gives its lock back while it waits: it waits for the condition that it holds."""
    match node.value:
        case ast.Call(func=ast.Attribute(value=waited_for, attr="wait" | "wait_for")):
            is_same = module.reference(waited_for) == module.reference(condition)
            return is_same and module.kind(waited_for) is Kind.CONDITION
    return False


def _may_be_overridden(helper: ast.AsyncFunctionDef) -> bool:
    """Tell whether a function does nothing, and so may stand for those that override it."""
    return all(
        isinstance(node, (ast.Pass, ast.Raise)) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in helper.body
    )
