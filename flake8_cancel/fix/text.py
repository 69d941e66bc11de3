"""The text around libcst: parsing it, and putting back what libcst does not keep."""

from __future__ import annotations

import difflib
import io
import itertools
import tokenize
from collections.abc import Sequence

import libcst as cst

from flake8_cancel.source import UndecodableError, decode, split_lines


class UnparsableError(ValueError):
    """libcst cannot work on the file; the message is the reason, in one line."""


def read(data: bytes) -> tuple[str, str]:
    """Return the text of a file and the encoding that turns it into the same bytes again.

    Args:
        data: the bytes of the file.

    Raises:
        UnparsableError: they are no text, or the encoding does not give the same bytes back.
    """
    try:
        text = decode(data)
    except UndecodableError as error:
        raise UnparsableError(str(error)) from None
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    if text.encode(encoding) != data:
        raise UnparsableError(f"encoding it as {encoding} gives other bytes than it has")
    return text, encoding


def parse(text: str) -> cst.Module:
    """Parse a text with libcst.

    Args:
        text: the source text.

    Raises:
        UnparsableError: libcst cannot parse it.
    """
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        first = error.message.split("\n", 1)[0].strip()
        raise UnparsableError(f"libcst cannot parse line {error.raw_line}: {first}") from None
    except RecursionError:
        raise UnparsableError("it is nested too deeply for libcst") from None


def lost_columns(lines: Sequence[str], kept: Sequence[str]) -> dict[int, int]:
    """Return how many characters libcst dropped at the beginning of which line: form feeds before a statement.

    Args:
        lines: the lines of the text.
        kept: the lines of what libcst made of it.

    Raises:
        UnparsableError: it changed something else.
    """
    if len(lines) != len(kept):
        raise UnparsableError("libcst does not keep its lines as they are")
    lost = {}
    for number, (line, same) in enumerate(zip(lines, kept, strict=True), start=1):
        if line == same:
            continue
        begun = line.rstrip("\r\n")
        if begun.lstrip("\f") != same.rstrip("\r\n"):
            raise UnparsableError(f"libcst does not keep line {number} as it is")
        lost[number] = len(begun) - len(begun.lstrip("\f"))
    return lost


def restored(lines: Sequence[str], kept: Sequence[str], changed: str) -> str:
    """Return a changed text in which every line that was not changed is as it was before libcst.

    Args:
        lines: the lines of the text.
        kept: the lines of what libcst made of it.
        changed: what became of that.
    """
    if list(lines) == list(kept):
        return changed
    new = split_lines(changed)
    matcher = difflib.SequenceMatcher(None, kept, new, autojunk=False)
    parts: list[str] = []
    for what, first, last, new_first, new_last in matcher.get_opcodes():
        if what == "equal":
            parts.extend(lines[first:last])
            continue
        # Line for line, as far as that goes: else the form feed stays with the first.
        count = last - first if last - first == new_last - new_first else min(1, last - first)
        lost = [line[: len(line) - len(line.lstrip("\f"))] for line in lines[first : first + count]]
        parts.extend(map("".join, itertools.zip_longest(lost, new[new_first:new_last], fillvalue="")))
    return "".join(parts)
