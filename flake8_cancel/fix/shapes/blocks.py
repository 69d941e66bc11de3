"""Finds the block of a statement, and its lines one by one."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from flake8_cancel.fix.edit import NoFixError
from flake8_cancel.fix.lines import Item, lines_of, with_leading


def block_with(owner: cst.CSTNode, statement: cst.CSTNode) -> cst.BaseSuite:
    """Return the block that holds a statement, as one of its own.

    Args:
        owner: a node around it.
        statement: a small or compound statement.

    Raises:
        NoFixError: there is no such block.
    """
    waiting: list[cst.CSTNode] = [owner]
    while waiting:
        node = waiting.pop()
        if isinstance(node, cst.BaseSuite) and any(_is_or_has(item, statement) for item in node.body):
            return node
        waiting.extend(node.children)
    raise NoFixError("the statement stands in no block")


def one_by_one(block: cst.BaseSuite, wanted: Sequence[cst.CSTNode]) -> tuple[list[Item], list[int]]:
    """Return the statements of a block, and which of them are wanted ones.

    A line with semicolons is taken apart if a wanted statement stands on it.

    Args:
        block: the block.
        wanted: small or compound statements.

    Raises:
        NoFixError: they do not all stand in this block.
    """
    items: list[Item] = []
    numbers: dict[cst.CSTNode, int] = {}
    for line in block.body if isinstance(block, cst.IndentedBlock) else lines_of(block):
        if isinstance(line, cst.SimpleStatementLine) and any(node in line.body for node in wanted):
            numbers.update({small: len(items) + number for number, small in enumerate(line.body)})
            items.extend(_apart(line))
        else:
            numbers[line] = len(items)
            items.append(line)
    if any(node not in numbers for node in wanted):
        raise NoFixError("the statements stand in different blocks")
    return items, [numbers[node] for node in wanted]


def _is_or_has(item: cst.CSTNode, statement: cst.CSTNode) -> bool:
    return item is statement or (isinstance(item, cst.SimpleStatementLine) and statement in item.body)


def _apart(line: cst.SimpleStatementLine) -> list[Item]:
    if len(line.body) == 1:
        return [line]
    *before, last = [small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT) for small in line.body]
    lines = [*(cst.SimpleStatementLine([small]) for small in before), line.with_changes(body=[last], leading_lines=())]
    return with_leading(lines, line.leading_lines)
