"""Whether code can run into a timeout of its own, and so raise a TimeoutError that no deadline around it sent."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import LOGGING_VERBS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import children, verb_of

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# NEVER and MAY are certain: what is waited for is known. UNKNOWN is a call that nobody knows.
NEVER, UNKNOWN, MAY = 0, 1, 2

# What waits for other coroutines of the same loop, or for the clock alone.
_QUIET_NAMES = frozenset({"asyncio.Event", "asyncio.create_task", "asyncio.sleep", "asyncio.wait"})
_QUIET_KINDS = frozenset(
    {Kind.BARRIER, Kind.CONDITION, Kind.EVENT, Kind.LOCK, Kind.PROCESS, Kind.QUEUE, Kind.SEMAPHORE}
)
# Sockets have timeouts of the system, and whatever sets a deadline raises when it is over.
_NOISY = re.compile(
    r"time_?out|deadline|wait_for|result$|^(?:connect|create_connection|getaddrinfo|open_connection|sock_)"
)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_SUSPENDING = (ast.AsyncFor, ast.AsyncWith, ast.Await, ast.Yield, ast.YieldFrom)
# Coroutine functions of the file are followed so far.
_DEEPEST = 4


def times_out(module: Module, statements: Iterable[ast.AST], besides: ast.AST | None = None, depth: int = 0) -> int:
    """Return whether some statements may raise a TimeoutError by themselves: NEVER, UNKNOWN or MAY.

    Args:
        module: the module.
        statements: the statements.
        besides: a call whose own deadline is known already.
        depth: how many helpers of this file were followed by now.
    """
    worst = NEVER
    for node in _own_nodes(statements):
        if isinstance(node, ast.Call) and node is not besides:
            worst = max(worst, _call(module, node, depth))
        elif isinstance(node, ast.Raise) and node.exc is not None:
            worst = max(worst, MAY if _NOISY.search(ast.unparse(node.exc).lower()) else NEVER)
        elif isinstance(node, ast.Await) and not isinstance(node.value, ast.Call):
            # A task or future brings whatever its coroutine raised.
            worst = max(worst, UNKNOWN)
        elif isinstance(node, (ast.AsyncFor, ast.comprehension)):
            worst = max(worst, UNKNOWN if getattr(node, "is_async", True) else NEVER)
        elif isinstance(node, ast.AsyncWith):
            worst = max(worst, *(_item(module, item) for item in node.items))
    return worst


def suspends(statement: ast.AST) -> bool:
    """Tell whether a statement holds anything that may suspend."""
    return any(
        isinstance(node, _SUSPENDING) or (isinstance(node, ast.comprehension) and bool(node.is_async))
        for node in _own_nodes([statement])
    )


def _call(module: Module, call: ast.Call, depth: int) -> int:
    name = module.name(call.func) or ""
    word = verb_of(call)
    if _NOISY.search(word.lower()) or any(_NOISY.search((keyword.arg or "").lower()) for keyword in call.keywords):
        return MAY
    if name in _QUIET_NAMES or name.startswith("builtins.") or word in LOGGING_VERBS:
        return NEVER
    if isinstance(call.func, ast.Attribute) and module.kind(call.func.value) in _QUIET_KINDS:
        return NEVER
    helper = module.definition(call.func)
    if isinstance(helper, (ast.FunctionDef, ast.AsyncFunctionDef)) and not helper.decorator_list and depth < _DEEPEST:
        return times_out(module, helper.body, depth=depth + 1)
    return UNKNOWN


def _item(module: Module, item: ast.withitem) -> int:
    # A call is looked at as such.
    if isinstance(item.context_expr, ast.Call) or module.kind(item.context_expr) in _QUIET_KINDS:
        return NEVER
    return UNKNOWN


def _own_nodes(statements: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of statements, without the bodies of functions and classes."""
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _DEFINITIONS):
            waiting.extend(children(node))
