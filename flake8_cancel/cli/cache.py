"""Remembers what became of a file, for as long as nothing changes that could change it."""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import flake8

from flake8_cancel import __version__
from flake8_cancel.cli.files import STDIN
from flake8_cancel.cli.outcome import Outcome
from flake8_cancel.cli.store import Store, digest_of, settled, stamp_of, status_of
from flake8_cancel.cli.unchanged import own_files
from flake8_cancel.code.api import Facts
from flake8_cancel.finding import Finding, Mark, Repair, Span, Step
from flake8_cancel.settings import PROJECT, SettingsError, facts_for

# They choose the files or shape the output; every other option may change what is found.
_WITHOUT_INFLUENCE = frozenset(
    "filenames filename exclude extend_exclude output_file output_format format tee color count quiet show_source "
    "statistics benchmark bug_report jobs verbose exit_zero fix unsafe_fixes fixable unfixable diff "
    "exit_non_zero_on_fix explain rules no_cache cache_dir stdin_display_name".split()
)
# What became of nearly all files: nothing, whichever it is.
_NOTHING = Outcome("")


class Cache:
    """What is known from earlier runs.

    Of a file this is one text: what the system says of it (left out when that is not to be relied on), what the user
    told of the code, and the digest of its content. Of those where something was found also the findings, and the
    lines they stand on.

    Args:
        options: the options of ``arguments.parse``.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._store = Store(options.cache_dir, "files", _circumstances(options))
        self._entries = self._store.load()
        self._stamps: dict[str, str] = {}
        self._facts_in: dict[str, str] = {}
        self._changed = False

    def recall(self, path: str) -> Outcome | None:
        """Return what became of a file when it was last checked, None when it must be checked again."""
        status = status_of(path)
        stamp = stamp_of(status) if status else ""
        try:
            entry = self._entries[path]
            if stamp and type(entry) is str and entry.startswith(f"{stamp} {self._facts(path)} "):
                return _NOTHING
            # Taken now, for the file may change while it is read.
            self._stamps[path] = settled(status)
            return self._compared(path, stamp, *((entry, [], {}) if type(entry) is str else entry))
        except (KeyError, TypeError, ValueError, AttributeError):
            self._stamps[path] = settled(status)
            return None

    def _compared(self, path: str, stamp: str, known: str, findings: Any, lines: Any) -> Outcome | None:
        """Return what became of a file of which the stamp alone does not tell."""
        before, _, content = known.rpartition(" ")
        facts = self._facts(path)
        if not before.endswith(f" {facts}") or (findings and (self._options.fix or self._options.diff)):
            return None
        outcome = _outcome(path, findings, lines)
        if not stamp or before != f"{stamp} {facts}":
            if digest_of(path) != content:
                return None
            self._keep(path, content, facts, findings, lines)
        return outcome

    def remember(self, outcome: Outcome) -> None:
        """Keep what became of a file that ``recall`` did not know."""
        kept = outcome.digest and not (outcome.problems or outcome.fixed or outcome.refused or outcome.notes)
        facts = self._facts(outcome.path)
        if not kept or not facts or outcome.path not in self._stamps:
            return
        lines = {str(number): line for number, line in outcome.lines.items()}
        self._keep(outcome.path, outcome.digest, facts, list(outcome.findings), lines)

    def save(self) -> None:
        """Keep what was learnt for the next run."""
        if self._changed:
            self._store.save(self._entries)

    def _keep(self, path: str, content: str, facts: str, findings: list[Any], lines: dict[str, str]) -> None:
        # At the end of the dictionary, which is where the latest ones stand.
        self._entries.pop(path, None)
        known = f"{self._stamps[path]} {facts} {content}"
        self._entries[path] = (known, findings, lines) if findings else known
        self._changed = True

    def _facts(self, path: str) -> str:
        # All files of a folder have the same.
        plain = path.replace(os.altsep, os.sep) if os.altsep else path
        folder = plain[: plain.rfind(os.sep) + 1]
        known = self._facts_in.get(folder)
        return self._facts_below(folder) if known is None else known

    def _facts_below(self, folder: str) -> str:
        """Return what the user told of the files in a folder: what was told of the one above, if nothing is there."""
        above = folder[: folder.rfind(os.sep, 0, -1) + 1]
        if above and os.pardir not in folder and not os.access(f"{folder}{PROJECT}", os.F_OK):
            known = self._facts_in.get(above)
            found = self._facts_below(above) if known is None else known
        else:
            try:
                found = _written(facts_for(folder, self._options))
            except SettingsError:
                found = ""
        self._facts_in[folder] = found
        return found


def split(paths: Sequence[str], cache: Cache) -> tuple[list[Outcome], list[str]]:
    """Return what was found in the files that are known, where there is something, and the files to be checked."""
    told: list[Outcome] = []
    unknown: list[str] = []
    for path in paths:
        outcome = None if path == STDIN else cache.recall(path)
        if outcome is None:
            unknown.append(path)
        elif outcome.findings:
            told.append(outcome)
    return told, unknown


def learn(outcomes: Iterable[Outcome], cache: Cache) -> None:
    """Keep what became of files, for the next run."""
    for outcome in outcomes:
        cache.remember(outcome)
    cache.save()


def _circumstances(options: argparse.Namespace) -> object:
    """Return all that the files have in common and that can change what is found in them."""
    chosen = sorted((name, repr(value)) for name, value in vars(options).items() if name not in _WITHOUT_INFLUENCE)
    return (__version__, _own_code(), flake8.__version__, sys.version, os.getcwd(), chosen)


def _own_code() -> tuple[str, int, int, int]:
    """Return what changes when this program is changed under the same version, as its developers do."""
    found = list(map(os.stat, own_files()))
    return __file__, len(found), sum(one.st_size for one in found), sum(one.st_mtime_ns for one in found)


@functools.cache
def _written(facts: Facts) -> str:
    return repr((facts.target, sorted(facts.cleanup_calls), sorted(facts.resource_makers)))


def _outcome(path: str, findings: list[Any], lines: dict[str, str]) -> Outcome:
    return Outcome(path, tuple(map(_finding, findings)), {int(number): line for number, line in lines.items()})


def _finding(parts: list[Any]) -> Finding:
    code, span, message, path, repair = parts
    steps = tuple(Step(Span(*where), words) for where, words in path)
    return Finding(code, Span(*span), message, steps, _repair(repair) if repair else None)


def _repair(parts: list[Any]) -> Repair:
    target, safe, marks, words = parts
    return Repair(_mark(target), safe, tuple(map(_mark, marks)), tuple(words))


def _mark(parts: list[Any]) -> Mark:
    span, node = parts
    return Mark(Span(*span), node)
