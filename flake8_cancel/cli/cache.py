"""Remembers what became of a file, for as long as nothing changes that could change it.

One file of JSON for each set of circumstances: data alone, behind a checksum, put in place at once. Whatever is wrong
with it, or with the folder, means that nothing is remembered, and is no error.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import flake8

from flake8_cancel import __version__
from flake8_cancel.cli.files import STDIN, Job
from flake8_cancel.cli.outcome import Outcome
from flake8_cancel.code.api import Facts
from flake8_cancel.finding import Finding, Mark, Repair, Span, Step
from flake8_cancel.settings import SettingsError, facts_for

# They choose the files or shape the output; every other option may change what is found.
_WITHOUT_INFLUENCE = frozenset(
    "filenames filename exclude extend_exclude output_file output_format format tee color count quiet show_source "
    "statistics benchmark bug_report jobs verbose exit_zero fix unsafe_fixes fixable unfixable diff "
    "exit_non_zero_on_fix explain rules no_cache cache_dir stdin_display_name".split()
)
_MOST_FILES = 50_000
_MOST_CIRCUMSTANCES = 8
# File systems count time in ticks: what changed just now may change again and look the same.
_SETTLED = 2.0


class _Entry(NamedTuple):
    """What is kept of a file. ``stamp`` is what the system says of it, None when that is not to be relied on."""

    stamp: list[int] | None
    digest: str
    facts: str
    findings: list[Any]
    lines: dict[str, str]


class Cache:
    """What is known from earlier runs.

    Args:
        options: the options of ``arguments.parse``.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._path = Path(options.cache_dir) / f"{_circumstances(options)}.json"
        self._entries = _load(self._path)
        self._stamps: dict[str, list[int] | None] = {}
        self._facts_in: dict[str, str | None] = {}
        self._changed = False

    def recall(self, job: Job) -> Outcome | None:
        """Return what became of a file when it was last checked, None when it must be checked again."""
        stamp = self._stamps[job.path] = _stamp(job.path)
        entry = self._entries.get(job.path)
        if entry is None or stamp is None or entry.facts != self._facts(job.path):
            return None
        if entry.findings and (self._options.fix or self._options.diff):
            return None
        if entry.stamp != stamp:
            if _digest_of(job.path) != entry.digest:
                return None
            self._keep(job.path, entry)
        try:
            return _outcome(job.path, entry)
        except (TypeError, ValueError, IndexError):
            return None

    def remember(self, outcome: Outcome) -> None:
        """Keep what became of a file that ``recall`` did not know."""
        kept = outcome.digest and not (outcome.problems or outcome.fixed or outcome.refused or outcome.notes)
        facts = self._facts(outcome.path)
        if not kept or facts is None or outcome.path not in self._stamps:
            return
        lines = {str(number): line for number, line in outcome.lines.items()}
        self._keep(outcome.path, _Entry(None, outcome.digest, facts, list(outcome.findings), lines))

    def save(self) -> None:
        """Write what was learnt. An interrupted or failed write leaves the former state."""
        if not self._changed:
            return
        with contextlib.suppress(OSError):
            _prepare(self._path.parent)
            # Another run may have saved meanwhile; what it knows of other files is kept.
            entries = {**_load(self._path), **self._entries}
            _write(self._path, dict(list(entries.items())[-_MOST_FILES:]))
            _tidy(self._path.parent)

    def _keep(self, path: str, entry: _Entry) -> None:
        stamp = self._stamps[path]
        settled = stamp is not None and time.time() - max(stamp[1], stamp[2]) / 1e9 > _SETTLED
        # At the end of the dictionary, which is where the latest ones stand.
        self._entries.pop(path, None)
        self._entries[path] = entry._replace(stamp=stamp if settled else None)
        self._changed = True

    def _facts(self, path: str) -> str | None:
        # All files of a folder have the same.
        folder = os.path.dirname(path)
        if folder not in self._facts_in:
            try:
                self._facts_in[folder] = _written(facts_for(path, self._options))
            except SettingsError:
                self._facts_in[folder] = None
        return self._facts_in[folder]


def split(jobs: Sequence[Job], cache: Cache) -> tuple[list[Outcome], list[Job]]:
    """Return what became of the files that are known, and the files that must be checked."""
    known = [(job, None if job.path == STDIN else cache.recall(job)) for job in jobs]
    return [outcome for _, outcome in known if outcome], [job for job, outcome in known if outcome is None]


def learn(outcomes: Iterable[Outcome], cache: Cache) -> None:
    """Keep what became of files, for the next run."""
    for outcome in outcomes:
        cache.remember(outcome)
    cache.save()


def digest(data: bytes) -> str:
    """Return what tells one content from every other."""
    return hashlib.sha256(data).hexdigest()


def _circumstances(options: argparse.Namespace) -> str:
    """Return a name for all that the files have in common and that can change what is found in them."""
    chosen = sorted((name, repr(value)) for name, value in vars(options).items() if name not in _WITHOUT_INFLUENCE)
    said = (__version__, sorted(_own_code()), flake8.__version__, sys.version, os.getcwd(), chosen)
    return digest(repr(said).encode())[:32]


def _own_code() -> Iterator[tuple[str, int, int]]:
    """Yield what changes when this program is changed under the same version, as its developers do."""
    for folder, _, names in os.walk(Path(__file__).parents[1]):
        for name in names:
            if name.endswith(".py"):
                found = os.stat(os.path.join(folder, name))
                yield os.path.join(folder, name), found.st_size, found.st_mtime_ns


@functools.cache
def _written(facts: Facts) -> str:
    return repr((facts.target, sorted(facts.cleanup_calls), sorted(facts.resource_makers)))


def _stamp(path: str) -> list[int] | None:
    """Return what the system says of a file; nobody can set the time of its last change (the third number) back."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _digest_of(path: str) -> str:
    try:
        return digest(Path(path).read_bytes())
    except OSError:
        return ""


def _load(path: Path) -> dict[str, _Entry]:
    try:
        said, _, data = path.read_bytes().partition(b"\n")
        if said.decode() != digest(data):
            return {}
        return {name: _Entry(*entry) for name, entry in json.loads(data).items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _write(path: Path, entries: dict[str, _Entry]) -> None:
    data = json.dumps(entries, separators=(",", ":")).encode()
    descriptor, temporary = tempfile.mkstemp(suffix=".tmp", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(digest(data).encode() + b"\n" + data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ignoring = folder / ".gitignore"
    if not ignoring.exists():
        ignoring.write_text("*\n")


def _tidy(folder: Path) -> None:
    """Remove what was kept for circumstances of long ago, and what killed runs left."""
    kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    left = [path for path in folder.glob("*.tmp") if time.time() - path.stat().st_mtime > 3600]
    for path in (*kept[_MOST_CIRCUMSTANCES:], *left):
        path.unlink(missing_ok=True)


def _outcome(path: str, entry: _Entry) -> Outcome:
    # Nearly all files.
    if not entry.findings:
        return Outcome(path)
    findings = tuple(map(_finding, entry.findings))
    return Outcome(path, findings, {int(number): line for number, line in entry.lines.items()})


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
