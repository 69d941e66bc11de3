"""Checks one package with the command, as a user would, and counts."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import NamedTuple

from tests.ecosystem import command

_COROUTINE = re.compile(rb"^[ \t]*async def ", re.MULTILINE)


class Found(NamedTuple):
    """A finding of a package, by what stays the same as long as its version does."""

    path: str
    line: int
    code: str


class Measured(NamedTuple):
    """What one run over one package gave.

    Attributes:
        lines: of all its Python files.
        coroutines: how many ``async def`` stand at the beginning of a line.
        unparsed: how many files this Python cannot parse: templates, and syntax of a later one.
        findings: of the default rules, in the order of their places.
        crashes: whatever else was said on stderr.
        seconds: how long it took on this machine.
    """

    lines: int
    coroutines: int
    unparsed: int
    findings: tuple[Found, ...]
    crashes: tuple[str, ...]
    seconds: float


def measure(folder: Path) -> Measured:
    """Check the files of a folder by the default rules, whatever is configured around it."""
    texts = [path.read_bytes() for path in sorted(folder.rglob("*.py")) if path.is_file()]
    begun = time.monotonic()
    ran = command.run(folder, *command.NEWEST)
    seconds = time.monotonic() - begun
    found = (Found(one["path"].removeprefix("./"), one["line"], one["code"]) for one in ran.report["findings"])
    return Measured(
        lines=sum(text.count(b"\n") for text in texts),
        coroutines=sum(len(_COROUTINE.findall(text)) for text in texts),
        unparsed=ran.unparsed,
        findings=tuple(sorted(found)),
        crashes=ran.crashes,
        seconds=seconds,
    )
