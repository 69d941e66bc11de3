"""Jumps that leave a ``finally`` block, put behind it."""

from __future__ import annotations

import libcst as cst

from flake8_cancel.fix.lines import Item, above, as_block, as_line, comments, lines_of
from flake8_cancel.fix.splice import Replacement


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
    opening = [cst.EmptyLine(comment=body.header.comment)] if body.header.comment else []
    behind = [*above([*comments(final.leading_lines), *opening], [jump]), *footer]
    if node.handlers:
        return cst.FlattenSentinel([node.with_changes(finalbody=None), *behind])
    return cst.FlattenSentinel(above(node.leading_lines, [*lines_of(node.body), *behind]))
