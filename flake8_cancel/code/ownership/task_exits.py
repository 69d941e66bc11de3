"""Where a function may be left while its tasks run, and what is done with them on the way out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.api import CONTEXT_MANAGER_MAKERS
from flake8_cancel.code.cleanup.releases import frames
from flake8_cancel.code.cleanup.teardowns import torn_down
from flake8_cancel.code.graph import managers
from flake8_cancel.code.graph.flow import cancelled_pending
from flake8_cancel.code.graph.interrupted import is_interruptible
from flake8_cancel.code.graph.points import ASYNC_EXIT, EXIT, STEP, SUSPEND, YIELD, State
from flake8_cancel.code.lost.keeping import is_log
from flake8_cancel.code.ownership.ending_around import closes
from flake8_cancel.code.ownership.holding import Hold
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def is_open(module: Module, state: State) -> bool:
    """Tell whether a first cancellation, or the close of a generator, may come in here, with no cleanup under way."""
    point = state.point
    if point.kind not in (ASYNC_EXIT, SUSPEND, YIELD) or cancelled_pending(state):
        return False
    if any(frame.kind == "final" for frame in frames(state)):
        return False
    if point.kind == ASYNC_EXIT:
        return isinstance(point.node, ast.withitem) and managers.scope(module, point.node) == "group"
    if point.kind == YIELD:
        return _is_open_yield(module, point.node)
    return is_interruptible(module, point.node, converted=True)


def _is_open_yield(module: Module, node: ast.AST) -> bool:
    """Tell whether a generator certainly may end at a ``yield``, and not as a manager that skips its cleanup there."""
    function = module.function(node)
    assert isinstance(function, ast.AsyncFunctionDef)
    if not function.decorator_list:
        return True
    if any(module.name(one) not in CONTEXT_MANAGER_MAKERS for one in function.decorator_list):
        return False
    return isinstance(node, ast.Yield) and torn_down(module, function, node) is None


def cares(hold: Hold, things: frozenset[str], state: State) -> bool:
    """Tell whether something is done here with a task, or with what it was given, that may well end it.

    Args:
        hold: the task.
        things: the names of what it was given.
        state: a state on the way out.
    """
    node = state.point.node
    if state.point.kind in (ASYNC_EXIT, EXIT) and isinstance(node, ast.withitem):
        return closes(node, things)
    if state.point.kind == STEP and isinstance(node, (ast.stmt, ast.withitem)):
        return any(_is_care(hold, things, inner) for inner in walk(node))
    return False


def _is_care(hold: Hold, things: frozenset[str], node: ast.AST) -> bool:
    if isinstance(node, ast.Name) and node.id in hold.names | hold.done:
        return isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call):
        return not is_log(node) and any(_is_one(one, things) for one in walk(node))
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(_is_one(one, things) for target in targets for one in walk(target))
    return False


def _is_one(node: ast.AST, names: frozenset[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names
