"""The parts of a source text that nobody has parsed yet: its outermost functions, and what stands outside of them.

Functions are found by indentation; where that is in doubt a text is longer than the function, never shorter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Where a function may begin, or end that stands before it; the line is found by the end of the one before.
# No groups: each would be written down at every line.
_LINES = re.compile(r"\n[ \t]*(?:@|(?:async[ \t]+)?def\b|class\b)")
# The same, where comments and strings are passed over whole. Each branch begins with a letter of its own, which makes
# the search several times as fast.
_TOKENS = re.compile(
    rf"""
    \#[^\n]*
    | \"{{3}}[^\"\\]*(?:(?:\\.|\"(?!\"\"))[^\"\\]*)*\"{{3}}
    | '{{3}}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'{{3}}
    | "[^"\\\n]*(?:\\(?:\r\n|.)[^"\\\n]*)*"
    | '[^'\\\n]*(?:\\(?:\r\n|.)[^'\\\n]*)*'
    | {_LINES.pattern}
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSER_LOOK = re.compile(r"[#'\"]|[fFtT][rR]?\Z")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_SPLIT_ASYNC = re.compile(r"async[ \t]*\\")


class _Piece(NamedTuple):
    """A function or the head of a class, up to where the next one begins.

    Attributes:
        begin: where it begins, with its decorators.
        start: where its own line begins.
        end: where the next one begins.
        indent: how far a function is indented, -1 for a class.
    """

    begin: int
    start: int
    end: int
    indent: int


def functions(text: str) -> Iterator[str]:
    """Yield texts in which every outermost function is whole, with its decorators.

    Args:
        text: the source; it need not be Python.
    """
    if _is_doubtful(text):
        yield text
        return
    text = f"\n{text}"
    for piece in _pieces(text):
        if piece.indent >= 0:
            yield text[piece.begin : piece.end]


def outside(text: str) -> str:
    """Return all that stands outside of functions; some of it may stand in a function's text too.

    Args:
        text: the source; it need not be Python.
    """
    if _is_doubtful(text):
        return text
    text = f"\n{text}"
    pieces = _pieces(text)
    first = pieces[0].start if pieces else len(text)
    return "".join([text[:first], *(_left_over(text, piece) for piece in pieces)])


def _is_doubtful(text: str) -> bool:
    """Tell whether the text must stay whole."""
    # A form feed makes indentation start anew, a lone return ends a line, `async` may be continued on the next one.
    return "\f" in text or ("\r" in text and _LONE_RETURN.search(text) is not None) or bool(_SPLIT_ASYNC.search(text))


def _pieces(text: str) -> list[_Piece]:
    """Return the outermost functions and the classes around them."""
    found: list[_Piece] = []
    decorated: int | None = None
    # Where the open function and its decorators begin, and how far it is indented.
    begin = start = 0
    indent = -2
    for line in _beginnings(text):
        word = line[0].lstrip()
        indented = len(line[0]) - len(word) - 1
        if 0 <= indent < indented:
            continue
        if word == "@":
            decorated = line.start() if decorated is None else decorated
            continue
        if indent >= -1:
            found.append(_Piece(begin, start, line.start(), indent))
        start = line.start()
        begin = start if decorated is None else decorated
        indent = -1 if word == "class" else indented
        decorated = None
    if indent >= -1:
        found.append(_Piece(begin, start, len(text), indent))
    return found


def _beginnings(text: str) -> Iterator[re.Match[str]]:
    """Yield the lines, outside of strings, where a function, a class or its decorator begins."""
    strings = _long_strings(text)
    if strings is None:
        yield from (token for token in _TOKENS.finditer(text) if token[0][0] == "\n")
        return
    strings.append((len(text), len(text)))
    number = 0
    for line in _LINES.finditer(text):
        while strings[number][1] < line.start():
            number += 1
        if line.start() < strings[number][0]:
            yield line


def _long_strings(text: str) -> list[tuple[int, int]] | None:
    """Return where strings of several lines begin and end; None where it takes a closer look to tell."""
    if "'''" in text or "\\\n" in text or "\\\r" in text:
        return None
    found: list[tuple[int, int]] = []
    end = 0
    while (begin := text.find('"""', end)) >= 0:
        before = text[max(end, text.rfind("\n", 0, begin)) : begin]
        end = text.find('"""', begin + 3) + 3
        inside = text[begin:end]
        # A comment, another string, an escaped quote, or a string that may hold strings of its own.
        if end < 3 or _CLOSER_LOOK.search(before) or '\\"' in inside or text[end : end + 1] == '"':
            return None
        found.append((begin, end))
    return found


def _left_over(text: str, piece: _Piece) -> str:
    """Return what follows a function before the next one begins; all of it where there is no function."""
    if piece.indent < 0:
        return text[piece.start : piece.end]
    # Not the function's own line. A closing bracket may stand below its name and belong to it.
    dedented = re.compile(rf"\n[ \t]{{0,{piece.indent}}}(?=[^\s)\]}}#])").search(text, piece.start + 1, piece.end)
    return text[dedented.start() : piece.end] if dedented else ""
