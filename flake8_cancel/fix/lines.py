"""Statements as lines, with their comments: the pieces that ``splice`` and the shapes are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, cast

import libcst as cst
from libcst import matchers

# A line of comment, standing alone, is carried among statements until `settled` finds its place.
Item = cst.CSTNode
_Block = TypeVar("_Block", cst.IndentedBlock, cst.Module)
# What other tools are told of a line goes with the line.
_DIRECTIVE = re.compile(r"#\s*(noqa|nosec|pragma|type:|pylint:|pyright:|mypy:)", re.IGNORECASE)


def as_line(item: Item) -> Item:
    """Return a small statement as a line of its own; anything else as it is."""
    if not isinstance(item, cst.BaseSmallStatement):
        return item
    return cst.SimpleStatementLine([item.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)])


def comments(lines: Iterable[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """Return the lines that hold a comment."""
    return [line for line in lines if line.comment]


def parted(leading: Sequence[cst.EmptyLine]) -> tuple[Sequence[cst.EmptyLine], Sequence[cst.EmptyLine]]:
    """Return the blank lines above a statement, and the comments below them that belong to it."""
    first = next((number for number, line in enumerate(leading) if line.comment), len(leading))
    return leading[:first], leading[first:]


def with_leading(items: Sequence[Item], leading: Sequence[cst.EmptyLine]) -> list[Item]:
    """Return statements with the lines above the first; not if there are lines above it, or one of them kept its own.

    Args:
        items: what replaces a statement.
        leading: the lines above that statement.
    """
    kept = [line for item in items for line in getattr(item, "leading_lines", ())]
    if not items or not leading or getattr(items[0], "leading_lines", None) or any(line in kept for line in leading):
        return list(items)
    if isinstance(items[0], cst.EmptyLine):
        return [*leading, *items]
    return [items[0].with_changes(leading_lines=leading), *items[1:]]


def above(leading: Sequence[cst.EmptyLine], items: Sequence[Item]) -> list[Item]:
    """Return statements with further lines above what stands above the first."""
    if not items or not hasattr(items[0], "leading_lines"):
        return [*leading, *items]
    first = items[0].with_changes(leading_lines=[*leading, *cast(Any, items[0]).leading_lines])
    return [first, *items[1:]]


def with_trailing(
    items: Sequence[Item], trailing: cst.TrailingWhitespace, own: cst.CSTNode | None = None
) -> list[Item]:
    """Return the lines that one line became with its end.

    The comment stays with the statement that it stood behind, if that is still there, else at the first line that can
    hold it. What it tells another tool of the line stands behind code in any case.

    Args:
        items: what replaces a line.
        trailing: the end of that line.
        own: the statement that it stood behind.
    """
    if not items:
        return []
    if not trailing.comment:
        *others, last = items
        is_plain = isinstance(last, cst.SimpleStatementLine) and not last.trailing_whitespace.comment
        return [*others, last.with_changes(trailing_whitespace=trailing)] if is_plain else list(items)
    for holder in (_own_line(items, own), *items):
        if isinstance(holder, cst.SimpleStatementLine) and not holder.trailing_whitespace.comment:
            return [cast(Any, item).with_deep_changes(holder, trailing_whitespace=trailing) for item in items]
    wrapped = _with_trailing_inside(items[-1], trailing)
    return [*items[:-1], wrapped] if wrapped else above(alone(trailing), items)


def _own_line(items: Sequence[Item], own: cst.CSTNode | None) -> cst.CSTNode | None:
    """Return the line among some statements, or inside of one, that holds a statement and nothing else."""
    lines = [line for item in items for line in matchers.findall(item, matchers.SimpleStatementLine())]
    return next(
        (line for line in lines if own and _is_line_of(cst.ensure_type(line, cst.SimpleStatementLine), own)), None
    )


def _is_line_of(line: cst.SimpleStatementLine, small: cst.CSTNode) -> bool:
    only = [other.with_changes(semicolon=cst.MaybeSentinel.DEFAULT) for other in line.body]
    return len(only) == 1 and only[0].deep_equals(cast(Any, small).with_changes(semicolon=cst.MaybeSentinel.DEFAULT))


def _with_trailing_inside(item: Item, trailing: cst.TrailingWhitespace) -> Item | None:
    """Return a statement with a comment at its first line if it is told to a tool, or at the one line of its block."""
    match item:
        case cst.If(body=cst.IndentedBlock(body=[cst.SimpleStatementLine() as line]) as block, orelse=None):
            if not line.trailing_whitespace.comment:
                return item.with_changes(
                    body=block.with_changes(body=[line.with_changes(trailing_whitespace=trailing)])
                )
    body = getattr(item, "body", None)
    if isinstance(body, cst.IndentedBlock) and not body.header.comment and _is_directive(trailing):
        opened: Item = cast(Any, item).with_changes(body=body.with_changes(header=trailing))
        return opened
    return None


def alone(trailing: cst.TrailingWhitespace) -> list[cst.EmptyLine]:
    """Return the comment at the end of a line that goes as a line of its own; what it tells of that line goes too."""
    return [cst.EmptyLine(comment=trailing.comment)] if trailing.comment and not _is_directive(trailing) else []


def opening_of(suite: cst.BaseSuite) -> list[cst.EmptyLine]:
    """Return the comment on the line that opens a block, as a line of its own; for when that line goes."""
    return alone(suite.header) if isinstance(suite, cst.IndentedBlock) else []


def _is_directive(trailing: cst.TrailingWhitespace) -> bool:
    return bool(trailing.comment and _DIRECTIVE.match(trailing.comment.value))


def settled(block: _Block) -> _Block:
    """Return a block with comment lines among its statements put where libcst has them, and no block empty."""
    if block.body and not any(isinstance(item, cst.EmptyLine) for item in cast("Sequence[Item]", block.body)):
        return block
    body: list[Any] = []
    waiting: list[cst.EmptyLine] = []
    for item in cast("Sequence[Item]", block.body):
        if isinstance(item, cst.EmptyLine):
            waiting.append(item)
            continue
        body.extend(above(waiting, [item]) if waiting else [item])
        waiting = []
    if not body and isinstance(block, cst.IndentedBlock):
        body.append(cst.SimpleStatementLine([cst.Pass()]))
    return block.with_changes(body=body, footer=[*waiting, *block.footer])


def lines_of(suite: cst.BaseSuite, opening: bool = True) -> list[Item]:
    """Return the statements of a block to be put elsewhere, with all its comments; a semicolon line stays one line.

    Args:
        suite: the block.
        opening: whether the line that opens the block goes, so that its comment becomes a line of its own.
    """
    if isinstance(suite, cst.SimpleStatementSuite):
        line = cst.SimpleStatementLine(suite.body, trailing_whitespace=suite.trailing_whitespace)
        return [line]
    block = cst.ensure_type(suite, cst.IndentedBlock)
    return [*above(opening_of(block) if opening else [], list(block.body)), *comments(block.footer)]


def as_block(suite: cst.BaseSuite) -> cst.IndentedBlock:
    """Return a block as an indented one."""
    if isinstance(suite, cst.IndentedBlock):
        return suite
    return cst.IndentedBlock(cast(Any, lines_of(suite)))


def block_of(items: Sequence[Item]) -> cst.IndentedBlock:
    """Return statements and comment lines as an indented block."""
    return settled(cst.IndentedBlock(cast(Any, [as_line(item) for item in items])))


def block_in_place_of(suite: cst.BaseSuite, items: Sequence[Item]) -> cst.IndentedBlock:
    """Return statements and comment lines as a block that is opened by the same line as another one."""
    block = block_of(items)
    return block.with_changes(header=suite.header) if isinstance(suite, cst.IndentedBlock) else block


def is_idle(suite: cst.BaseSuite) -> bool:
    """Tell whether a block holds nothing but ``pass`` and ``...``."""
    return all(
        isinstance(small, cst.Pass) or (isinstance(small, cst.Expr) and isinstance(small.value, cst.Ellipsis))
        for line in lines_of(suite)
        if not isinstance(line, cst.EmptyLine)
        for small in (line.body if isinstance(line, cst.SimpleStatementLine) else [line])
    )


def remarks(handler: cst.ExceptHandler) -> list[Item]:
    """Return the comments of a handler that goes, as lines; what they tell other tools of its lines goes too."""
    found = comments(handler.leading_lines)
    for line in lines_of(handler.body):
        if isinstance(line, cst.EmptyLine):
            found.append(line)
            continue
        found.extend(comments(getattr(line, "leading_lines", ())))
        trailing = getattr(line, "trailing_whitespace", None)
        if trailing is not None and trailing.comment:
            found.append(cst.EmptyLine(comment=trailing.comment))
    return [line for line in found if line.comment and not _DIRECTIVE.match(line.comment.value)]


def moved_left(node: cst.BaseExpression, before: cst.BaseParenthesizableWhitespace) -> cst.BaseExpression:
    """Return an expression that began a line of its own as it is written behind other things on a line.

    Args:
        node: the expression, perhaps of several lines.
        before: what stands before it where it is.
    """
    if not isinstance(before, cst.ParenthesizedWhitespace):
        return node
    return cast("cst.BaseExpression", node.visit(_Left(before.last_line.value)))


class _Left(cst.CSTTransformer):
    """Takes an indentation away where a line in parentheses has it."""

    def __init__(self, indentation: str) -> None:
        super().__init__()
        self._indentation = indentation

    def leave_ParenthesizedWhitespace(
        self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
    ) -> cst.ParenthesizedWhitespace:
        return updated_node.with_changes(last_line=self._without(updated_node.last_line))

    def leave_EmptyLine(self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine) -> cst.EmptyLine:
        return updated_node.with_changes(whitespace=self._without(updated_node.whitespace))

    def _without(self, space: cst.SimpleWhitespace) -> cst.SimpleWhitespace:
        return space.with_changes(value=space.value.removeprefix(self._indentation))
