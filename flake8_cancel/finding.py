"""The values that cross every layer: where something is, how the cancellation went there, and what is to be said."""

from __future__ import annotations

import ast
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of source text.

    Lines count from 1, columns from 0, the end is exclusive. Rules make spans in the columns of ``ast`` (UTF-8 bytes);
    ``check`` turns them into characters, so every finding that leaves ``check`` counts as people and libcst do.
    """

    line: int
    column: int
    end_line: int
    end_column: int


class Step(NamedTuple):
    """One place on the way of a cancellation, in a few words: ``cancelled here``, ``caught here``, ``goes on here``."""

    span: Span
    words: str


class Mark(NamedTuple):
    """A syntax node as the fixer finds it again: by its span and the name of its ``ast`` type.

    Parenthesised tuples, generator expressions that are a sole argument and implicitly joined strings have other spans
    in libcst: mark the statement around them.
    """

    span: Span
    node: str


class Repair(NamedTuple):
    """What a rule's ``fix`` is given.

    ``target`` is the one node that is replaced. ``marks`` are further nodes inside it that the fix looks at or changes,
    ``words`` what the detection found out (names, counts), in the order that the rule's ``fix`` expects.
    """

    target: Mark
    safe: bool
    marks: tuple[Mark, ...] = ()
    words: tuple[str, ...] = ()


class Finding(NamedTuple):
    """One mistake: where to look, what to say, the path as proof, and the repair if there is one."""

    code: str
    span: Span
    message: str
    path: tuple[Step, ...] = ()
    repair: Repair | None = None


def span(node: ast.AST) -> Span:
    """Return the span of a syntax node.

    Args:
        node: a node with a place in the source: a statement, expression, handler, pattern, argument, keyword or alias.
            An ``ast.withitem`` has none; its span runs from its expression to its target.
    """
    if isinstance(node, ast.withitem):
        end = node.optional_vars or node.context_expr
        return Span(
            node.context_expr.lineno, node.context_expr.col_offset, end.end_lineno or 0, end.end_col_offset or 0
        )
    return Span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]


def mark(node: ast.AST) -> Mark:
    """Return the mark of a syntax node."""
    return Mark(span(node), type(node).__name__)
