"""One file: read, check, fix. Whatever is wrong with it becomes a problem in its outcome."""

from __future__ import annotations

import argparse
import traceback
import warnings
from collections.abc import Callable, Sequence

from flake8_cancel import registry
from flake8_cancel.check import RuleError, check_text, examine
from flake8_cancel.cli import diff, files, store, write
from flake8_cancel.cli.fixable import is_wanted
from flake8_cancel.cli.outcome import Outcome, Problem, printable
from flake8_cancel.cli.selection import Selection
from flake8_cancel.finding import Finding
from flake8_cancel.settings import SettingsError, facts_for
from flake8_cancel.source import UndecodableError, decode, split_lines

_LARGE = 1_000_000
_TOO_DEEP = "its code is nested too deeply"
_TOO_COMPLEX = "Python's parser ran out of memory"


class Treatment:
    """What is done with every file, made once a process.

    Args:
        options: the options of ``arguments.parse``.

    Raises:
        arguments.UsageError: flake8 finds the options wrong.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._selection = Selection(options)
        chosen = registry.chosen(registry.wants_strict(options.select, options.extend_select))
        # What nobody is to hear of need not be asked for.
        self._rules = tuple(rule for rule in chosen if self._selection.selects(rule.code))

    def __call__(self, path: str) -> Outcome:
        """Check one file, and fix it if that is asked for. Nothing is raised."""
        with warnings.catch_warnings():
            # Python's parser warns of doubtful escapes in the code that is checked.
            warnings.simplefilter("ignore")
            return self._outcome(path)

    def _outcome(self, path: str) -> Outcome:
        name = self._options.stdin_display_name if path == files.STDIN else path
        data = None
        try:
            data = files.read(path)
            outcome = self._checked(path, name, data)
        except files.UnreadableError as error:
            outcome = _failed(name, f"cannot be read: {error}")
        except UndecodableError as error:
            outcome = _failed(name, f"cannot be decoded: {error}")
        except SettingsError as error:
            # It names the file it speaks of, which is not this one.
            path, _, reason = str(error).partition(": ")
            outcome = Outcome(name, problems=(Problem(path, reason),))
        except SyntaxError as error:
            outcome = _failed(name, f"cannot be parsed: {error.msg}", error.lineno or 1, error.offset or 1)
        except UnicodeEncodeError:
            # Escapes that an encoding such as unicode_escape resolved.
            outcome = _failed(name, "cannot be parsed: it holds characters that no text may hold")
        except RecursionError:
            outcome = _failed(name, f"cannot be checked: {_TOO_DEEP}")
        except MemoryError:
            outcome = _failed(name, f"cannot be checked: {_TOO_COMPLEX}")
        except RuleError as error:
            outcome = _failed(name, f"flake8-cancel has a bug, please report it: {error}")
            traceback.print_exc()
        except Exception:  # a mistake of ours in one file must be loud, but the other files are still checked
            outcome = _failed(name, "flake8-cancel has a bug, please report it")
            traceback.print_exc()
        if path == files.STDIN and outcome.content is None:
            return outcome._replace(content=data)
        return outcome

    def _checked(self, path: str, name: str, data: bytes) -> Outcome:
        text = decode(data)
        unread = Outcome(name, digest=store.digest(data))
        if self._selection.skips(name, text):
            return unread
        facts = facts_for(name, self._options)

        def check(text: str) -> list[Finding]:
            return self._selection.reported(name, text, check_text(text, facts, self._rules))

        report = examine(text, facts, self._rules)
        findings = self._selection.reported(name, text, report.findings)
        outcome = _shown(unread, findings, text)
        if self._options.verbose:
            left_out = (f"{printable(name)}: {place} is too large for its graph, left out" for place in report.left_out)
            outcome = outcome._replace(notes=tuple(left_out))
        if not (self._options.fix or self._options.diff) or not any(map(self._wanted, findings)):
            return outcome
        if len(data) > _LARGE and path not in self._options.filenames:
            note = f"{printable(name)}: larger than 1 MB and not fixed; to fix it, name it on the command line"
            return outcome._replace(notes=(*outcome.notes, note))
        return self._mended(path, outcome, data, check)

    def _mended(self, path: str, outcome: Outcome, data: bytes, check: Callable[[str], list[Finding]]) -> Outcome:
        # libcst is slow to import, and only fixing needs it.
        from flake8_cancel.fix import engine

        name = outcome.path
        try:
            repaired = engine.repair(data, check, self._wanted, self._rules)
            if self._options.diff:
                changes = diff.unified(name, data, repaired.data)
                return outcome._replace(fixed=repaired.fixed, refused=repaired.refused, diff=changes)
            if repaired.data != data and path != files.STDIN:
                write.replace(path, data, repaired.data)
        except engine.UnparsableError as error:
            return outcome._replace(problems=(Problem(name, f"cannot be fixed: {error}"),))
        except RecursionError:
            return outcome._replace(problems=(Problem(name, f"cannot be fixed: {_TOO_DEEP}"),))
        except MemoryError:
            return outcome._replace(problems=(Problem(name, f"cannot be fixed: {_TOO_COMPLEX}"),))
        except write.UnwrittenError as error:
            return outcome._replace(problems=(Problem(name, f"cannot be written: {error}"),))
        content = repaired.data if path == files.STDIN else None
        after = outcome._replace(fixed=repaired.fixed, refused=repaired.refused, content=content)
        return _shown(after, repaired.left, decode(repaired.data))

    def _wanted(self, finding: Finding) -> bool:
        return is_wanted(finding, self._options)


def _failed(name: str, reason: str, line: int = 0, column: int = 0) -> Outcome:
    return Outcome(name, problems=(Problem(name, reason, line, column),))


def _shown(outcome: Outcome, findings: Sequence[Finding], text: str) -> Outcome:
    """Return the outcome with findings and the lines they stand on."""
    numbers = {place.line for finding in findings for place in (finding.span, *(step.span for step in finding.path))}
    lines = split_lines(text) if numbers else []
    return outcome._replace(findings=tuple(findings), lines={number: lines[number - 1] for number in sorted(numbers)})
