"""Fixtures: what a rule must find, must not find, and must make of it.

``fixtures/<chapter>/<rule>/`` holds

- ``bad.py``: what must be found, marked on its line: ``#! CNL201``, or ``#! CNL201: the whole message``. Several marks
  stand behind each other. Where the columns matter, a comment line below has carets under them::

      await group.cancel_all()  #! CNL201: TaskGroup has no cancel_all(); cancel its tasks one by one
      #     ^^^^^^^^^^^^^^^^

- ``bad.fixed``: the same file after ``--fix --unsafe-fixes``, none if nothing in it can be fixed;
- ``bad.safe``: after ``--fix``, only where some of the repairs are safe and others are not;
- ``good.py``: the look-alikes, in which nothing is found;
- ``proof.py``: what the mistake does to a running program, see ``proof``.

Further files are ``bad_<what>.py`` with their twins and ``good_<what>.py``. ``# target: 3.13`` on the first line sets
the target version. ``# requires: 3.11`` on one of the first two lines keeps older Pythons from reading the file, above
a function from running it; functions that use what asyncio had first in 3.11 need no such comment.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from flake8_cancel.check import Checker, check_text
from flake8_cancel.code.api import Facts
from flake8_cancel.finding import Finding
from flake8_cancel.registry import STRICT, Entry
from flake8_cancel.rule import Rule
from flake8_cancel.source import decode, split_lines

ROOT = Path(__file__).parents[2] / "fixtures"
DOCUMENT = "document"
REPORTS = "reports"

_MARK = re.compile(r"#!\s*(CNL\d{3})(?::[ \t]*(.*?))?[ \t]*(?=#!|$)")
_CARETS = re.compile(r"\^+")
_CARET_LINE = re.compile(r"\s*#[\s^]*\^[\s^]*$")
_TARGET = re.compile(r"#\s*target:\s*(\d+)\.(\d+)")
_REQUIRES = re.compile(r"#\s*requires:\s*(\d+)\.(\d+)")
_SINCE_3_11 = frozenset({"timeout", "timeout_at", "TaskGroup", "Runner", "Barrier"})
_PROTOCOL = frozenset({"__aenter__", "__aexit__"})


class Mark(NamedTuple):
    """One expected finding; the message and the columns only where the fixture states them."""

    line: int
    code: str
    message: str | None = None
    columns: tuple[int, int] | None = None


class Case(NamedTuple):
    """One function of a fixture file: ``name`` is ``function`` or ``Class.method``, ``needs`` the oldest Python."""

    path: Path
    name: str
    first_line: int
    last_line: int
    needs: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}::{self.name}"

    @property
    def is_helper(self) -> bool:
        """Whether it is only there for others to call."""
        return any(part.startswith("_") and part not in _PROTOCOL for part in self.name.split("."))


def folder(entry: Entry) -> Path:
    """Return the folder in which a rule's fixtures must be."""
    return ROOT / entry.chapter / entry.name.replace("-", "_")


def files(place: Path, *patterns: str) -> list[Path]:
    """Return the files of a folder that fit one of the patterns, in order."""
    return sorted(path for pattern in patterns for path in place.glob(pattern))


def rules_for(chapter: str, entries: Sequence[Entry]) -> tuple[Rule, ...]:
    """Return the rules that a chapter's fixtures meet: all default codes, and its own strict ones."""
    return tuple(entry.rule for entry in entries if not entry.code.startswith(STRICT) or entry.chapter == chapter)


def without_filter(rules: Sequence[Checker]) -> tuple[Rule, ...]:
    """Return the same rules with no words needed, so that no function is passed over unread."""
    kinds = [type(rule.load()) for rule in rules]
    return tuple(type(kind.__name__, (kind,), {"needs": (), "file_needs": ()})() for kind in kinds)


def facts(text: str) -> Facts:
    """Return the facts that a fixture's first line states."""
    found = _TARGET.match(text)
    return Facts(target=(int(found[1]), int(found[2]))) if found else Facts()


def checker(text: str, rules: Sequence[Checker]) -> Callable[[str], list[Finding]]:
    """Return a function that checks versions of a fixture.

    Args:
        text: the fixture; its first line sets the facts.
        rules: the rules to run.
    """
    known = facts(text)
    return lambda version: check_text(version, known, rules)


