"""Jumps: put behind the ``finally`` block that they leave, or a pause before them."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from flake8_cancel.fix.lines import Item, above, as_block, as_line, comments, is_idle, lines_of, opening_of
from flake8_cancel.fix.splice import Replacement, spliced


def jump_behind(node: cst.Try) -> Replacement:
    """Return a ``try`` statement and behind it the jump that its ``finally`` ended with.

    A ``finally`` with nothing else in it goes, and the ``try`` too when it has no handlers.

    Args:
        node: the ``try`` statement.
    """
    final = cst.ensure_type(node.finalbody, cst.Finally)
    body = as_block(final.body)
    *rest, last = body.body
    jump: Item = last
    if isinstance(last, cst.SimpleStatementLine) and len(last.body) > 1:
        *others, small = last.body
        others[-1] = others[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        rest.append(last.with_changes(body=others))
        jump = as_line(small)
    footer = comments(body.footer)
    if rest:
        kept = final.with_changes(body=body.with_changes(body=rest, footer=()))
        return cst.FlattenSentinel([node.with_changes(finalbody=kept), jump, *footer])
    behind = [*above([*comments(final.leading_lines), *opening_of(body)], [jump]), *footer]
    if node.handlers:
        return cst.FlattenSentinel([node.with_changes(finalbody=None), *behind])
    return cst.FlattenSentinel(above(node.leading_lines, [*lines_of(node.body), *behind]))


def turned(loop: cst.While, jumps: Sequence[cst.CSTNode], pause: cst.Expr, at_end: bool) -> cst.While:
    """Return a loop that pauses at the end of some of its turns.

    Args:
        loop: the loop.
        jumps: the ``continue`` statements of it before which it is to pause.
        pause: the statement that pauses.
        at_end: whether it is also to pause where its body ends.
    """
    changed = spliced(loop, {jump: cst.FlattenSentinel([pause, jump]) for jump in jumps})
    if not at_end:
        return changed
    body = as_block(changed.body)
    match body.body:
        case [cst.SimpleStatementLine(body=[idle])] if is_idle(body):
            return changed.with_changes(body=spliced(body, {idle: pause}))
    return changed.with_changes(body=body.with_changes(body=[*body.body, cst.SimpleStatementLine([pause])]))
