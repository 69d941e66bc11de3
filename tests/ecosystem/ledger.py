"""The ledger of judged findings: ``ledger.csv``, one row a finding, no source text."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.ecosystem.measuring import Found
from tests.ecosystem.packages import Package
from tests.ecosystem.summary import Summary

STORED = Path(__file__).with_name("ledger.csv")
VERDICTS = frozenset(("true", "false", "doubtful"))


class Judged(NamedTuple):
    """A finding and what its readers said: would this, at run time, lose a cancellation, a cleanup or a task?

    Attributes:
        first: the first reader's verdict.
        second: the verdict of a reader who did not see the first; empty where there was none.
        found: whether the rules still find it; what was false is gone, or is no better to be known.
        reason: in a few words.
    """

    package: str
    version: str
    path: str
    line: int
    code: str
    first: str
    second: str
    found: bool
    reason: str

    @property
    def key(self) -> tuple[Package, Found]:
        """Return what the verdict is about."""
        return Package(self.package, self.version), Found(self.path, self.line, self.code)

    @property
    def verdict(self) -> str:
        """Return what the last reader said."""
        return self.second or self.first


def load(path: Path = STORED) -> list[Judged]:
    """Read the ledger."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [Judged(**{**row, "line": int(row["line"]), "found": row["found"] == "yes"}) for row in rows]


def save(judged: Iterable[Judged], path: Path = STORED) -> None:
    """Write the ledger in the order of packages and places."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Judged._fields)
        writer.writerows(one._replace(found="yes" if one.found else "no") for one in sorted(judged))


def sample(summary: Summary, code: str, count: int) -> list[tuple[Package, Found]]:
    """Return findings of a rule chosen at random, the same ones for everybody who asks.

    Args:
        summary: the findings to choose from.
        code: of the rule.
        count: how many; all where there are fewer.
    """
    found = [(package, one) for package, entry in summary.items() for one in entry.findings if one.code == code]
    return sorted(sorted(found, key=_chance)[:count])


def rates(judged: Sequence[Judged]) -> dict[str, tuple[int, int]]:
    """Return by code how many findings are true, and how many were judged."""
    true = Counter(one.code for one in judged if one.verdict == "true")
    return {code: (true[code], count) for code, count in sorted(Counter(one.code for one in judged).items())}


def _chance(key: tuple[Package, Found]) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()
