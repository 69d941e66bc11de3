"""``python -m tests.benchmarks``: measure beside flake8, flake8-async and ruff, and print the table of the README."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks import environments, growth, yardsticks
from tests.benchmarks.yardsticks import Row, part_of
from tests.ecosystem.packages import FetchError, Package, default_cache, fetch

_CODE = Package("homeassistant", "2024.3.3")


def main() -> int:
    """Measure; return 2 when the code to be measured is not to be had."""
    options = _options()
    try:
        code = fetch(_CODE, options.cache)
    except FetchError as error:
        print(error, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        programs = environments.make(options.cache / "environments")
        # flake8 alone takes minutes over all of them.
        part = part_of(code, scratch / "part", options.every)
        versions = f"{environments.FLAKE8}, {environments.ASYNC}, {environments.RUFF}"
        print(f"Over {_CODE}, with Python {platform.python_version()}, {versions}; medians of {options.runs} rounds.\n")
        print("| what | against | found | goal |\n|---|---|---|---|")
        _print(yardsticks.rows(programs, code, part, scratch, options.runs))
        _print(growth.rows(options.runs))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where code and tools go (%(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="how many rounds (%(default)s)")
    parser.add_argument("--every", type=int, default=10, help="under flake8 every which file (%(default)s)")
    return parser.parse_args()


def _print(rows: Iterable[Row]) -> None:
    for row in rows:
        print(f"| {row.what} | {row.against} | {row.found} | {row.goal} |", flush=True)


sys.exit(main())
