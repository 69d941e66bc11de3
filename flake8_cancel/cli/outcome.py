"""What became of one file, and how names and reasons are put on one line."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import NamedTuple

from flake8_cancel.finding import Finding


class Problem(NamedTuple):
    """Why something could not be checked, fixed or written. ``line`` and ``column`` count from 1; 0 is "nowhere"."""

    path: str
    reason: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return the one line for the user, beginning as a finding does."""
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{printable(self.path)}{place}: {' '.join(self.reason.split())}"


class Outcome(NamedTuple):
    """What became of one file.

    Attributes:
        path: the file as flake8 names it.
        findings: what remains to be reported, in places of the file as it is now.
        lines: the lines of source that the findings and their paths stand on, by number.
        fixed: the findings that were mended, or would be with ``--diff``.
        refused: mendings that were taken back, each with the reason.
        problems: why the file could not be checked, fixed or written.
        notes: what the user should know, though nothing is wrong.
        diff: what fixing would change, as a unified diff.
        content: the bytes to be written to standard output, if the file is standard input.
        digest: of the bytes that were checked, empty when there were none.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    lines: Mapping[int, str] = {}
    fixed: tuple[Finding, ...] = ()
    refused: tuple[tuple[Finding, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    diff: bytes = b""
    content: bytes | None = None
    digest: str = ""


def printable(path: str) -> str:
    """Return a file's name as it can be printed on one line: odd bytes and control characters are escaped."""
    return escaped(os.fsencode(path).decode("utf-8", "backslashreplace"))


def escaped(text: str) -> str:
    """Return a text as it can be printed on one line, whatever characters it holds."""
    # Nearly every text is, and one question is asked faster than one for each character.
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def reason_of(error: OSError) -> str:
    """Return what went wrong, in words without the file's name."""
    if error.errno == errno.ELOOP:
        return "its symbolic links run in a circle"
    return (error.strerror or str(error)).lower()
