"""The command: options in, report out, and the exit code."""

from __future__ import annotations

import os
import sys
import time

from flake8_cancel.cli import unchanged

# Not typing's own, which takes longer to import than a run in which nothing changed.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from flake8_cancel.cli.outcome import Outcome, Problem

_CLEAN, _FINDINGS, _TROUBLE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments without the command's name; those of the process when left out.

    Returns:
        0 when there is nothing to report, 1 when findings remain, 2 when something could not be checked.

    Raises:
        SystemExit: argparse found the command line wrong (2), or printed help or version (0).
    """
    arguments = sys.argv[1:] if argv is None else argv
    try:
        said = unchanged.said_before(arguments)
        if said is not None:
            return _say(*said)
        return _run(arguments)
    except KeyboardInterrupt:
        return _complain("stopped")


def _run(argv: Sequence[str]) -> int:
    from flake8_cancel.cli.arguments import UsageError, parse

    try:
        options = parse(argv)
        if options.rules or options.explain:
            return _print_rules(options)
        return _check(argv, options)
    except UsageError as error:
        return _complain(str(error))


def _print_rules(options: argparse.Namespace) -> int:
    from flake8_cancel.cli import catalogue

    text = catalogue.explanation(options.explain) if options.explain else catalogue.listing()
    if text is None:
        return _complain(f"there is no rule {options.explain}; see --rules")
    return _to_stdout(_CLEAN, lambda: print(text, end=""))


def _check(argv: Sequence[str], options: argparse.Namespace) -> int:
    from flake8_cancel.cli import files
    from flake8_cancel.cli.arguments import UsageError
    from flake8_cancel.cli.memory import collect_rarely
    from flake8_cancel.cli.outcome import Outcome
    from flake8_cancel.cli.report import text

    try:
        text.formatter(options)
    except ValueError as error:
        raise UsageError(str(error)) from None
    collect_rarely()
    began = time.time()
    paths, closed, folders = files.find(options)
    outcomes, is_known = _treated(paths, options)
    if options.fix and files.STDIN in options.filenames and files.STDIN not in paths:
        # Excluded, so it goes through as it came.
        outcomes.append(Outcome(options.stdin_display_name, content=sys.stdin.buffer.read() if sys.stdin else b""))
    _tell(outcomes, closed)
    code = _exit_code(outcomes, closed, options)
    if not is_known or code == _TROUBLE or folders is None or not unchanged.may_be_kept(options):
        return _to_stdout(code, lambda: _report(outcomes, options))
    output = _caught(lambda: _report(outcomes, options))
    unchanged.keep(argv, options, began, (paths, folders), (code, output))
    return _say(code, output)


def _caught(write: Callable[[], None]) -> bytes:
    """Return what is written to standard output, as it would be written."""
    import contextlib
    import io

    class Kept(io.TextIOWrapper):
        def isatty(self) -> bool:
            return out.isatty()

    out = sys.stdout
    kept = io.BytesIO()
    with contextlib.redirect_stdout(Kept(kept, out.encoding, out.errors, write_through=True)):
        write()
        sys.stdout.flush()
        return kept.getvalue()


def _treated(paths: Sequence[str], options: argparse.Namespace) -> tuple[list[Outcome], bool]:
    """Return what became of the files, and whether all of it is remembered."""
    from flake8_cancel.cli import cache

    # What was left out of the graph is told on demand, and not remembered.
    if options.no_cache or options.verbose:
        return _treated_now(paths, options), False
    known = cache.Cache(options)
    remembered, unknown = cache.split(paths, known)
    treated = _treated_now(unknown, options) if unknown else []
    cache.learn(treated, known)
    return sorted([*remembered, *treated], key=lambda outcome: outcome.path), not unknown


def _treated_now(paths: Sequence[str], options: argparse.Namespace) -> list[Outcome]:
    from flake8_cancel.cli import workers

    return workers.treat_all(paths, options)


def _tell(outcomes: Iterable[Outcome], closed: Iterable[Problem]) -> None:
    """Write to standard error what went wrong, one line each, and each once."""
    from flake8_cancel.cli.outcome import Problem

    lines = list(map(str, closed))
    for outcome in outcomes:
        lines.extend(map(str, outcome.problems))
        lines.extend(outcome.notes)
        lines.extend(
            str(
                Problem(outcome.path, f"{finding.code} not fixed: {reason}", finding.span.line, finding.span.column + 1)
            )
            for finding, reason in outcome.refused
        )
    for line in dict.fromkeys(lines):
        print(line, file=sys.stderr)


def _exit_code(outcomes: Sequence[Outcome], closed: Sequence[Problem], options: argparse.Namespace) -> int:
    if closed or any(outcome.problems for outcome in outcomes):
        return _TROUBLE
    if options.exit_non_zero_on_fix and not options.diff and any(outcome.fixed for outcome in outcomes):
        return _FINDINGS
    if options.exit_zero:
        return _CLEAN
    return _FINDINGS if any(outcome.findings for outcome in outcomes) else _CLEAN


def _report(outcomes: Sequence[Outcome], options: argparse.Namespace) -> None:
    import contextlib

    from flake8_cancel.cli.report import text

    if options.diff:
        for outcome in outcomes:
            sys.stdout.buffer.write(outcome.diff)
        if told := text.summary(outcomes, options):
            print(told, file=sys.stderr)
        return
    contents = [outcome.content for outcome in outcomes if outcome.content is not None] if options.fix else []
    for content in contents:
        sys.stdout.buffer.write(content)
    # Standard output belongs to the mended text, if there is one.
    with contextlib.redirect_stdout(sys.stderr) if contents else contextlib.nullcontext():
        _write_report(outcomes, options)


def _write_report(outcomes: Sequence[Outcome], options: argparse.Namespace) -> None:
    from flake8_cancel.cli.report import text

    out = text.formatter(options)
    out.start()
    try:
        if options.output_format != "text":
            out.write(_rendered(outcomes, options.output_format), None)
            return
        text.show(out, outcomes, options)
    finally:
        out.stop()
    if options.count:
        print(sum(len(outcome.findings) for outcome in outcomes))


def _rendered(outcomes: Sequence[Outcome], form: str) -> str:
    if form == "json":
        from flake8_cancel.cli.report import json

        return json.render(outcomes)
    if form == "sarif":
        from flake8_cancel.cli.report import sarif

        return sarif.render(outcomes)
    from flake8_cancel.cli.report import github

    return github.render(outcomes)


def _say(code: int, output: bytes) -> int:
    def write() -> None:
        sys.stdout.buffer.write(output)

    return _to_stdout(code, write)


def _to_stdout(code: int, write: Callable[[], None]) -> int:
    """Write, and return the exit code: 2 when the output could not be written."""
    try:
        write()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough.
        _silence_stdout()
    except OSError as error:
        _silence_stdout()
        return _complain(f"the report cannot be written: {error.strerror}")
    return code


def _silence_stdout() -> None:
    """Let what is still buffered go nowhere, else the interpreter fails on it again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> int:
    print(f"flake8-cancel: {' '.join(message.split())}", file=sys.stderr)
    return _TROUBLE
