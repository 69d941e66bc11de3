"""What goes on in a function: statements that do something, rather than end a block or clean up at its end."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from flake8_cancel.code.graph.points import STEP, SUSPEND, Frame, State
from flake8_cancel.code.lost.keeping import is_log


def works(state: State, inside: ast.AST | None = None) -> bool:
    """Tell whether something goes on here: any statement but the end of blocks, finally blocks, logging and jumps.

    Args:
        state: the state.
        inside: a node; the rest of a ``finally`` block that holds it counts.
    """
    point = state.point
    if any(frame.kind == "final" and not _holds(frame.node, inside) for frame in frames(state)):
        return False
    if point.kind == SUSPEND and isinstance(point.node, ast.withitem):
        return True
    if point.kind != STEP or not isinstance(point.node, ast.stmt):
        return False
    node = point.node
    if isinstance(node, (ast.Pass, ast.Break, ast.Continue, ast.Global, ast.Nonlocal, ast.Try)):
        return False
    if isinstance(node, ast.Return):
        return returns_value(node)
    if isinstance(node, ast.Raise):
        return False
    return not (isinstance(node, ast.Expr) and (isinstance(node.value, ast.Constant) or is_log(node.value)))


def _holds(statement: ast.AST, inside: ast.AST | None) -> bool:
    """Tell whether a node stands in the ``finally`` block of a statement."""
    final: Sequence[ast.stmt] = getattr(statement, "finalbody", ())
    return inside is not None and bool(final) and within(inside, final)


def frames(state: State) -> Iterator[Frame]:
    """Yield the frames around a state, from the inside out."""
    frame: Frame | None = state.point.frame
    while frame is not None:
        yield frame
        frame = frame.parent


def returns_value(node: ast.AST) -> bool:
    """Tell whether a statement returns something other than None."""
    if not isinstance(node, ast.Return) or node.value is None:
        return False
    return not (isinstance(node.value, ast.Constant) and node.value.value is None)


def within(node: ast.AST, body: Sequence[ast.stmt]) -> bool:
    """Tell whether a node stands in a block."""
    node = node.context_expr if isinstance(node, ast.withitem) else node
    place = node.lineno, node.col_offset  # type: ignore[attr-defined]
    # A definition stands where its keyword is, behind its decorators.
    first = next(iter(getattr(body[0], "decorator_list", ())), body[0])
    last = body[-1]
    return (first.lineno, first.col_offset) <= place < (last.end_lineno or 0, last.end_col_offset or 0)
