"""What stands between the elements of a list when its last one goes."""

from __future__ import annotations

import libcst as cst
from libcst import matchers

from flake8_cancel.fix.edit import NoFixError

_Comma = cst.Comma | cst.MaybeSentinel


def closing(comma: _Comma, last: _Comma) -> _Comma:
    """Return the comma of an element that becomes the last, with the comment that stands behind it.

    Args:
        comma: its comma.
        last: the comma of the element that was the last, if that had one.

    Raises:
        NoFixError: the comment would have no place.
    """
    if not isinstance(comma, cst.Comma) or not matchers.findall(comma, matchers.Comment()):
        return last
    if isinstance(last, cst.Comma):
        match comma.whitespace_after, last.whitespace_after:
            case cst.ParenthesizedWhitespace() as space, cst.ParenthesizedWhitespace(indent=indent, last_line=line):
                return last.with_changes(whitespace_after=space.with_changes(indent=indent, last_line=line))
    raise NoFixError("a comment stands between the elements")
