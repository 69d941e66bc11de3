"""The values that cross every layer: where something is, how the cancellation went there, and what is to be said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import ast


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
    # Of these only an ``ast.withitem`` has such a field. Who shows findings of an earlier run need not import ``ast``.
    first: Any = getattr(node, "context_expr", node)
    last: Any = getattr(node, "optional_vars", None) or first
    return Span(first.lineno, first.col_offset, last.end_lineno, last.end_col_offset)


def mark(node: ast.AST) -> Mark:
    """Return the mark of a syntax node."""
    return Mark(span(node), type(node).__name__)