def every(finding: Finding) -> bool:
    """Tell that a finding is to be fixed if it can be: as ``--fix --unsafe-fixes`` does."""
    return finding.repair is not None


def findings(path: Path, rules: Sequence[Checker]) -> list[Finding]:
    """Check a fixture file; nothing is found if this Python cannot read it."""
    text = decode(path.read_bytes())
    return [] if required(text) > sys.version_info[:2] else checker(text, rules)(text)


def marks(text: str) -> list[Mark]:
    """Return the findings that a text says it has."""
    found = []
    lines = split_lines(text)
    for number, line in enumerate(lines, 1):
        below = lines[number] if number < len(lines) and _CARET_LINE.match(lines[number]) else ""
        columns = [(carets.start(), carets.end()) for carets in _CARETS.finditer(below)]
        for position, mark in enumerate(_MARK.finditer(line.rstrip())):
            found.append(Mark(number, mark[1], mark[2], columns[position] if position < len(columns) else None))
    return found


def differences(expected: Sequence[Mark], found: Sequence[Finding], text: str) -> list[str]:
    """Compare marks with findings.

    Args:
        expected: the marks.
        found: the findings, in columns of characters.
        text: the checked text.

    Returns:
        what is expected and not found, and the other way round; nothing if they agree.
    """
    lines = split_lines(text)
    left = [Mark(finding.span.line, finding.code, finding.message, _columns(finding, lines)) for finding in found]
    missing = []
    # The mark that says most chooses first among several findings on a line.
    for mark in sorted(expected, key=lambda mark: (mark.message is None, mark.columns is None)):
        fitting = next((real for real in left if _fits(mark, real)), None)
        if fitting is None:
            missing.append(f"not found: {mark}")
        else:
            left.remove(fitting)
    return sorted(missing) + [f"not marked: {real}" for real in left]


def cases(path: Path) -> list[Case]:
    """Return the functions of a fixture file and the methods of its classes; none if this Python cannot read it."""
    text = decode(path.read_bytes())
    if required(text) > sys.version_info[:2]:
        return []
    lines = split_lines(text)
    return [
        Case(path, name, first, function.end_lineno or first, _needs(function, lines, first))
        for name, function in functions(ast.parse(text))
        for first in [min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])]
    ]


def required(text: str) -> tuple[int, int]:
    """Return the oldest Python that can read a fixture."""
    for line in split_lines(text)[:2]:
        if found := _REQUIRES.match(line):
            return int(found[1]), int(found[2])
    return (3, 10)


def is_in(finding: Finding, case: Case) -> bool:
    """Tell whether a finding stands in a function."""
    return case.first_line <= finding.span.line <= case.last_line


def dump(tree: ast.AST) -> tuple[str, Counter[str]]:
    """Return all that a tree says, and which attributes its nodes have."""
    attributes = Counter(name for node in ast.walk(tree) for name in vars(node))
    return ast.dump(tree, include_attributes=True), attributes


def _fits(mark: Mark, real: Mark) -> bool:
    return (
        (mark.line, mark.code) == (real.line, real.code)
        and mark.message in (None, real.message)
        and mark.columns in (None, real.columns)
    )


def _columns(finding: Finding, lines: Sequence[str]) -> tuple[int, int]:
    """Return the columns of a finding's span on its first line, without the comment that ends that line."""
    span = finding.span
    if span.line == span.end_line:
        return span.column, span.end_column
    return span.column, len(re.split(r"\s*#!", lines[span.line - 1])[0].rstrip())


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield the functions of a module and the methods of its classes, with their names."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield f"{node.name}.{member.name}", member


def _needs(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: Sequence[str], first_line: int) -> tuple[int, int]:
    comment = _REQUIRES.search(lines[first_line - 2]) if first_line > 1 else None
    if comment:
        return int(comment[1]), int(comment[2])
    for node in ast.walk(function):
        match node:
            case ast.Attribute(value=ast.Name(id="asyncio"), attr=attribute) if attribute in _SINCE_3_11:
                return (3, 11)
            case ast.Name(id="ExceptionGroup" | "BaseExceptionGroup" | "TaskGroup"):
                return (3, 11)
    return (3, 10)
