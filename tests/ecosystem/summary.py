"""The stored summary of the last run, and how another run differs from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.ecosystem.measuring import Found, Measured
from tests.ecosystem.packages import Package

STORED = Path(__file__).with_name("summary.json")


class Entry(NamedTuple):
    """What is stored of a package: nothing that depends on the machine."""

    lines: int
    coroutines: int
    unparsed: int
    findings: tuple[Found, ...]
    crashes: tuple[str, ...]


Summary = Mapping[Package, Entry]


def summary_of(measured: Mapping[Package, Measured]) -> Summary:
    """Return what is to be stored of a run."""
    return {package: Entry(*one[:-1]) for package, one in measured.items()}


def load(path: Path = STORED) -> Summary:
    """Read a summary; there is none before the first run."""
    if not path.exists():
        return {}
    return {
        Package(*pin.split("==")): Entry(
            one["lines"],
            one["coroutines"],
            one["unparsed"],
            tuple(map(_found, one["findings"])),
            tuple(one["crashes"]),
        )
        for pin, one in json.loads(path.read_text()).items()
    }


def save(summary: Summary, path: Path = STORED) -> None:
    """Write a summary, one finding a line, so that a change is read as a diff."""
    stored = {
        str(package): {**one._asdict(), "findings": [f"{at.path}:{at.line}: {at.code}" for at in one.findings]}
        for package, one in sorted(summary.items())
    }
    path.write_text(json.dumps(stored, indent=1) + "\n")


def differences(before: Summary, after: Summary) -> list[str]:
    """Return what is new (``+``) and gone (``-``) in the packages that both runs looked at."""
    lines = []
    for package in sorted(set(before) & set(after)):
        old, new = ({*one.findings, *one.crashes} for one in (before[package], after[package]))
        lines += [f"- {package} {_line(one)}" for one in sorted(old - new, key=_line)]
        lines += [f"+ {package} {_line(one)}" for one in sorted(new - old, key=_line)]
    return lines


def _line(one: Found | str) -> str:
    return one if isinstance(one, str) else f"{one.path}:{one.line}: {one.code}"


def _found(line: str) -> Found:
    place, _, code = line.rpartition(": ")
    path, _, number = place.rpartition(":")
    return Found(path, int(number), code)
