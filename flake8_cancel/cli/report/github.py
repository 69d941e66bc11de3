"""The report as workflow commands, which GitHub shows as annotations of a change."""

from __future__ import annotations

from collections.abc import Sequence

from flake8_cancel.cli.outcome import Outcome, printable
from flake8_cancel.finding import Finding


def render(outcomes: Sequence[Outcome]) -> str:
    """Return one command a finding; the steps of its path are further lines of the message."""
    return "\n".join(_command(outcome.path, finding) for outcome in outcomes for finding in outcome.findings)


def _command(path: str, finding: Finding) -> str:
    place = finding.span
    properties = {
        "title": finding.code,
        "file": printable(path).replace("\\", "/"),
        "line": str(place.line),
        "col": str(place.column + 1),
        "endLine": str(place.end_line),
        "endColumn": str(place.end_column + 1),
    }
    steps = [f"line {step.span.line}: {step.words}" for step in finding.path]
    message = _escaped("\n".join([f"{finding.code} {finding.message}", *steps]))
    return f"::error {','.join(f'{name}={_escaped_property(value)}' for name, value in properties.items())}::{message}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
