"""The mistakes that are put into surroundings: the functions of the fixtures in which something can be repaired."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flake8_cancel import registry
from flake8_cancel.finding import Finding
from flake8_cancel.registry import Entry
from flake8_cancel.rule import Rule
from flake8_cancel.source import decode
from tests.harness import fixture
from tests.harness.fixture import Case
from tests.harness.proof import Proof, load_proof

FIXABLE = tuple(entry for entry in registry.entries() if type(entry.rule).fix is not Rule.fix)


class Pattern(NamedTuple):
    """A function with a mistake that can be repaired.

    Attributes:
        rule: the rule that finds it.
        chapter: the chapter of that rule.
        case: where it comes from.
        proof: what drives it and sees the harm.
        text: its module, without the functions that it has nothing to do with.
    """

    rule: Rule
    chapter: str
    case: Case
    proof: Proof
    text: str

    def __repr__(self) -> str:
        return str(self.case)


@cache
def patterns(entry: Entry) -> tuple[Pattern, ...]:
    """Return the patterns of a rule that this Python can run."""
    place = fixture.folder(entry)
    proof = load_proof(place / "proof.py")
    return tuple(
        Pattern(entry.rule, entry.chapter, case, proof, alone(decode(path.read_bytes()), case))
        for path in fixture.files(place, "bad.py", "bad_*.py")
        for found in [fixture.findings(path, (entry.rule,))]
        for case in _runnable(path)
        if repairable(found, case, entry.code)
    )


def _runnable(path: Path) -> list[Case]:
    """Return the functions of a fixture that this Python can run, before the fix and after it."""
    twin = path.with_suffix(".fixed")
    mended = {case.name: case.needs for case in fixture.cases(twin)} if twin.exists() else {}
    return [
        case
        for case in fixture.cases(path)
        if max(case.needs, mended.get(case.name, case.needs)) <= sys.version_info[:2]
    ]


def repairable(found: Sequence[Finding], case: Case, code: str) -> list[Finding]:
    """Return the findings of a code that stand in a function and can be repaired."""
    return [finding for finding in found if finding.code == code and finding.repair and fixture.is_in(finding, case)]


def alone(text: str, case: Case) -> str:
    """Return a module without the functions and classes that a function of it does not mention, however indirectly."""
    tree = ast.parse(text)
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    named = {node.name: node for node in tree.body if isinstance(node, definitions)}
    wanted = {case.name.partition(".")[0]}
    waiting: list[ast.AST] = [node for node in tree.body if node not in named.values()]
    waiting += [named[name] for name in wanted]
    while waiting:
        mentioned = set(_mentioned(waiting.pop())) & set(named) - wanted
        wanted |= mentioned
        waiting += [named[name] for name in mentioned]
    lines = text.splitlines(keepends=True)
    for name, node in reversed(named.items()):
        if name not in wanted:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            del lines[first - 1 : node.end_lineno]
    return re.sub(r"\n{4,}", "\n\n\n", "".join(lines))


def _mentioned(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
