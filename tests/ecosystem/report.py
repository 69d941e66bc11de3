"""The report of a run, in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tests.ecosystem.measuring import Measured
from tests.ecosystem.packages import Package


def render(measured: Mapping[Package, Measured], differences: Sequence[str]) -> str:
    """Return the report: findings by rule and by package, rates, time, crashes, what changed."""
    parts = (_totals(measured), _by_rule(measured), _by_package(measured), _crashes(measured), _changes(differences))
    return "\n".join(line for part in parts for line in (*part, ""))


def _totals(measured: Mapping[Package, Measured]) -> Iterator[str]:
    findings = sum(len(one.findings) for one in measured.values())
    coroutines = sum(one.coroutines for one in measured.values())
    lines = sum(one.lines for one in measured.values())
    unparsed = sum(one.unparsed for one in measured.values())
    seconds = sum(one.seconds for one in measured.values())
    yield "# Findings of the default rules"
    yield ""
    yield (
        f"{findings:,} findings in {len(measured)} packages, {lines:,} lines and {coroutines:,} async functions "
        f"({_rate(findings, coroutines)} per thousand), {seconds:.0f} seconds of one process; {unparsed} files that "
        "this Python cannot parse."
    )


def _by_rule(measured: Mapping[Package, Measured]) -> Iterator[str]:
    counts = Counter(found.code for one in measured.values() for found in one.findings)
    packages = Counter(code for one in measured.values() for code in {found.code for found in one.findings})
    coroutines = sum(one.coroutines for one in measured.values())
    yield "| rule | findings | packages | per thousand async functions |"
    yield "|---|---|---|---|"
    for code, count in sorted(counts.items()):
        yield f"| {code} | {count} | {packages[code]} | {_rate(count, coroutines)} |"


def _by_package(measured: Mapping[Package, Measured]) -> Iterator[str]:
    yield "| package | lines | async functions | findings | per thousand | by rule | seconds |"
    yield "|---|---|---|---|---|---|---|"
    for package, one in sorted(measured.items()):
        counts = Counter(found.code for found in one.findings)
        codes = " ".join(f"{code}:{count}" for code, count in sorted(counts.items()))
        rate = _rate(len(one.findings), one.coroutines)
        yield (
            f"| {package} | {one.lines:,} | {one.coroutines:,} | {len(one.findings)} | {rate} | {codes} | "
            f"{one.seconds:.1f} |"
        )


def _crashes(measured: Mapping[Package, Measured]) -> Iterator[str]:
    crashes = [f"- {package}: {crash}" for package, one in sorted(measured.items()) for crash in one.crashes]
    yield "## Crashes"
    yield ""
    yield from crashes or ["Nothing."]


def _changes(differences: Sequence[str]) -> Iterator[str]:
    yield "## Different from the stored summary"
    yield ""
    yield from [f"    {line}" for line in differences] or ["Nothing."]


def _rate(count: int, coroutines: int) -> str:
    return f"{1000 * count / coroutines:.2f}" if coroutines else "-"
