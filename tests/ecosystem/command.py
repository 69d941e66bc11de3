"""Runs the command over a folder, as a user would, whatever is configured around it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

# The newest API is known, so that nothing is passed over for the Python that happens to run this.
NEWEST = ("--exclude=", "--cancel-target-version=3.12")
_OPTIONS = ("--isolated", "--jobs=1", "--no-cache", "--output-format=json")
_UNPARSED, _NOT_FIXED = ": cannot be parsed: ", " not fixed: "


class Ran(NamedTuple):
    """What one run of the command said.

    Attributes:
        report: its report for programs; empty where it wrote none.
        unparsed: how many files this Python cannot parse: templates, and syntax of a later one.
        crashes: what was said on stderr, other than that and why something is not fixed.
    """

    report: Mapping[str, Any]
    unparsed: int
    crashes: tuple[str, ...]


def run(folder: Path, *options: str, paths: Sequence[str] = (".",)) -> Ran:
    """Run the command in a folder.

    Args:
        folder: where; the paths of the report are seen from here.
        options: of the command.
        paths: the files and folders to look at.
    """
    command = [sys.executable, "-m", "flake8_cancel", *_OPTIONS, *options, *paths]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    said = done.stderr.splitlines()
    crashes = [line for line in said if _UNPARSED not in line and _NOT_FIXED not in line]
    if done.returncode not in ((0, 1, 2) if said else (0, 1)):
        crashes.append(f"the command ended with {done.returncode}")
    report = json.loads(done.stdout or '{"findings": [], "fixed": [], "not_fixed": []}')
    return Ran(report, sum(_UNPARSED in line for line in said), tuple(crashes))
