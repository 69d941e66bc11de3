"""Lets the cancellation through where a handler or a ``suppress`` takes it: what the rules on lost ones share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import libcst as cst
from libcst import matchers

from flake8_cancel.code.lost.remedies import ABOVE, DROP, FINALLY, NARROW, RAISE, RAISE_CANCELLED, REMOVE, SPLIT
from flake8_cancel.fix.edit import NoFixError
from flake8_cancel.fix.lines import Item, as_block, remarks
from flake8_cancel.fix.shapes import (
    clause_above,
    finished,
    remove_handler,
    reraise_at_end,
    split_tuple,
    without_suppressed,
)
from flake8_cancel.fix.splice import Replacement, spliced

if TYPE_CHECKING:
    from flake8_cancel.fix.edit import Edit

_CANCELLED_ERROR = "asyncio.CancelledError"
_JUMPS = (cst.Return, cst.Break, cst.Continue)


def let_through(node: cst.CSTNode, edit: Edit) -> Replacement:
    """Return what replaces a handler, or a statement around it, when it lets the cancellation through.

    Args:
        node: the target of the repair, as ``code.remedies`` describes it.
        edit: the repair; its first word is the way, its second, if there is one, tells of cleanup behind.

    Raises:
        NoFixError: the names that are needed mean something else here, or the cleanup cannot go into a ``finally``.
    """
    way = _WAYS[edit.words[0]]
    if FINALLY not in edit.words:
        return way(node, edit, edit.nodes)
    statement, target, *marks, first, last = edit.nodes
    replacement = way(target, edit, marks)
    if target is not statement:
        replacement = spliced(statement, {target: replacement})
    return finished(node, statement, replacement, first, last)


def _remove(node: cst.CSTNode, edit: Edit, nodes: Sequence[cst.CSTNode]) -> Replacement:
    """Take the handler away; what its comments say goes below what was tried."""
    block, handler = cst.ensure_type(node, cst.Try), cst.ensure_type(nodes[0], cst.ExceptHandler)
    kept = remarks(handler)
    if not kept:
        return remove_handler(block, handler)
    if block.finalbody or len(block.handlers) > 1:
        # There the comments need a statement to stand at.
        last_line = block.body if block.orelse is None else block.orelse.body
        return remove_handler(_with_footer(block, last_line, kept), handler)
    replacement = remove_handler(block, handler)
    return cst.FlattenSentinel([*cast("Sequence[Item]", replacement), *kept])


def _raise(node: cst.CSTNode, edit: Edit, nodes: Sequence[cst.CSTNode]) -> Replacement:
    handler = cst.ensure_type(node, cst.ExceptHandler)
    last = _last(handler)
    if not isinstance(last, cst.Raise):
        return reraise_at_end(handler)
    return _without_unused_name(spliced(_without_message(handler, last), {last: cst.Raise()}))


def _above(node: cst.CSTNode, edit: Edit, nodes: Sequence[cst.CSTNode]) -> Replacement:
    return clause_above(cst.ensure_type(node, cst.ExceptHandler), edit.name(_CANCELLED_ERROR))


def _split(node: cst.CSTNode, edit: Edit, nodes: Sequence[cst.CSTNode]) -> Replacement:
    handler = cst.ensure_type(node, cst.ExceptHandler)
    if handler.type and matchers.findall(handler.type, matchers.Comment()):
        raise NoFixError("a comment among the classes would be lost")
    return split_tuple(handler, nodes)


def _raise_cancelled(node: cst.CSTNode, edit: Edit, nodes: Sequence[cst.CSTNode]) -> Replacement:
    """Raise at the end of the handler, before it jumps, what it took if that is a cancellation."""
    handler = cst.ensure_type(node, cst.ExceptHandler)
    if handler.name is None:
        name = edit.fresh("error")
        handler = handler.with_changes(
            type=handler.type or edit.name("BaseException"),
            name=cst.AsName(cst.Name(name)),
            whitespace_after_except=cst.SimpleWhitespace(" "),
        )
    else:
        name = cst.ensure_type(handler.name.name, cst.Name).value
    test = edit.statement("if isinstance({name}, {error}):\n    raise\n", name=name, error=edit.name(_CANCELLED_ERROR))
    last = _last(handler)
    if isinstance(last, _JUMPS):
        return spliced(handler, {last: cst.FlattenSentinel([test, last])})
    body = as_block(handler.body)
    return handler.with_changes(body=body.with_changes(body=[*body.body, test]))


def _narrow(node: cst.CSTNode, edit: Edit, nodes: Sequence[cst.CSTNode]) -> Replacement:
    """Suppress Exception in place of BaseException."""
    exception = edit.name("Exception")
    return spliced(cst.ensure_type(node, cst.With), dict.fromkeys(nodes[1:], exception))


def _drop(node: cst.CSTNode, edit: Edit, nodes: Sequence[cst.CSTNode]) -> Replacement:
    call, *cancelled = nodes
    return without_suppressed(cst.ensure_type(node, cst.With), cst.ensure_type(call, cst.Call), cancelled)


_WAYS: dict[str, Callable[[cst.CSTNode, Edit, Sequence[cst.CSTNode]], Replacement]] = {
    REMOVE: _remove,
    RAISE: _raise,
    ABOVE: _above,
    SPLIT: _split,
    RAISE_CANCELLED: _raise_cancelled,
    NARROW: _narrow,
    DROP: _drop,
}


def _without_message(handler: cst.ExceptHandler, raising: cst.Raise) -> cst.ExceptHandler:
    """Return a handler without the string that is made only for the ``raise`` at its end: ``msg = "..."``."""
    lines = list(handler.body.body)
    line = lines[-2] if len(lines) > 1 else None
    match line:
        case cst.SimpleStatementLine(body=[cst.Assign(targets=[cst.AssignTarget(cst.Name(name))], value=value)]):
            is_string = isinstance(value, cst.BaseString) and not matchers.findall(value, matchers.Call())
            if is_string and _mentions(raising, name) and not matchers.findall(line, matchers.Comment()):
                del lines[-2]
    return handler.with_changes(body=handler.body.with_changes(body=lines))


def _without_unused_name(handler: cst.ExceptHandler) -> cst.ExceptHandler:
    """Return a handler that gives what it takes no name, if nothing in it mentions that."""
    if handler.name and not _mentions(handler.body, cst.ensure_type(handler.name.name, cst.Name).value):
        return handler.with_changes(name=None)
    return handler


def _mentions(node: cst.CSTNode, name: str) -> bool:
    return bool(matchers.findall(node, matchers.Name(name)))


def _last(handler: cst.ExceptHandler) -> cst.CSTNode:
    last = handler.body.body[-1]
    return last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last


def _with_footer(block: cst.Try, suite: cst.BaseSuite, lines: Sequence[Item]) -> cst.Try:
    """Return a ``try`` statement with comment lines at the end of one of its blocks."""
    body = as_block(suite)
    longer = body.with_changes(footer=[*body.footer, *lines])
    if block.orelse is not None and suite is block.orelse.body:
        return block.with_changes(orelse=block.orelse.with_changes(body=longer))
    return block.with_changes(body=longer)
