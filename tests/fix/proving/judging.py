"""Says what a fix made worse: both programs are run side by side, cancelled at every suspension point."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flake8_cancel.finding import Finding, Span
from tests.fix.proving.manners import FakeError, Manner
from tests.fix.proving.patterns import Pattern
from tests.fix.proving.surroundings import AROUND
from tests.harness import fixture
from tests.harness.fixture import Case
from tests.harness.harms import leaves
from tests.harness.proof import passes, runs
from tests.harness.run import RAISED, RETURNED

# The last suspension point at which a program is cancelled; where it is cancelled twice, there are as many as squared.
_LAST_POINT = 12
_LAST_OF_TWO = 5
# What code raises that was put together wrongly.
_BROKEN = frozenset({"NameError", "UnboundLocalError", "AttributeError", "TypeError"})


class Program(NamedTuple):
    """One of two programs, before or after a fix: the function under proof, and what the rule still finds in it."""

    case: Case
    found: Sequence[Finding]


class Seen(NamedTuple):
    """What a run shows.

    Attributes:
        name: what to call it.
        calls: of the fakes, in order.
        cut: those of them that a cancellation cut off.
        struck: the calls before each cancellation; runs before and after a fix are compared if these are the same.
        end: how it ended, and what class of error it raised.
        errors: those that nobody meant.
        harm: the harm it did, None for none.
        lines: those it passed.
        at: the lines at which it was cancelled.
    """

    name: str
    calls: tuple[str, ...]
    cut: tuple[str, ...]
    struck: tuple[tuple[str, ...], ...]
    end: tuple[str, str]
    errors: tuple[str, ...]
    harm: str | None
    lines: tuple[int, ...]
    at: tuple[int, ...]


def program(pattern: Pattern, text: str, place: Path) -> Program | None:
    """Write a version of a pattern's module to a file, and look at the function under proof.

    Args:
        pattern: the pattern.
        text: the version.
        place: of the file.

    Returns:
        None if this Python cannot run it.
    """
    place.write_text(text)
    case = next(case for case in fixture.cases(place) if case.name == pattern.case.name)
    if case.needs > sys.version_info[:2]:
        return None
    found = fixture.checker(text, [pattern.rule])(text)
    return Program(case, [finding for finding in found if fixture.is_in(finding, case)])


def faults(pattern: Pattern, before: Program, after: Program, manner: Manner, safe: bool) -> Iterator[str]:
    """Yield what a fix made wrong, in words.

    - What did no harm does none. Harm that a finding's path leads through is gone, if nothing is left to be found.
    - No run raises what it did not raise before, but what a fake does or the proof expects.
    - After a fix of a cleanup, a run that did no harm and ends as it did, though it is cancelled, leaves no call out.
    - After a safe fix, a run that nobody cancels ends as it did, with the same error, and makes the same calls; where
      a fake failed it may make more, but none is left out.

    The last two say little of what does harm though nobody cancels anything: that must change.

    Args:
        pattern: the pattern.
        before: the program before the fix.
        after: the program after it.
        manner: how the fakes behave; if one of them is to fail, nobody cancels anything.
        safe: whether the fix calls itself safe.
    """
    old, new = _runs(pattern, before, manner), _runs(pattern, after, manner)
    is_left = bool(after.found) or not manner.is_orderly
    places = [[(span.line, span.end_line) for span in _path(finding)] for finding in before.found if finding.repair]
    for seen in new:
        same = [other for other in old if other.struck == seen.struck]
        if len(seen.struck) > 1 and not same:
            # It was over when it would have been cancelled for the second time.
            continue
        if seen.harm and not any(_is_excused(other, places, is_left) for other in same):
            yield f"{manner}, {seen.name}: {seen.harm}"
        known = {error for other in same for error in other.errors}
        # Where something did harm, it may not have come as far; and what went wrong all by itself may do so elsewhere.
        new_to_it = set(seen.errors) - known if not any(other.harm for other in same) else _BROKEN & set(seen.errors)
        if new_to_it and not (seen.harm or known):
            yield f"{manner}, {seen.name}: it raises {', '.join(new_to_it)}"
        is_alike = len(same) == 1 and same[0].end == seen.end and not same[0].harm
        # Elsewhere it is the mistake itself that the function goes on.
        if pattern.chapter == "cleanup" and manner.is_orderly and is_alike and not _harms_by_itself(pattern):
            yield from (f"{manner}, {seen.name}: {fault}" for fault in _left_out(same[0], seen))
    if safe and old[0].end[0] in (RETURNED, RAISED) and not (old[0].harm or old[0].errors):
        yield from (f"{manner}: {difference}" for difference in _differences(pattern, old[0], new[0], manner))


def calls(pattern: Pattern, program: Program) -> int:
    """Return how many calls a program makes when nobody disturbs it."""
    return len(next(_seen(pattern, program, Manner())).calls)


def _is_excused(other: Seen, places: Sequence[Sequence[tuple[int, int]]], is_left: bool) -> bool:
    """Tell whether a run did harm before the fix that is not the harm that was found."""
    return bool(other.harm) and (is_left or not any(_is_found(other, path) for path in places))


def _is_found(seen: Seen, path: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a run takes the path of a finding: it passes its places, and is cancelled, if at all, at one."""
    here = not seen.at or any(first <= line <= last for line in seen.at for first, last in path)
    return here and passes(seen.lines, path)


