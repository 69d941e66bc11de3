"""Mends a copy of one package, first by the safe fixes, then by all, and looks at what became of it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from flake8_cancel import registry
from flake8_cancel.cli.diff import unified
from tests.ecosystem import command, elsewhere


class Step(NamedTuple):
    """What one kind of fixes made of a package.

    Attributes:
        fixed: how many findings it mended.
        left: how many it left.
        problems: what is wrong with the files it changed; nothing, if all is well.
        diff: what it changed.
    """

    fixed: int
    left: int
    problems: tuple[str, ...]
    diff: bytes


class Mended(NamedTuple):
    """What fixing made of a package.

    Attributes:
        lines: of all its Python files.
        findings: before anything was mended.
        safe: what the safe fixes did.
        unsafe: what the others did after them.
    """

    lines: int
    findings: int
    safe: Step
    unsafe: Step

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what is wrong after the one or the other."""
        return self.safe.problems + self.unsafe.problems


def mend(package: Path, scratch: Path) -> Mended:
    """Mend a copy of the files that have findings; no other file is ever touched.

    Args:
        package: the folder of the package, which stays as it is.
        scratch: an empty folder for the copy.
    """
    found = command.run(package, *command.NEWEST)
    for path in _paths(found.report):
        (scratch / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(package / path, scratch / path)
    safe, now = _step(scratch, found, ("safe",), "--fix")
    unsafe, _ = _step(scratch, now, ("safe", "unsafe"), "--fix", "--unsafe-fixes")
    lines = sum(path.read_bytes().count(b"\n") for path in package.rglob("*.py") if path.is_file())
    return Mended(lines, len(found.report["findings"]), safe, unsafe)


def _step(folder: Path, found: command.Ran, kinds: Sequence[str], *options: str) -> tuple[Step, command.Ran]:
    """Mend a folder whose findings are known; return what came of it, and a second run over the result."""
    paths = _paths(found.report)
    before = {path: (folder / path).read_bytes() for path in paths}
    modes = {path: (folder / path).stat().st_mode for path in paths}
    first = command.run(folder, *command.NEWEST, *options, paths=paths or (".",))
    after = {path: (folder / path).read_bytes() for path in paths}
    again = command.run(folder, *command.NEWEST, *options, paths=paths or (".",))
    problems = [*found.crashes, *first.crashes, *again.crashes]
    for path in paths:
        places = _places(found.report, path, kinds)
        if after[path] != before[path]:
            problems += [f"{path}: {fault}" for fault in elsewhere.faults(before[path], after[path], places)]
        if (folder / path).stat().st_mode != modes[path]:
            problems.append(f"{path}: its mode changed")
        if (folder / path).read_bytes() != after[path]:
            problems.append(f"{path}: a second run changed it again")
    expected = _tally(found.report) + _uncovered(first.report)
    problems += [f"{path}: {code} is new" for path, code in _tally(first.report) - expected]
    diff = b"".join(unified(path, before[path], after[path]) for path in paths if before[path] != after[path])
    step = Step(len(first.report["fixed"]), len(first.report["findings"]), tuple(problems), diff)
    return step, again


def _paths(report: Mapping[str, Any]) -> list[str]:
    return sorted({finding["path"] for finding in report["findings"]})


def _places(report: Mapping[str, Any], path: str, kinds: Sequence[str]) -> set[int]:
    """Return the lines in a file that findings which can be mended, and their paths, stand on."""
    mended = [finding for finding in report["findings"] if finding["path"] == path and finding["fix"] in kinds]
    return {place["line"] for finding in mended for place in (finding, *finding["steps"])}


def _tally(report: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    return Counter((finding["path"], finding["code"]) for finding in report["findings"])


def _uncovered(report: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    """Return what the mended findings of a report hid: mistakes that could not be told as long as they stood."""
    uncovers = {entry.code: entry.rule.uncovers for entry in registry.entries()}
    return Counter((finding["path"], code) for finding in report["fixed"] for code in uncovers[finding["code"]])
