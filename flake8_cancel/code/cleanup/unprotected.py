"""What a cleanup block waits for: whether a further cancellation cuts it, and whether it may take for ever."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.blocks import cleanup_blocks
from flake8_cancel.code.cleanup.cut_short import is_ended_by_child, nodes_of, skipping, waits_in
from flake8_cancel.code.graph.catchers import catchers, names_cancelled
from flake8_cancel.code.graph.managers import scope
from flake8_cancel.code.graph.points import ASYNC_EXIT, SUSPEND
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.meaning.values import Kind

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# These wait for what others do: when they are cut, nothing is left half done.
_MERE_WAITS = frozenset({"asyncio.sleep", "asyncio.wait"})
_MERE_METHODS = frozenset({"join", "wait", "wait_closed"})
_BOUNDED = frozenset({"asyncio.sleep", "asyncio.wait_for"})
_WAITING_KINDS = frozenset({Kind.EVENT, Kind.CONDITION, Kind.BARRIER})


def delaying(module: Module, handler: ast.ExceptHandler) -> Iterator[ast.AST]:
    """Yield the waits in a handler for CancelledError that nothing puts a bound to, and that skip no cleanup.

    Waiting for a task that was cancelled before has its bound in that task.

    Args:
        module: the module.
        handler: a handler in coroutine code.
    """
    if not names_cancelled(module, handler):
        return
    spoken_of = {wait for wait, _ in skipping(module, handler.body)} | _nested_skips(module, handler.body)
    for wait in waits_in(module, handler.body, shielded=True):
        if wait not in spoken_of and not _is_bounded(module, wait) and not is_ended_by_child(module, wait):
            yield wait


def cut(module: Module, block: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the waits of a cleanup block that a further cancellation cuts, where that alone is what is wrong.

    Left out are those that skip cleanup or that ``delaying`` names, those in a cleanup block inside this one, what
    only waits for others (when it is cut, nothing is left half done), what may be cut by a deadline of its own, and
    what stands under a handler that takes the cancellation.

    Args:
        module: the module.
        block: as ``cleanup_blocks`` gives it.
    """
    around = [parent for parent in module.ancestors(block[0]) if isinstance(parent, ast.ExceptHandler)]
    spoken_of = {wait for handler in around for wait in delaying(module, handler)}
    for outer in [*_blocks_around(module, block[0]), block]:
        spoken_of.update(wait for wait, _ in skipping(module, outer))
    nested = {part for inner in _nested(module, block) for part in nodes_of(inner)}
    for wait in waits_in(module, block):
        if wait in nested or wait in spoken_of or _is_mere_wait(module, wait) or is_ended_by_child(module, wait):
            continue
        if not _is_bounded(module, wait) and not _is_taken(module, wait, block):
            yield wait


def _is_taken(module: Module, wait: ast.AST, block: list[ast.stmt]) -> bool:
    """Tell whether a handler, or a ``suppress``, of the cleanup block takes the cancellation of a wait."""
    inside: ast.AST = wait
    for parent in module.ancestors(wait):
        if inside in block:
            return False
        takers = parent.handlers if isinstance(parent, ast.Try) and inside in parent.body else [parent]
        if not isinstance(parent, ast.ExceptHandler) and any(catchers(module, taker) for taker in takers):
            return True
        inside = parent
    return False


def _nested(module: Module, block: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    for node in nodes_of(block):
        if isinstance(node, ast.Try):
            yield from cleanup_blocks(module, node)


def _nested_skips(module: Module, block: list[ast.stmt]) -> set[ast.AST]:
    return {wait for inner in _nested(module, block) for wait, _ in skipping(module, inner)}


def _blocks_around(module: Module, node: ast.AST) -> Iterator[list[ast.stmt]]:
    for parent in module.ancestors(node):
        if isinstance(parent, FUNCTIONS):
            return
        yield from (block for block in cleanup_blocks(module, parent) if node in nodes_of(block))


def _call(node: ast.AST) -> ast.Call | None:
    return node.value if isinstance(node, ast.Await) and isinstance(node.value, ast.Call) else None


def _is_for_cancelled(module: Module, wait: ast.AST) -> bool:
    return module.only_waits_for_cancelled([wait])


def _is_mere_wait(module: Module, wait: ast.AST) -> bool:
    """Tell whether nothing is left half done when a wait is cut."""
    call = _call(wait)
    if call is None or module.name(call.func) in _MERE_WAITS or _is_for_cancelled(module, wait):
        return True
    if not isinstance(call.func, ast.Attribute):
        return False
    return call.func.attr in _MERE_METHODS or module.kind(call.func.value) in _WAITING_KINDS


def _is_bounded(module: Module, wait: ast.AST, around: frozenset[ast.AST] = frozenset()) -> bool:
    """Tell whether a wait ends by itself, or by a deadline, or when a task ends that was cancelled."""
    for parent in module.ancestors(wait):
        if isinstance(parent, ast.AsyncWith) and any(scope(module, item) == "timeout" for item in parent.items):
            return True
        if isinstance(parent, (ast.ExceptHandler, *FUNCTIONS)):
            break
    call = _call(wait)
    if call is None:
        return _is_for_cancelled(module, wait)
    if module.name(call.func) in _BOUNDED or any("timeout" in str(keyword.arg) for keyword in call.keywords):
        return True
    if _is_for_cancelled(module, wait):
        return True
    helper = module.definition(call.func)
    if not isinstance(helper, ast.AsyncFunctionDef) or helper.decorator_list or helper in around:
        return False
    flow = module.flow(helper)
    places = [state.point for state in flow.every_state()] if flow else []
    return flow is not None and all(
        point.kind == SUSPEND and _is_bounded(module, point.node, around | {helper})
        for point in places
        if point.kind in (SUSPEND, ASYNC_EXIT)
    )
