"""Repairs a text: edits are made together, looked at, and the one at fault alone is taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import libcst as cst

from flake8_cancel.check import Checker
from flake8_cancel.finding import Finding, Mark, Repair
from flake8_cancel.fix import constants, guard, imports, text, unused
from flake8_cancel.fix.constants import Constant
from flake8_cancel.fix.edit import Edit, NoFixError
from flake8_cancel.fix.imports import Import
from flake8_cancel.fix.locate import Places
from flake8_cancel.fix.splice import Replacement, spliced
from flake8_cancel.fix.text import UnparsableError
from flake8_cancel.rule import Rule
from flake8_cancel.source import split_lines

__all__ = ["Repaired", "UnparsableError", "repair"]

Check = Callable[[str], list[Finding]]
Refusal = tuple[Finding, str]


class Repaired(NamedTuple):
    """What became of a file.

    Attributes:
        data: its new bytes, the old ones when nothing was repaired.
        fixed: the findings that were repaired; those of later passes have the places of their pass.
        refused: the findings that were not, each with the reason; they have their places in the new text.
        left: the findings of the new text.
    """

    data: bytes
    fixed: tuple[Finding, ...]
    refused: tuple[Refusal, ...]
    left: tuple[Finding, ...]


def repair(data: bytes, check: Check, wanted: Callable[[Finding], bool], rules: Sequence[Checker]) -> Repaired:
    """Repair what may be repaired, until nothing changes.

    Args:
        data: the bytes of the file.
        check: gives the findings of a text that count: selected, and not under ``noqa``.
        wanted: tells whether a finding may be repaired.
        rules: the rules that repair.

    Raises:
        UnparsableError: libcst cannot work on the file.
        SyntaxError: Python cannot parse it.
    """
    content, encoding = text.read(data)
    fixers = {rule.code: rule for rule in rules}
    fixed: list[Finding] = []
    findings = check(content)
    while True:
        content, findings, done, refused = _one_change(content, findings, check, wanted, fixers)
        fixed.extend(done)
        # Every change leaves fewer findings than there were, so this ends.
        if not done:
            break
    return Repaired(content.encode(encoding) if fixed else data, tuple(fixed), refused, tuple(findings))


def _one_change(
    content: str, findings: list[Finding], check: Check, wanted: Callable[[Finding], bool], fixers: dict[str, Checker]
) -> tuple[str, list[Finding], tuple[Finding, ...], tuple[Refusal, ...]]:
    """Return the text after one pass that repaired something, or after those that tried everything in vain."""
    candidates = [finding for finding in findings if finding.repair and finding.code in fixers and wanted(finding)]
    refused: dict[Finding, str] = {}
    if not candidates:
        return content, findings, (), ()
    work = _Pass(content, findings, check)
    while chosen := _disjoint([finding for finding in candidates if finding not in refused]):
        outcome, refusals = work.repair(chosen, fixers)
        refused.update(refusals)
        if outcome.fixed:
            return outcome.content, outcome.findings, outcome.fixed, tuple(refused.items())
    return content, findings, (), tuple((finding, refused[finding]) for finding in candidates)


def _disjoint(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings whose targets do not touch each other: inner before outer ones, and earlier before later ones."""
    chosen: list[Finding] = []
    for finding in sorted(findings, key=lambda finding: (_end(finding), _negative(_start(finding)))):
        if all(_end(other) <= _start(finding) for other in chosen):
            chosen.append(finding)
    return chosen


def _repair(finding: Finding) -> Repair:
    if finding.repair is None:
        raise ValueError(f"{finding.code} has no repair")
    return finding.repair


def _start(finding: Finding) -> tuple[int, int]:
    return _repair(finding).target.span[:2]


def _end(finding: Finding) -> tuple[int, int]:
    return _repair(finding).target.span[2:]


def _negative(place: tuple[int, int]) -> tuple[int, int]:
    return -place[0], -place[1]


