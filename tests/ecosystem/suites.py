"""Runs the tests that packages bring, as they are and after the safe fixes; what is run here is other people's code."""

from __future__ import annotations

import configparser
import shlex
import subprocess
import sys
import tarfile
import venv
import xml.etree.ElementTree as xml
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.ecosystem import command
from tests.ecosystem.packages import FetchError, Package

LIST = Path(__file__).with_name("suites.cfg")
_SECONDS = 600
# No options of the package's own: they ask for plugins that measure coverage and the like.
_OPTIONS = ("-q", "--override-ini=addopts=", "-p", "no:cacheprovider", "--continue-on-collection-errors")

Outcomes = Mapping[str, str]


class Suite(NamedTuple):
    """How a package is tested.

    Attributes:
        package: one whose source distribution brings its tests.
        tests: what pytest is given: those that need no service, and options.
        requires: what must be installed beside the package.
    """

    package: Package
    tests: tuple[str, ...]
    requires: tuple[str, ...]


class Tried(NamedTuple):
    """What the tests of a package said.

    Attributes:
        fixed: how many findings the safe fixes mended, those in its tests included.
        passed: how many tests passed before.
        tests: how many there were.
        flaky: tests that two runs over the same code do not agree about.
        differences: other tests that had another outcome after the fixes.
    """

    fixed: int
    passed: int
    tests: int
    flaky: tuple[str, ...]
    differences: tuple[str, ...]


class SuiteError(Exception):
    """The tests of a package cannot be run here; the message names it and says why."""


def listed(path: Path = LIST) -> list[Suite]:
    """Return the packages whose tests are run, by name."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.read_string(path.read_text())
    return sorted(
        Suite(Package(*name.split("==")), tuple(shlex.split(entry["tests"])), tuple(entry.get("requires", "").split()))
        for name, entry in parser.items()
        if name != parser.default_section
    )


def try_suite(suite: Suite, scratch: Path) -> Tried:
    """Run the tests of a package twice as it is, and once after the safe fixes.

    Args:
        suite: the package and its tests.
        scratch: an empty folder for its source and an environment.

    Raises:
        FetchError: pip does not give its source.
        SuiteError: its tests cannot be run.
    """
    source = _source(suite.package, scratch)
    python = _environment(suite, source, scratch)
    first, second = (_outcomes(suite, python, source, scratch) for _ in range(2))
    ran = command.run(source, "--exclude=", "--fix")
    if ran.crashes:
        raise SuiteError(f"{suite.package}: {ran.crashes[0]}")
    flaky, differences = compared(first, second, _outcomes(suite, python, source, scratch))
    passed = sum(outcome == "passed" for outcome in first.values())
    return Tried(len(ran.report["fixed"]), passed, len(first), flaky, differences)


def compared(first: Outcomes, second: Outcomes, after: Outcomes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tests that are flaky, and the others whose outcome is not what it was.

    Args:
        first: the outcomes of one run over the code as it was.
        second: those of another.
        after: those of a run over the mended code.
    """
    flaky = {test for test in {*first, *second} if first.get(test) != second.get(test)}
    steady = sorted({*first, *after} - flaky)
    different = [test for test in steady if first.get(test) != after.get(test)]
    return tuple(sorted(flaky)), tuple(
        f"{test}: {first.get(test, 'missing')}, now {after.get(test, 'missing')}" for test in different
    )


def _source(package: Package, scratch: Path) -> Path:
    options = ("--quiet", "--no-deps", f"--no-binary={package.name}", f"--dest={scratch}")
    done = _run(sys.executable, "-m", "pip", "download", *options, str(package))
    archives = list(scratch.glob("*.tar.gz"))
    if not archives:
        raise FetchError(f"{package}: pip gave no source: {done.stderr.strip()[-200:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(scratch / "source", filter="data")
    return next((scratch / "source").iterdir())


def _environment(suite: Suite, source: Path, scratch: Path) -> Path:
    venv.create(scratch / "environment", with_pip=True, symlinks=True)
    python = scratch / "environment" / "bin" / "python"
    # Editable, so that the tests see what is mended.
    done = _run(str(python), "-m", "pip", "install", "--quiet", f"--editable={source}", "pytest", *suite.requires)
    if done.returncode:
        raise SuiteError(f"{suite.package}: cannot be installed: {done.stderr.strip()[-200:]}")
    return python


def _outcomes(suite: Suite, python: Path, source: Path, scratch: Path) -> Outcomes:
    report = scratch / "outcomes.xml"
    report.unlink(missing_ok=True)
    try:
        done = _run(str(python), "-m", "pytest", *_OPTIONS, f"--junitxml={report}", *suite.tests, folder=source)
    except subprocess.TimeoutExpired:
        raise SuiteError(f"{suite.package}: its tests do not end within {_SECONDS} seconds") from None
    outcomes = outcomes_of(report) if report.exists() else {}
    if "passed" not in outcomes.values():
        raise SuiteError(f"{suite.package}: no test passes: {done.stdout.strip()[-200:]}")
    return outcomes


def outcomes_of(report: Path) -> Outcomes:
    """Return what became of each test, from pytest's report: passed, failure, error or skipped."""
    cases = xml.parse(report).iter("testcase")
    return {f"{case.get('classname')}.{case.get('name')}": _outcome(case) for case in cases}


def _outcome(case: xml.Element) -> str:
    said = {child.tag for child in case}
    return next((outcome for outcome in ("error", "failure", "skipped") if outcome in said), "passed")


def _run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, cwd=folder, capture_output=True, text=True, errors="replace", check=False, timeout=_SECONDS
    )
