"""``python -m tests.benchmarks.parsing FOLDER``: what checking costs beside parsing, file by file."""

from __future__ import annotations

import argparse
import ast
import gc
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from flake8_cancel import registry
from flake8_cancel.check import check_tree
from flake8_cancel.code.api import Facts
from flake8_cancel.source import UndecodableError, decode, split_lines

# One run may have been disturbed.
_RUNS = 3
_SHOWN = 10
# Of a file that takes less than this to be parsed nobody notices either.
_NOTHING = 0.001
_STEPS = (1, 3, 10, 30)


class Ratio(NamedTuple):
    """What checking a file takes, in times of what parsing it takes."""

    times: float
    seconds: float
    path: Path


def main() -> int:
    """Measure, and print how many files pass which ratio."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.parsing", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="every which file (%(default)s)")
    options = parser.parse_args()
    # Parsing and checking are paired, and a collection would come in at either.
    gc.disable()
    ratios = sorted(_ratios(sorted(options.folder.rglob("*.py"))[:: options.every]))
    print(f"{len(ratios)} files. Checking takes")
    for step in _STEPS:
        count = sum(ratio.times > step for ratio in ratios)
        print(f"- more than {step:2} times what parsing takes: {count} ({count / max(len(ratios), 1):.2%})")
    for ratio in ratios[-_SHOWN:]:
        print(f"{ratio.times:6.1f} times, {ratio.seconds * 1000:6.0f} ms: {ratio.path}")
    return 0


def _ratios(paths: list[Path]) -> Iterator[Ratio]:
    warnings.simplefilter("ignore")
    rules, facts = registry.chosen(False), Facts()
    for rule in rules:
        rule.load()
    for path in paths:
        try:
            text = decode(path.read_bytes())
            tree, lines = ast.parse(text), split_lines(text)
        except (OSError, SyntaxError, UndecodableError, ValueError, RecursionError):
            continue
        parsing = _least(lambda text=text: ast.parse(text))  # type: ignore[misc]
        checking = _least(lambda tree=tree, lines=lines: check_tree(tree, lines, facts, rules))  # type: ignore[misc]
        yield Ratio(checking / max(parsing, _NOTHING), checking, path)
        gc.collect(0)


def _least(run: Callable[[], object]) -> float:
    found = []
    for _ in range(_RUNS):
        begun = time.process_time()
        run()
        found.append(time.process_time() - begun)
    return min(found)


if __name__ == "__main__":
    sys.exit(main())
