"""Repairs a text: edits are made together, looked at, and the one at fault alone is taken back."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import libcst as cst

from flake8_cancel.check import Checker
from flake8_cancel.finding import Finding, Mark, Repair
from flake8_cancel.fix import constants, guard, imports, text, unused
from flake8_cancel.fix.constants import Constant
from flake8_cancel.fix.edit import Edit, NoFixError
from flake8_cancel.fix.guard import Fault
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
    outcome = _Outcome(_Source(content), check(content), ())
    while True:
        outcome, refused = _one_change(outcome, check, wanted, fixers)
        fixed.extend(outcome.fixed)
        # Every change leaves fewer findings than there were, so this ends.
        if not outcome.fixed:
            break
    new = outcome.source.content.encode(encoding) if fixed else data
    return Repaired(new, tuple(fixed), refused, tuple(outcome.findings))


class _Source:
    """A text, read by both parsers when they are first asked.

    Args:
        content: the text.
    """

    def __init__(self, content: str) -> None:
        self.content = content

    @functools.cached_property
    def text(self) -> guard.Text:
        return guard.Text(self.content)

    @functools.cached_property
    def module(self) -> cst.Module:
        return text.parse(self.content)


class _Outcome(NamedTuple):
    """A text that nothing is wrong with, its findings, and those of the text before that are repaired in it."""

    source: _Source
    findings: list[Finding]
    fixed: tuple[Finding, ...]


def _one_change(
    before: _Outcome, check: Check, wanted: Callable[[Finding], bool], fixers: dict[str, Checker]
) -> tuple[_Outcome, tuple[Refusal, ...]]:
    """Return what comes of one pass that repaired something, or of those that tried everything in vain."""
    nothing = before._replace(fixed=())
    candidates = [
        finding for finding in before.findings if finding.repair and finding.code in fixers and wanted(finding)
    ]
    refused: dict[Finding, str] = {}
    if not candidates:
        return nothing, ()
    work = _Pass(nothing, check)
    while chosen := _disjoint([finding for finding in candidates if finding not in refused]):
        outcome, refusals = work.repair(chosen, fixers)
        refused.update(refusals)
        if outcome.fixed:
            return outcome, tuple(refused.items())
    return nothing, tuple((finding, refused[finding]) for finding in candidates)


def _disjoint(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings whose targets do not touch each other: inner before outer ones, and earlier before later ones."""
    chosen: list[Finding] = []
    for finding in sorted(findings, key=_order):
        if all(_end(other) <= _start(finding) for other in chosen):
            chosen.append(finding)
    return chosen


def _order(finding: Finding) -> tuple[tuple[int, int], tuple[int, int]]:
    return _end(finding), _negative(_start(finding))


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


class _Pass:
    """One text, parsed once, and the edits that are tried on it."""

    def __init__(self, nothing: _Outcome, check: Check) -> None:
        self._check = check
        self._nothing = nothing
        self._text = nothing.source.text
        self._tally = self._text.tally(nothing.findings)
        self._module = nothing.source.module
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
        self, edits: Sequence[_Made], base: Sequence[_Made], before: _Outcome, fault: Fault | None = None
    ) -> tuple[_Outcome, list[Refusal]]:
        """Put edits in, on top of others that are known to hold; part them until those at fault stand alone.

        Args:
            edits: the edits.
            base: the others.
            before: what these came to.
            fault: what is wrong with all of them together, if somebody has tried.
        """
        if not edits:
            return before, []
        if fault is None:
            outcome = self._tried(sorted([*base, *edits], key=lambda edit: _order(edit.finding)))
            if isinstance(outcome, _Outcome):
                return outcome, []
            fault = outcome
        if len(edits) == 1:
            return before, [(edits[0].finding, fault.reason)]
        some, rest = self._parted(edits, fault)
        first, refusals = self._put_in(some, base, before)
        held = [edit for edit in some if edit.finding in first.fixed]
        second, more = self._put_in(rest, [*base, *held], first, None if refusals else fault)
        return second, refusals + more

    def _parted(self, edits: Sequence[_Made], fault: Fault) -> tuple[Sequence[_Made], Sequence[_Made]]:
        """Return the edits in two parts: those at fault stand in the second if it is known where they are."""
        accused = [edit for edit in edits if self._text.function(edit.finding) in fault.functions]
        if 0 < len(accused) < len(edits):
            return [edit for edit in edits if edit not in accused], accused
        half = len(edits) // 2
        return edits[:half], edits[half:]

    def _tried(self, edits: Sequence[_Made]) -> _Outcome | Fault:
        """Return what the edits make of the text, or why they cannot stay."""
        try:
            besides = self._places.besides(_repair(edit.finding).target for edit in edits)
            changed = spliced(self._module, {edit.node: edit.replacement for edit in edits}, besides).code
        except cst.CSTValidationError as error:
            return Fault(f"the result is no valid code: {error}")
        content = text.restored(self._text.lines, self._kept, changed)
        reason = guard.elsewhere(self._text, content, [_repair(edit.finding).target.span for edit in edits])
        if reason:
            return Fault(reason)
        wanted = {wanted for edit in edits for wanted in edit.imports}
        content = imports.add(content, wanted, self._module.default_newline)
        needed = {constant for edit in edits for constant in edit.constants}
        content = constants.add(content, needed, self._module.default_newline)
        source = _Source(unused.removed(self._text.tree, content))
        found = self._check(source.content)
        fixed = tuple(edit.finding for edit in edits)
        uncovered = [edit.finding._replace(code=code) for edit in edits for code in edit.uncovers]
        before = self._tally + self._text.tally(uncovered)
        fault = guard.findings(before, self._text.tally(fixed), source.text.tally(found))
        if fault:
            return fault
        try:
            # The next pass works on it.
            source.module  # noqa: B018
        except UnparsableError as error:
            return Fault(f"the result does not parse: {error}")
        return _Outcome(source, found, fixed)
