"""Every mistake that is found does harm at run time, and what is right or repaired does none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flake8_cancel import registry
from flake8_cancel.registry import Entry
from tests.harness import fixture
from tests.harness.proof import load_proof, prove, unknown_names

ENTRIES = registry.entries()
PATTERNS = ("bad.py", "bad_*.py", "bad.fixed", "bad_*.fixed", "good.py", "good_*.py")
CASES = [
    pytest.param(entry, case, id=str(case))
    for entry in ENTRIES
    for path in fixture.files(fixture.folder(entry), *PATTERNS)
    for case in fixture.cases(path)
]


@pytest.mark.parametrize(("entry", "case"), CASES)
def test_harm_is_where_something_is_found(entry: Entry, case: fixture.Case) -> None:
    found = [
        finding
        for finding in fixture.findings(case.path, (entry.rule,))
        if finding.code == entry.code and fixture.is_in(finding, case)
    ]
    if not found and (case.is_helper or case.path.match("bad*.py")):
        return
    if case.needs > sys.version_info[:2]:
        pytest.skip(f"it uses what asyncio has since Python {case.needs[0]}.{case.needs[1]}")
    prove(load_proof(fixture.folder(entry) / "proof.py"), case, found)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_proof_speaks_of_functions_that_are_there(entry: Entry) -> None:
    place: Path = fixture.folder(entry)
    cases = [case for path in fixture.files(place, *PATTERNS) for case in fixture.cases(path)]
    if cases:
        assert unknown_names(load_proof(place / "proof.py"), cases) == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_finding_is_in_a_function_that_is_driven(entry: Entry) -> None:
    for path in fixture.files(fixture.folder(entry), "bad.py", "bad_*.py"):
        cases = fixture.cases(path)
        found = [finding for finding in fixture.findings(path, (entry.rule,)) if cases]
        assert [finding for finding in found if not any(fixture.is_in(finding, case) for case in cases)] == []