class _Made(NamedTuple):
    """One edit, made but not put in."""

    finding: Finding
    node: cst.CSTNode
    replacement: Replacement
    imports: frozenset[Import]
    constants: frozenset[Constant]
    uncovers: frozenset[str]


class _Outcome(NamedTuple):
    content: str
    findings: list[Finding]
    fixed: tuple[Finding, ...]


class _Pass:
    """One text, parsed once, and the edits that are tried on it."""

    def __init__(self, content: str, findings: list[Finding], check: Check) -> None:
        self._check = check
        self._findings = findings
        self._nothing = _Outcome(content, findings, ())
        self._text = guard.Text(content)
        self._tally = self._text.tally(findings)
        self._module = text.parse(content)
        self._kept = split_lines(self._module.code)
        self._places = Places(self._module, text.lost_columns(self._text.lines, self._kept))

    def repair(self, findings: Sequence[Finding], fixers: dict[str, Checker]) -> tuple[_Outcome, list[Refusal]]:
        """Make the edits of some findings whose targets do not touch each other."""
        made: list[_Made] = []
        refusals: list[Refusal] = []
        for finding in findings:
            try:
                made.append(self._make(finding, fixers[finding.code].load()))
            except NoFixError as error:
                refusals.append((finding, str(error)))
        outcome, taken_back = self._put_in(made, [], self._nothing)
        return outcome, refusals + taken_back

    def _make(self, finding: Finding, rule: Rule) -> _Made:
        repair = _repair(finding)
        node, *marked = map(self._node, (repair.target, *repair.marks))
        edit = Edit(repair, tuple(marked), self._text.names, self._text.place(repair.target.span), self._module)
        replacement = rule.fix(node, edit)
        return _Made(finding, node, replacement, frozenset(edit.imports), frozenset(edit.constants), rule.uncovers)

    def _node(self, mark: Mark) -> cst.CSTNode:
        node = self._places.find(mark)
        if node is None:
            raise NoFixError(f"libcst finds no {mark.node} at line {mark.span.line}, column {mark.span.column + 1}")
        return node

    def _put_in(
        self, edits: Sequence[_Made], base: Sequence[_Made], before: _Outcome
    ) -> tuple[_Outcome, list[Refusal]]:
        """Put edits in, on top of others that are known to hold; halve them until those at fault stand alone."""
        if not edits:
            return before, []
        outcome, reason = self._tried([*base, *edits])
        if outcome:
            return outcome, []
        if len(edits) == 1:
            return before, [(edits[0].finding, reason)]
        half = len(edits) // 2
        first, refusals = self._put_in(edits[:half], base, before)
        held = [edit for edit in edits[:half] if edit.finding in first.fixed]
        second, more = self._put_in(edits[half:], [*base, *held], first)
        return second, refusals + more

    def _tried(self, edits: Sequence[_Made]) -> tuple[_Outcome | None, str]:
        """Return what the edits make of the text, or the reason why they cannot stay."""
        try:
            changed = spliced(self._module, {edit.node: edit.replacement for edit in edits}).code
        except cst.CSTValidationError as error:
            return None, f"the result is no valid code: {error}"
        content = text.restored(self._text.lines, self._kept, changed)
        fault = guard.elsewhere(self._text, content, [_repair(edit.finding).target.span for edit in edits])
        if fault:
            return None, fault
        wanted = {wanted for edit in edits for wanted in edit.imports}
        content = imports.add(content, wanted, self._module.default_newline)
        needed = {constant for edit in edits for constant in edit.constants}
        content = constants.add(content, needed, self._module.default_newline)
        content = unused.removed(self._text.tree, content)
        try:
            text.parse(content)
        except UnparsableError as error:
            return None, f"the result does not parse: {error}"
        found = self._check(content)
        fixed = tuple(edit.finding for edit in edits)
        uncovered = [edit.finding._replace(code=code) for edit in edits for code in edit.uncovers]
        before = self._tally + self._text.tally(uncovered)
        fault = guard.findings(before, self._text.tally(fixed), guard.Text(content).tally(found))
        return (None, fault) if fault else (_Outcome(content, found, fixed), "")
