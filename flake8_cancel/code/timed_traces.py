"""What the text of a function or a file shows, before it is parsed, of the deadlines in it.

As in ``traces`` each question is a word for ``Rule.needs``: it may say yes for nothing, and never says no where a rule
could find something.
"""

from __future__ import annotations

import re

from flake8_cancel.code.patterns import line_before, speaks_of

# The name of a scope, as it is called, asked of a module, or imported.
_SCOPE = re.compile(r"timeout(?:_at)?")
# The letters first, for they are looked for much faster than the end of a word.
_WHOLE_SCOPE = re.compile(r"timeout(?<!\wtimeout)(?:_at)?\b")
_CALL = re.compile(r"[\s\\]*\(")
_ASKED = re.compile(r"(?:(?<!self)\.[\s\\]*|\bimport\b.*|^[ \t]*)\Z")
_ENTERED = re.compile(r"\bwith[ \t]+[\w.]*\Z")
_BOUND = re.compile(r"=[ \t]*[\w.]*\Z")

_ASYNC_WITH = re.compile(r"async[\s\\]+with\b")
_HEADER = re.compile(r"^(?P<indent> *)async +with\b[^\n]*", re.MULTILINE)
_CATCHER = re.compile(r"^( *)(?:except|with)\b", re.MULTILINE)
# What may keep a block from coming to the lines below it.
_TURN = re.compile(r"\b(?:break|continue|raise|return|while|yield)\b[^\n]*")
# A method of something may always suspend; a function may be one of this file that never does.
_SUSPENSION = re.compile(r"\b(?:await +[A-Za-z_]\w* *\.|async +for\b)")
_UNSURE = re.compile(r"\b(?:def|lambda|sleep)\b|\"{3}|'{3}")
_QUOTED = re.compile(r"[#\"']")

_AWAIT = re.compile(r"await(?<!\wawait)\b(?P<call>[ \t]+[\w.]+[ \t]*\()?")
_WAIT_FOR = re.compile(r"wait_for(?<!\wwait_for)\b(?P<call>[\s\\]*\([\s\\]*[\w.]+[\s\\]*\()?")


@speaks_of("timeout", "timeout_at")
def has_timeout_scope(text: str) -> bool:
    """Tell whether a text may use or import ``asyncio.timeout`` or its like, not only a parameter of that name."""
    return any(
        _CALL.match(text, found.end()) or _ASKED.search(line_before(text, found.start()))
        for found in _SCOPE.finditer(text)
    )


@speaks_of("timeout", "timeout_at")
def makes_timeout_aside(text: str) -> bool:
    """Tell whether a file may make a timeout elsewhere than where a block enters it, or give a scope another name."""
    return any(_is_aside(text, found) for found in _WHOLE_SCOPE.finditer(text))


def _is_aside(text: str, scope: re.Match[str]) -> bool:
    before = line_before(text, scope.start())
    if _CALL.match(text, scope.end()):
        return _ENTERED.search(before) is None
    if "import" in before:
        return " as " in _line_after(text, scope.end())
    return bool(_ASKED.search(before) or _BOUND.search(before))


def catches_in_async_block(text: str) -> bool:
    """Tell whether a clause, or a plain ``with``, may stand in the block of an ``async with``."""
    headers = _headers(text)
    if headers is None:
        return True
    return any(
        len(header["indent"]) < len(catcher[1])
        for header in headers
        for catcher in _CATCHER.finditer(text, header.end())
    )


def runs_async_block_through(text: str) -> bool:
    """Tell whether the block of an ``async with`` may come to its end without a suspension."""
    headers = _headers(text)
    return headers is None or not all(_suspends(_block(text, header)) for header in headers)


def _headers(text: str) -> list[re.Match[str]] | None:
    """Return the first line of each ``async with``; None where it takes a parser to tell what is in their blocks."""
    if "\t" in text or "\f" in text or "\r" in text:
        return None
    found = list(_HEADER.finditer(text))
    return found if len(found) == sum(1 for _ in _ASYNC_WITH.finditer(text)) else None


def _block(text: str, header: re.Match[str]) -> str:
    """Return the lines below a header that are indented further, or the first of them."""
    dedented = re.compile(rf"^ {{0,{len(header['indent'])}}}[^ \n]", re.MULTILINE).search(text, header.end())
    return text[header.end() : dedented.start() if dedented else len(text)]


def _suspends(block: str) -> bool:
    """Tell whether a block surely suspends before it can go elsewhere."""
    if _UNSURE.search(block):
        return False
    turn = _TURN.search(block)
    end = turn.end() if turn else len(block)
    return any(not _QUOTED.search(line_before(block, found.start())) for found in _SUSPENSION.finditer(block, 0, end))


@speaks_of("await", "wait_for")
def awaits_what_is_there(text: str) -> bool:
    """Tell whether something may be awaited, alone or by ``wait_for``, that is not called there."""
    return any(not found["call"] for pattern in (_AWAIT, _WAIT_FOR) for found in pattern.finditer(text))


def _line_after(text: str, at: int) -> str:
    return text[at:].partition("\n")[0]
