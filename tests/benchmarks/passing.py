"""``python -m tests.benchmarks.passing FOLDER``: what share of files and functions the word filter lets pass."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from flake8_cancel import parts, registry
from flake8_cancel.code.api import Facts
from flake8_cancel.source import UndecodableError, decode
from flake8_cancel.words import FileWords


def main() -> int:
    """Count, and print a row for every rule and one for all together."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.passing", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="every which file (%(default)s)")
    options = parser.parse_args()
    rules = registry.chosen(strict=False)
    all_files, all_functions = 0, 0
    files: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for text in _texts(sorted(options.folder.rglob("*.py"))[:: options.every]):
        held = FileWords(text, Facts(), rules)
        codes = [rule.code for rule in held.candidates()]
        files.update(codes + ["any"] * bool(codes))
        all_files += 1
        for function in parts.functions(text):
            all_functions += 1
            # What looks at the whole file asks for nothing in a function.
            codes = [rule.code for rule in held.within(function, held.rules) if rule.needs]
            functions.update(codes + ["any"] * bool(codes))
    print(f"{all_files} files, {all_functions} functions\n\n| rule | files | functions |\n|---|---|---|")
    for code in ["any", *(rule.code for rule in rules)]:
        shown = f"{functions[code] / all_functions:.2%}" if functions[code] else "looks at files"
        print(f"| {code} | {files[code] / all_files:.2%} | {shown} |")
    return 0


def _texts(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        try:
            yield decode(path.read_bytes())
        except (OSError, UndecodableError):
            continue


if __name__ == "__main__":
    sys.exit(main())
