"""Checks one package with the command, as a user would, and counts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

_UNPARSED = ": cannot be parsed: "
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
    # The newest API is known, so that nothing is passed over for the Python that happens to run this.
    options = ("--isolated", "--jobs=1", "--exclude=", "--cancel-target-version=3.12", "--output-format=json")
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "flake8_cancel", *options, "."], cwd=folder, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - begun
    return Measured(
        lines=sum(text.count(b"\n") for text in texts),
        coroutines=sum(len(_COROUTINE.findall(text)) for text in texts),
        unparsed=sum(_UNPARSED in line for line in done.stderr.splitlines()),
        findings=_findings(done.stdout),
        crashes=tuple(_crashes(done)),
        seconds=seconds,
    )


def _findings(report: str) -> tuple[Found, ...]:
    if not report:
        return ()
    found = json.loads(report)["findings"]
    return tuple(sorted(Found(one["path"].removeprefix("./"), one["line"], one["code"]) for one in found))


def _crashes(done: subprocess.CompletedProcess[str]) -> list[str]:
    said = [line for line in done.stderr.splitlines() if _UNPARSED not in line]
    expected = (0, 1, 2) if done.stderr else (0, 1)
    return said if done.returncode in expected else [*said, f"the command ended with {done.returncode}"]
