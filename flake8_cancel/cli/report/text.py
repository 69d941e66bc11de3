"""The report for people: flake8's line, then the source lines that the cancellation passed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from flake8.formatting.base import BaseFormatter
from flake8.formatting.default import Default, FilenameOnly, Nothing, Pylint
from flake8.statistics import Statistics
from flake8.violation import Violation

from flake8_cancel.cli.fixable import is_fixable
from flake8_cancel.cli.outcome import Outcome, escaped, printable
from flake8_cancel.finding import Finding

_WIDEST = 72
_DIM, _CYAN, _RESET = "\033[2m", "\033[36m", "\033[m"


class Detailed(Default):  # type: ignore[misc]  # flake8 is not typed
    """flake8's default line, followed by the path."""

    def after_init(self) -> None:
        """Keep flake8's line, also when ``--format`` names a format of a plugin that is not loaded here."""


def formatter(options: argparse.Namespace) -> BaseFormatter:
    """Return the formatter that flake8 would take; a format of another plugin is the default one.

    Raises:
        ValueError: ``--format`` is a format string with a mistake; the message is for the user.
    """
    name = options.format.lower()
    if options.quiet >= 2 or name == "quiet-nothing":
        return Nothing(options)
    if options.quiet or name == "quiet-filename":
        return FilenameOnly(options)
    if name == "pylint":
        return Pylint(options)
    if "%" not in name:
        return Detailed(options)
    own = Default(options)
    try:
        own.format(Violation("CNL000", "file", 1, 1, "text", None))
    except KeyError as error:
        raise ValueError(f"--format {options.format!r}: there is no key {error}") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"--format {options.format!r}: {error}") from None
    return own


def show(out: BaseFormatter, outcomes: Sequence[Outcome], options: argparse.Namespace) -> None:
    """Write the report.

    Args:
        out: the formatter, started.
        outcomes: the outcomes of all files.
        options: the options of ``arguments.parse``.
    """
    statistics = Statistics()
    for outcome in outcomes:
        for finding in outcome.findings:
            hint = _hint(finding, options) if isinstance(out, Detailed) else ""
            violation = _violation(outcome, finding, finding.message)
            statistics.record(violation)
            out.handle(violation._replace(text=finding.message + hint))
            if isinstance(out, Detailed):
                out.write("\n".join(path_lines(finding, outcome.lines, out.color)), None)
    if isinstance(out, Detailed):
        out.write(summary(outcomes, options), None)
    if options.statistics:
        out.show_statistics(statistics)


def path_lines(finding: Finding, lines: Mapping[int, str], color: bool = False) -> list[str]:
    """Return the lines of source that the cancellation passed, each with its words.

    Args:
        finding: the finding, with its path.
        lines: the lines of source, by number.
        color: whether to colour the words for a terminal.
    """
    numbers = [step.span.line for step in finding.path]
    sources = [escaped(lines[number].rstrip().expandtabs(4)) for number in numbers]
    margin = min((len(source) - len(source.lstrip()) for source in sources), default=0)
    sources = [_shortened(source[margin:]) for source in sources]
    digits = max((len(str(number)) for number in numbers), default=0)
    width = max(map(len, sources), default=0)
    dim, cyan, reset = (_DIM, _CYAN, _RESET) if color else ("", "", "")
    return [
        f"    {dim}{number:>{digits}} |{reset} {source:<{width}}  {cyan}<- {step.words}{reset}"
        for number, source, step in zip(numbers, sources, finding.path, strict=True)
    ]


def summary(outcomes: Sequence[Outcome], options: argparse.Namespace) -> str:
    """Return one line on what was fixed, what is left and what can be fixed; empty when there is nothing to say."""
    left = [finding for outcome in outcomes for finding in outcome.findings]
    fixed = sum(len(outcome.fixed) for outcome in outcomes)
    files = sum(bool(outcome.findings) for outcome in outcomes)
    parts = []
    if options.diff:
        if fixed:
            parts.append(f"would fix {_counted(fixed, 'finding')}")
        if len(left) > fixed:
            parts.append(f"would leave {_counted(len(left) - fixed, 'finding')}")
        return ", ".join(parts)
    if fixed:
        mended = sum(bool(outcome.fixed) for outcome in outcomes)
        parts.append(f"fixed {_counted(fixed, 'finding')} in {_counted(mended, 'file')}")
    if left:
        parts.append(f"{_counted(len(left), 'finding')}{' left' if fixed else ''} in {_counted(files, 'file')}")
    fixable = [finding for finding in left if is_fixable(finding, options)]
    safe = sum(finding.repair is not None and finding.repair.safe for finding in fixable)
    if safe and not options.fix:
        parts.append(f"{safe} fixable with --fix")
    if len(fixable) > safe and not (options.fix and options.unsafe_fixes):
        more = "more" if safe and not options.fix else "fixable"
        parts.append(f"{len(fixable) - safe} {more} with --fix --unsafe-fixes")
    return ", ".join(parts)


def _violation(outcome: Outcome, finding: Finding, text: str) -> Violation:
    place = finding.span
    line = escaped(outcome.lines[place.line].rstrip("\r\n").expandtabs(1)) + "\n"
    return Violation(finding.code, printable(outcome.path), place.line, place.column + 1, text, line)


def _hint(finding: Finding, options: argparse.Namespace) -> str:
    if finding.repair is None or not is_fixable(finding, options):
        return ""
    return " [fixable with --fix]" if finding.repair.safe else " [fixable with --fix --unsafe-fixes]"


def _shortened(source: str) -> str:
    return source if len(source) <= _WIDEST else source[: _WIDEST - 3] + "..."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
