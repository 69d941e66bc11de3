"""Fixes keep their word in any surroundings: the mistake is gone, and nothing else has changed that must not change.

Each rule that repairs, on the functions of its own fixtures, with statements before, between and around theirs,
cancelled at every suspension point, with fakes that fail, clean up slowly, fail as they clean up, or swallow.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import libcst as cst
import pytest
from hypothesis import HealthCheck, Phase, assume, find, given, settings
from hypothesis import strategies as st
from libcst import matchers

from flake8_cancel.finding import Finding
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.engine import repair
from flake8_cancel.fix.shapes import wrap_in_finally
from flake8_cancel.fix.splice import Replacement
from flake8_cancel.registry import Entry
from flake8_cancel.rule import Rule
from tests.fix.proving.judging import calls, faults, program
from tests.fix.proving.manners import FAILS, WAYS, Manner
from tests.fix.proving.patterns import FIXABLE, Pattern, patterns
from tests.fix.proving.surroundings import Change, changes, surrounded
from tests.harness import fixture

# Their processes and threads, or the garbage collector that their proofs ask, take real time.
_REAL_TIME = frozenset({"CNL206", "CNL302", "CNL405", "CNL501"})
# A future is given its result once, what is given back only on an error is kept by the first turn of a loop, and what a
# turn closes is closed in the next one; what the next one fails to take counts as taken, though the first did it right.
_ONCE = frozenset({"CNL403", "CNL404", "CNL406", "CNL410", "CNL502"})
# As many calls fail, each in a run of its own.
_FAILING = 6
_QUIET = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def examples(entry: Entry) -> settings:
    """Return how many surroundings a rule is tried in: 8 in the usual profile, 320 in the long one."""
    most = settings().max_examples * 8 // 100 or 1
    return settings(_QUIET, max_examples=max(1, most // 4) if entry.code in _REAL_TIME else most)


def worse(
    pattern: Pattern, wanted: Sequence[Change], way: str, late: bool, safe: bool, place: Path
) -> list[str] | None:
    """Put a pattern in surroundings, repair it, and return what became worse.

    Args:
        pattern: the pattern.
        wanted: what is written around it.
        way: what work does when it is cancelled.
        late: whether fakes that fail do so only when they were waited for.
        safe: whether only the safe fixes are made, where there are any.
        place: where to write both versions to.

    Returns:
        the faults in words; None if nothing is found in these surroundings that can be repaired.
    """
    text = surrounded(pattern.text, pattern.case.name, wanted)
    before = program(pattern, text, place / "before.py")
    if before is None:
        return None
    only_safe = safe and any(finding.repair and finding.repair.safe for finding in before.found)

    def chosen(finding: Finding) -> bool:
        return finding.repair is not None and (finding.repair.safe or not only_safe)

    if not any(map(chosen, before.found)):
        return None
    check = fixture.checker(text, [pattern.rule])
    repaired = repair(text.encode(), check, chosen, [pattern.rule])
    if not repaired.fixed:
        return None
    after = program(pattern, repaired.data.decode(), place / "after.py")
    if after is None:
        return None
    failing = range(1, min(_FAILING, calls(pattern, before)) + 1)
    manners = [Manner(way), *(Manner(failing=number, late=late) for number in failing)]
    found = [fault for manner in manners for fault in faults(pattern, before, after, manner, only_safe)]
    again = repair(repaired.data, check, chosen, [pattern.rule])
    return found if again.data == repaired.data else [*found, "a second run changes it again"]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("entry", FIXABLE, ids=lambda entry: entry.code)
def test_a_fix_holds_in_any_surroundings(entry: Entry, tmp_path: Path) -> None:
    if not patterns(entry):
        pytest.skip("this Python can run none of them")
    tried = 0

    @examples(entry)
    @given(
        pattern=st.sampled_from(patterns(entry)),
        wanted=changes(once=entry.code in _ONCE),
        way=st.sampled_from(WAYS),
        late=st.booleans(),
        safe=st.booleans(),
    )
    def holds(pattern: Pattern, wanted: list[Change], way: str, late: bool, safe: bool) -> None:
        nonlocal tried
        found = worse(pattern, wanted, way, late, safe, tmp_path)
        assume(found is not None)
        assert found == [], (tmp_path / "after.py").read_text()
        tried += 1

    holds()
    assert tried


@pytest.mark.skipif(sys.version_info < (3, 11), reason="it has no task groups")
def test_an_error_that_cannot_arise_any_more_is_not_missed(tmp_path: Path) -> None:
    # The cancellation that nobody meant cut a child off, which then failed as it cleaned up: now it comes to its end.
    (entry,) = (entry for entry in FIXABLE if entry.code == "CNL301")
    (child,) = (pattern for pattern in patterns(entry) if pattern.case.name == "cancels_a_child_of_a_group")
    assert worse(child, [Change("await around.pause({})", 2, 0)], FAILS, late=False, safe=True, place=tmp_path) == []


# --- it can fail ---------------------------------------------------------------------------------------------------


def forgets_the_error(edit: Edit, task: cst.BaseExpression, *_: object) -> list[cst.SimpleStatementLine]:
    """Wait for a cancelled task, and not ask how it ended."""
    return [edit.statement("await {wait}([{task}])", wait=edit.name("asyncio.wait"), task=task)]


def does_it_again(owner: cst.CSTNode, first: cst.CSTNode, last: cst.CSTNode, releases: Sequence[cst.CSTNode]) -> object:
    """Put the release into ``finally``, and leave it where it was too."""
    made = wrap_in_finally(owner, first, last, releases)
    tried = next(
        part for part in matchers.findall(made, matchers.Try()) if isinstance(part, cst.Try) and part.finalbody
    )
    final = cst.ensure_type(cst.ensure_type(tried, cst.Try).finalbody, cst.Finally)
    body = cst.ensure_type(tried, cst.Try).body
    return made.deep_replace(tried, tried.with_changes(body=body.with_changes(body=[*body.body, *final.body.body])))


def only_raises(rule: Rule, node: cst.CSTNode, edit: Edit) -> Replacement:
    """Let the clause take the cancellation, and forget what it did."""
    body = cst.IndentedBlock([cst.SimpleStatementLine([cst.Raise()])])
    return node.with_changes(type=cst.Name("BaseException"), name=None, body=body)


PLANTED = (
    ("CNL505", "flake8_cancel.fix.shapes.wait_for_task", forgets_the_error),
    ("CNL401", "flake8_cancel.fix.shapes.wrap_in_finally", does_it_again),
    ("CNL403", "flake8_cancel.rules.cleanup.cleanup_only_on_exception.CleanupOnlyOnException.fix", only_raises),
)


@pytest.mark.parametrize(("code", "place", "wrong"), PLANTED, ids=[wrong.__name__ for *_, wrong in PLANTED])
def test_a_wrong_fix_is_found(
    code: str, place: str, wrong: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (entry,) = (entry for entry in FIXABLE if entry.code == code)
    monkeypatch.setattr(place, wrong)
    tries = st.tuples(st.sampled_from(patterns(entry)), changes(), st.sampled_from(WAYS), st.booleans())

    def is_seen(tried: tuple[Pattern, list[Change], str, bool]) -> bool:
        return bool(worse(*tried, safe=True, place=tmp_path))

    assert find(tries, is_seen, settings=settings(_QUIET, max_examples=40, phases=[Phase.generate]))
