"""``with`` blocks: opened around statements, taken away, or left with fewer managers or arguments."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from flake8_cancel.fix.lines import above, as_block, block_of, comments, lines_of, parted
from flake8_cancel.fix.shapes.commas import closing
from flake8_cancel.fix.splice import Replacement


def unwrapped(node: cst.With) -> Replacement:
    """Return the statements of a ``with`` block in its place.

    Args:
        node: the ``with`` or ``async with`` statement.
    """
    return cst.FlattenSentinel(above(node.leading_lines, lines_of(node.body)))


def without_item(node: cst.With, item: cst.WithItem) -> Replacement:
    """Return a ``with`` statement without one of its items; without its last one, its statements.

    Args:
        node: the ``with`` or ``async with`` statement.
        item: the item of it that goes.
    """
    left = [other for other in node.items if other is not item]
    if not left:
        return unwrapped(node)
    if left[-1] is not node.items[-1]:
        left[-1] = left[-1].with_changes(comma=closing(left[-1].comma, node.items[-1].comma))
    return node.with_changes(items=left)


def without_argument(call: cst.Call, values: Sequence[cst.CSTNode]) -> cst.Call:
    """Return a call without some of its arguments.

    Args:
        call: the call.
        values: the values of the arguments that go, or the arguments themselves.
    """
    left = [argument for argument in call.args if argument not in values and argument.value not in values]
    if left and left[-1] is not call.args[-1]:
        last = call.args[-1]
        comma = closing(left[-1].comma, last.comma)
        left[-1] = left[-1].with_changes(comma=comma, whitespace_after_arg=last.whitespace_after_arg)
    return call.with_changes(args=left)


def without_suppressed(node: cst.With, call: cst.Call, values: Sequence[cst.CSTNode]) -> Replacement:
    """Return a ``with suppress(...)`` that lets some classes through; the item goes when it would suppress nothing.

    Args:
        node: the ``with`` statement.
        call: the call of ``suppress``, the expression of one of its items.
        values: the arguments that go.
    """
    narrowed = without_argument(call, values)
    item = next(item for item in node.items if item.item is call)
    if not narrowed.args:
        return without_item(node, item)
    changed = item.with_changes(item=narrowed)
    return node.with_changes(items=[changed if other is item else other for other in node.items])


def enclosed(
    statements: Sequence[cst.BaseStatement], manager: cst.BaseExpression, name: str = "", asynchronous: bool = True
) -> cst.With:
    """Return statements in a ``with`` block.

    Args:
        statements: the statements, with their comments; blank lines above the first go above the ``with``.
        manager: the context manager.
        name: what it is called ``as``, if anything.
        asynchronous: whether it is an ``async with``.
    """
    first, *more = statements
    blank, own = parted(getattr(first, "leading_lines", ()))
    item = cst.WithItem(manager, cst.AsName(cst.Name(name)) if name else None)
    return cst.With(
        [item],
        block_of([first.with_changes(leading_lines=own), *more]),
        asynchronous=cst.Asynchronous() if asynchronous else None,
        leading_lines=blank,
    )


def tried_around(node: cst.With, block: cst.Try) -> cst.Try:
    """Return a ``with`` block that holds nothing but a ``try`` turned inside out.

    Args:
        node: the ``with`` or ``async with`` statement.
        block: the ``try``, the one statement in it; it has one handler and nothing else.
    """
    suite, inside = as_block(node.body), as_block(block.body)
    limited = node.with_changes(
        body=inside.with_changes(header=suite.header), leading_lines=comments(block.leading_lines)
    )
    (handler,) = block.handlers
    handled = as_block(handler.body)
    handled = handled.with_changes(footer=[*handled.footer, *comments(suite.footer)])
    return block.with_changes(
        body=block_of([limited]).with_changes(header=inside.header),
        handlers=[handler.with_changes(body=handled)],
        leading_lines=node.leading_lines,
    )