def _differences(pattern: Pattern, old: Seen, new: Seen, manner: Manner) -> Iterator[str]:
    """Yield what is different in runs that nobody cancels."""
    by_itself = _harms_by_itself(pattern)
    # What a mistaken call came to, and what came of that, is no measure; an error that was not lost must not be now.
    if old.end != new.end and (not by_itself or (_fails_as_it_cleans_up(old, manner) and set(old.cut) <= set(new.cut))):
        yield f"it ended so: {old.end}, and now so: {new.end}"
    if by_itself:
        return
    if manner.failing:
        yield from _left_out(old, new)
    elif old.calls != new.calls:
        yield f"the calls were these: {', '.join(old.calls)}; and now these: {', '.join(new.calls)}"


def _fails_as_it_cleans_up(seen: Seen, manner: Manner) -> bool:
    """Tell whether the error comes out of work that was cut off. It does not arise where the work comes to its end."""
    return FakeError.__name__ in seen.end[1] and not manner.failing


@cache
def _harms_by_itself(pattern: Pattern) -> bool:
    """Tell whether a mistake does harm though nobody cancels anything."""
    _, harm = next(runs(pattern.proof, pattern.case))
    return harm is not None


def _left_out(old: Seen, new: Seen) -> Iterator[str]:
    left_out = Counter(old.calls) - Counter(new.calls)
    if left_out:
        yield f"these calls are left out: {', '.join(left_out)}"


def _path(finding: Finding) -> list[Span]:
    return [step.span for step in finding.path] or [finding.span]


def _runs(pattern: Pattern, program: Program, manner: Manner) -> list[Seen]:
    seen = _seen(pattern, program, manner)
    return [next(seen)] if manner.failing else list(seen)


def _seen(pattern: Pattern, program: Program, manner: Manner) -> Iterator[Seen]:
    proof = pattern.proof._replace(fake_modules=(*pattern.proof.fake_modules, AROUND))
    for run, harm in runs(proof, program.case, manner.run, _LAST_OF_TWO if proof.cancel_twice else _LAST_POINT):
        errors = list(leaves(run.error)) if run.end == RAISED and run.error is not None else []
        yield Seen(
            str(run),
            tuple(map(str, run.log)),
            tuple(call.name for call in run.log if call.cut),
            tuple(tuple(call.name for call in run.log[:count]) for count, _ in run.struck),
            (run.end, ", ".join(f"{type(error).__name__}: {error}" for error in errors)),
            tuple(type(error).__name__ for error in errors if not isinstance(error, (FakeError, *proof.expected))),
            str(harm) if harm else None,
            tuple(run.lines),
            tuple(run.lines[count - 1] for _, count in run.struck if count),
        )
