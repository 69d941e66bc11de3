"""``python -m tests.ecosystem``: check the pinned packages, report, and compare with the stored summary."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.ecosystem import ledger, report, summary
from tests.ecosystem.measuring import Measured, measure
from tests.ecosystem.packages import FetchError, Package, default_cache, fetch, listed


def main() -> int:
    """Run, and return 0 when all is as stored, 1 when findings differ, 2 after a crash, 3 when a package is missing."""
    options = _options()
    packages = [package for package in listed() if not options.only or package.name in options.only]
    if missing := set(options.only) - {package.name for package in packages}:
        print(f"not in the list: {', '.join(sorted(missing))}", file=sys.stderr)
        return 2
    stored = summary.load()
    if options.sample:
        for package, found in ledger.sample(stored, options.sample, options.count):
            print(f"{options.cache / f'{package.name}-{package.version}' / found.path}:{found.line}: {found.code}")
        return 0
    # Threads: each waits for a process of its own.
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda package: _tried(package, options.cache), packages))
    measured = {package: one for package, one in zip(packages, results, strict=True) if one}
    new = summary.summary_of(measured)
    differences = summary.differences(stored, new)
    options.report.write(report.render(measured, differences))
    crashed = any(one.crashes for one in measured.values())
    if options.save and not crashed:
        summary.save({**{package: stored[package] for package in listed() if package in stored}, **new})
    if crashed:
        return 2
    if differences:
        return 1
    return 3 if len(measured) < len(packages) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.ecosystem", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="PACKAGE", help="names of the list; all without")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where packages are kept (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="packages at once (%(default)s)")
    parser.add_argument("--report", type=argparse.FileType("w"), default=sys.stdout, help="where the report goes")
    parser.add_argument("--save", action="store_true", help="store the summary of this run")
    parser.add_argument("--sample", metavar="CODE", help="print findings of a rule, chosen at random, to be judged")
    parser.add_argument("--count", type=int, default=30, help="how many of them (%(default)s)")
    return parser.parse_args()


def _tried(package: Package, cache: Path) -> Measured | None:
    try:
        return measure(fetch(package, cache))
    except FetchError as error:
        print(error, file=sys.stderr)
        return None


if __name__ == "__main__":
    sys.exit(main())
