"""The report for programs, as one JSON object. Lines and columns count from 1, in characters; ends are exclusive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from flake8_cancel import __version__
from flake8_cancel.cli.outcome import Outcome, Problem, printable
from flake8_cancel.finding import Finding, Span


def render(outcomes: Sequence[Outcome]) -> str:
    """Return the report: ``findings`` that are left, ``fixed`` ones, ``not_fixed`` ones with reasons, ``problems``."""
    report = {
        "tool": "flake8-cancel",
        "version": __version__,
        "findings": [_finding(outcome, finding) for outcome in outcomes for finding in outcome.findings],
        "fixed": [_finding(outcome, finding) for outcome in outcomes for finding in outcome.fixed],
        "not_fixed": [
            {**_finding(outcome, finding), "reason": reason}
            for outcome in outcomes
            for finding, reason in outcome.refused
        ],
        "problems": [_problem(problem) for outcome in outcomes for problem in outcome.problems],
    }
    return json.dumps(report, indent=2)


def _finding(outcome: Outcome, finding: Finding) -> dict[str, Any]:
    fix = None if finding.repair is None else "safe" if finding.repair.safe else "unsafe"
    return {
        "path": printable(outcome.path),
        **_place(finding.span),
        "code": finding.code,
        "message": finding.message,
        "fix": fix,
        "steps": [{**_place(step.span), "words": step.words} for step in finding.path],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": printable(problem.path),
        "line": problem.line or None,
        "column": problem.column or None,
        "reason": problem.reason,
    }


def _place(span: Span) -> dict[str, int]:
    return {
        "line": span.line,
        "column": span.column + 1,
        "end_line": span.end_line,
        "end_column": span.end_column + 1,
    }
