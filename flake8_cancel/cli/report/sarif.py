"""The report as SARIF 2.1.0: rules from the registry, the path of the cancellation as a code flow."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from flake8_cancel import __version__, registry
from flake8_cancel.cli.outcome import Outcome, Problem, printable
from flake8_cancel.finding import Finding, Span

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(outcomes: Sequence[Outcome]) -> str:
    """Return the report as the text of a SARIF file."""
    entries = registry.entries()
    indexes = {entry.code: index for index, entry in enumerate(entries)}
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    run = {
        "tool": {
            "driver": {
                "name": "flake8-cancel",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(entry) for entry in entries],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not problems,
                "toolExecutionNotifications": [_notification(problem) for problem in problems],
            }
        ],
        "results": [
            _result(outcome, finding, indexes[finding.code]) for outcome in outcomes for finding in outcome.findings
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(entry: registry.Entry) -> dict[str, Any]:
    return {
        "id": entry.code,
        "name": entry.name,
        "shortDescription": {"text": entry.summary},
        "fullDescription": {"text": entry.documentation},
        "help": {"text": entry.documentation},
        "defaultConfiguration": {"level": "warning", "enabled": not entry.code.startswith(registry.STRICT)},
    }


def _result(outcome: Outcome, finding: Finding, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": "warning",
        "message": {"text": finding.message},
        "locations": [_location(outcome, finding.span)],
    }
    if finding.path:
        flow = [
            {"location": {**_location(outcome, step.span), "message": {"text": step.words}}} for step in finding.path
        ]
        result["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
    return result


def _location(outcome: Outcome, span: Span) -> dict[str, Any]:
    region = {
        "startLine": span.line,
        "startColumn": span.column + 1,
        "endLine": span.end_line,
        "endColumn": span.end_column + 1,
    }
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(outcome.path)}, "region": region}}


def _notification(problem: Problem) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.path)}}
    if problem.line:
        location["region"] = {"startLine": problem.line, "startColumn": max(problem.column, 1)}
    return {
        "level": "error",
        "message": {"text": f"{printable(problem.path)}: {problem.reason}"},
        "locations": [{"physicalLocation": location}],
    }


def _uri(path: str) -> str:
    """Return a file's address: relative to the working directory where it lies below it."""
    name = os.path.relpath(path) if os.path.isabs(path) else os.path.normpath(path)
    below = not os.path.isabs(name) and name.split(os.sep, 1)[0] != os.pardir
    address = quote(os.fsencode(name if below else os.path.abspath(path)).replace(os.sep.encode(), b"/"))
    return address if below else f"file://{address}"
