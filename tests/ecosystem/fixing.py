"""``python -m tests.ecosystem.fixing``: mend copies of the pinned packages, and tell what is wrong with them."""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from tests.ecosystem import suites
from tests.ecosystem.mending import Mended, mend
from tests.ecosystem.packages import FetchError, Package, default_cache, fetch, listed


def main() -> int:
    """Run, and return 0 when all is well, 1 when something is wrong, 2 when a package is not in the list."""
    options = _options()
    known = [suite.package for suite in suites.listed()] if options.suites else listed()
    packages = [package for package in known if not options.only or package.name in options.only]
    if missing := set(options.only) - {package.name for package in packages}:
        print(f"not in the list: {', '.join(sorted(missing))}", file=sys.stderr)
        return 2
    return _test(packages, options) if options.suites else _mend(packages, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.ecosystem.fixing", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="PACKAGE", help="names of the list; all without")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where packages are kept (%(default)s)")
    parser.add_argument("--diffs", type=Path, help="a folder for what changed, two files a package")
    parser.add_argument("--report", type=argparse.FileType("w"), default=sys.stdout, help="where the table goes")
    parser.add_argument(
        "--suites",
        action="store_true",
        help="instead run the tests of other packages before and after the safe fixes; this runs other people's code",
    )
    return parser.parse_args()


def _mend(packages: Sequence[Package], options: argparse.Namespace) -> int:
    table = Table(("lines", "findings", "fixed safe", "fixed all", "left", "problems"), options.report)
    for package in packages:
        try:
            one = _mended(package, options.cache, options.diffs)
        except FetchError as error:
            table.failed(error)
            continue
        fixed = one.safe.fixed + one.unsafe.fixed
        table.row(package, (one.lines, one.findings, one.safe.fixed, fixed, one.unsafe.left), one.problems)
    return table.end()


def _test(packages: Sequence[Package], options: argparse.Namespace) -> int:
    table = Table(("fixed safe", "tests", "passed", "flaky", "different after"), options.report)
    for suite in suites.listed():
        if suite.package not in packages:
            continue
        try:
            with tempfile.TemporaryDirectory() as scratch:
                one = suites.try_suite(suite, Path(scratch))
        except (FetchError, suites.SuiteError) as error:
            table.failed(error)
            continue
        table.row(suite.package, (one.fixed, one.tests, one.passed, len(one.flaky)), one.differences)
    return table.end()


class Table:
    """A table in Markdown, written while the run goes on, and whether all of it is well.

    Args:
        columns: their heads but the first, that of the packages; the last holds what is wrong.
        file: where it goes.
    """

    def __init__(self, columns: Sequence[str], file: TextIO) -> None:
        self._file = file
        self._sums: list[int] = []
        self._packages = 0
        self._is_well = True
        self._write(("package", *columns))
        self._write(("---",) * (len(columns) + 1))

    def row(self, package: Package, numbers: Sequence[int], wrong: Sequence[str]) -> None:
        """Write what became of a package."""
        self._packages += 1
        self._sums = [sum(pair) for pair in itertools.zip_longest(self._sums, numbers, fillvalue=0)]
        self._is_well = self._is_well and not wrong
        self._write((str(package), *_written(numbers), "; ".join(wrong) or "none"))

    def failed(self, error: Exception) -> None:
        """Tell that there is no row for a package."""
        self._is_well = False
        print(error, file=sys.stderr)

    def end(self) -> int:
        """Write the sums, and return the exit code."""
        self._write((f"{self._packages} packages", *_written(self._sums), ""))
        return 0 if self._is_well else 1

    def _write(self, cells: Sequence[str]) -> None:
        print(f"| {' | '.join(cells)} |", file=self._file, flush=True)


def _written(numbers: Iterable[int]) -> Iterator[str]:
    return (f"{number:,}" for number in numbers)


def _mended(package: Package, cache: Path, diffs: Path | None) -> Mended:
    folder = fetch(package, cache)
    with tempfile.TemporaryDirectory() as scratch:
        mended = mend(folder, Path(scratch))
    if diffs:
        diffs.mkdir(parents=True, exist_ok=True)
        for kind, step in (("safe", mended.safe), ("unsafe", mended.unsafe)):
            (diffs / f"{package.name}.{kind}.diff").write_bytes(step.diff)
    return mended


if __name__ == "__main__":
    sys.exit(main())
