"""What flake8 would report: select, ignore, per-file-ignores and ``noqa``, decided by flake8's own code."""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterable

from flake8.exceptions import ExecutionError
from flake8.formatting.default import Nothing
from flake8.processor import FileProcessor
from flake8.style_guide import Decision, StyleGuideManager
from flake8.violation import Violation

from flake8_cancel.cli.arguments import UsageError
from flake8_cancel.finding import Finding


class Selection:
    """flake8's decisions.

    Args:
        options: flake8's options.

    Raises:
        UsageError: ``per-file-ignores`` is wrong.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        try:
            self._guides = StyleGuideManager(options, Nothing(options))
        except ExecutionError as error:
            raise UsageError(str(error)) from None

    def selects(self, code: str) -> bool:
        """Tell whether a code is selected in any file; what is ignored in some files alone is."""
        return self._guides.default_style_guide.should_report_error(code) is Decision.Selected

    def skips(self, path: str, text: str) -> bool:
        """Tell whether the whole file is left out by ``# flake8: noqa``."""
        # Both comments hold the word; the search is far quicker than flake8's look at every line.
        return "flake8" in text.lower() and bool(self._processor(path, text).should_ignore_file())

    def reported(self, path: str, text: str, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings that are selected for the file and not under a ``noqa`` of their statement."""
        guide = self._guides.style_guide_for(path)
        chosen = [finding for finding in findings if guide.should_report_error(finding.code) is Decision.Selected]
        if not chosen or self._options.disable_noqa or "noqa" not in text.lower():
            return chosen
        processor = self._processor(path, text)
        return [finding for finding in chosen if not _is_ignored(finding, path, processor)]

    def _processor(self, path: str, text: str) -> FileProcessor:
        # flake8 reads files with universal newlines.
        return FileProcessor(path, self._options, lines=list(io.StringIO(text, newline=None)))


def _is_ignored(finding: Finding, path: str, processor: FileProcessor) -> bool:
    place = finding.span
    # Where the file cannot be split into tokens, flake8 looks at the line alone.
    line = processor.noqa_line_for(place.line) or processor.lines[place.line - 1]
    violation = Violation(finding.code, path, place.line, place.column + 1, finding.message, line)
    return bool(violation.is_inline_ignored(disable_noqa=False))
