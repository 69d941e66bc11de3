"""Runs the tests that packages bring, as they are and after the safe fixes; what is run here is other people's code."""

from __future__ import annotations

import configparser
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tarfile
import venv
import xml.etree.ElementTree as xml
from collections import Counter
from collections.abc import Iterable, Mapping
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
        environment: variables that are set while it is built and tested.
    """

    package: Package
    tests: tuple[str, ...]
    requires: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


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
    return sorted(_suite(Package(*name.split("==")), parser[name]) for name in parser.sections())


def _suite(package: Package, entry: configparser.SectionProxy) -> Suite:
    variables = (line.split("=") for line in entry.get("environment", "").split())
    return Suite(
        package,
        tuple(shlex.split(entry["tests"])),
        tuple(entry.get("requires", "").split()),
        tuple((name, value) for name, value in variables),
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
    install = (str(python), "-m", "pip", "install", "--quiet", f"--editable={source}", "pytest", *suite.requires)
    done = _run(*install, environment=suite.environment)
    if done.returncode:
        raise SuiteError(f"{suite.package}: cannot be installed: {done.stderr.strip()[-200:]}")
    return python


def _outcomes(suite: Suite, python: Path, source: Path, scratch: Path) -> Outcomes:
    report = scratch / "outcomes.xml"
    report.unlink(missing_ok=True)
    tests = (str(python), "-m", "pytest", *_OPTIONS, f"--junitxml={report}", *suite.tests)
    done = _run(*tests, folder=source, environment=suite.environment)
    outcomes = outcomes_of(report) if report.exists() else {}
    if "passed" not in outcomes.values():
        raise SuiteError(f"{suite.package}: no test passes: {done.stdout.strip()[-200:]}")
    return outcomes


def outcomes_of(report: Path) -> Outcomes:
    """Return what became of each test, from pytest's report: passed, failure, error or skipped.

    Tests of one function are numbered: what they are given may have another name in every run.
    """
    outcomes: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for case in xml.parse(report).iter("testcase"):
        function, has_parameters, _ = f"{case.get('classname')}.{case.get('name')}".partition("[")
        counts[function] += 1
        outcomes[f"{function}[{counts[function]}]" if has_parameters else function] = _outcome(case)
    return outcomes


def _outcome(case: xml.Element) -> str:
    said = {child.tag for child in case}
    return next((outcome for outcome in ("error", "failure", "skipped") if outcome in said), "passed")


def _run(
    *arguments: str, folder: Path | None = None, environment: Iterable[tuple[str, str]] = ()
) -> subprocess.CompletedProcess[str]:
    with subprocess.Popen(
        arguments,
        cwd=folder,
        env={**os.environ, **dict(environment)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            said, errors = process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise SuiteError(f"{' '.join(arguments)} does not end within {_SECONDS} seconds") from None
        finally:
            # With what it started, which would hold on to the pipes.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(arguments, process.returncode, said, errors)
