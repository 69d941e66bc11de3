"""Clauses of ``except*`` that take a cancellation: whatever they do with it, it does not leave as it came."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import is_broad, names_cancelled
from flake8_cancel.code.graph.errors import CANCELLED_ERROR
from flake8_cancel.code.graph.points import STAR_CLAUSE, STAR_END, YIELD, Point, State
from flake8_cancel.code.lost.keeping import keeps
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def taken_by_star(module: Module, handler: ast.ExceptHandler) -> ast.AST | None:
    """Return where a cancellation comes in that a clause of ``except*`` certainly takes, neither kept nor raised anew.

    Args:
        module: the module.
        handler: a handler.
    """
    block, function = module.parent(handler), module.function(handler)
    if type(block).__name__ != "TryStar" or not isinstance(function, ast.AsyncFunctionDef):
        return None
    framework = module.framework()
    if framework == "other" or not (names_cancelled(module, handler) or is_broad(module, handler)):
        return None
    if framework == "anyio" and not names_cancelled(module, handler):
        return None
    tried: list[ast.stmt] = block.body  # type: ignore[union-attr]
    # What the strict rule on waiting for a cancelled task accepts elsewhere is accepted here.
    if module.only_waits_for_cancelled(tried) or keeps(module, walk(handler), handler.name):
        return None
    flow = module.flow(function)
    if flow is None:
        return None

    def inside(point: Point) -> bool:
        node = point.node.context_expr if isinstance(point.node, ast.withitem) else point.node
        line, column = node.lineno, node.col_offset  # type: ignore[attr-defined]
        last = tried[-1]
        start, end = (tried[0].lineno, tried[0].col_offset), (last.end_lineno or 0, last.end_col_offset or 0)
        return start <= (line, column) < end

    def looks(state: State) -> bool:
        return state.point.kind == STAR_CLAUSE and state.point.node is handler and _is_cancelled(state)

    def ends_otherwise(state: State) -> bool:
        return state.point.kind == STAR_END and state.point.node is block and not _raises_cancelled(state)

    for state, cancelled in flow.cancelled([*flow.suspensions(inside), *flow.states(YIELD, inside)]):
        path = flow.walk([cancelled], looks)
        taken = flow.steps(path[-1])[0].state if path else None
        if path and taken and taken.point is path[-1].point.targets[0] and flow.walk([taken], ends_otherwise):
            return state.point.node
    return None


def _is_cancelled(state: State) -> bool:
    error = state.pending[-1].error
    return error is not None and CANCELLED_ERROR in (error.name, *error.members)


def _raises_cancelled(state: State) -> bool:
    """Tell whether nothing but a CancelledError comes out of the clauses: a single one, raised anew, is not wrapped."""
    own = state.pending[-1]
    raised = [*own.raised, *([own.error] if own.error else [])]
    return [error.name for error in raised] == [CANCELLED_ERROR]
