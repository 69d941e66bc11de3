"""The documentation of every rule is executed: Bad gives the code, Good gives nothing, the fix makes one the other."""

from __future__ import annotations

import sys

import pytest

from flake8_cancel import registry
from flake8_cancel.fix.engine import repair
from flake8_cancel.registry import Entry
from flake8_cancel.rule import Rule
from tests.harness import documentation, fixture

ENTRIES = registry.entries()


def by_name(entry: Entry) -> str:
    return entry.name


def readable(example: str) -> str:
    if fixture.required(example) > sys.version_info[:2]:
        pytest.skip(f"its syntax is of Python {fixture.required(example)}")
    return example


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_the_docstring_has_its_parts_in_order(entry: Entry) -> None:
    assert documentation.faults(documentation.parse(entry.documentation)) == []


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_bad_gives_this_code(entry: Entry) -> None:
    bad = readable(documentation.parse(entry.documentation).bad)
    found = fixture.checker(bad, fixture.rules_for(entry.chapter, ENTRIES))(bad)
    assert {finding.code for finding in found} == {entry.code}


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_good_gives_nothing(entry: Entry) -> None:
    good = readable(documentation.parse(entry.documentation).good)
    assert fixture.checker(good, fixture.rules_for(entry.chapter, ENTRIES))(good) == []


FIXING = [entry for entry in ENTRIES if type(entry.rule).fix is not Rule.fix]


@pytest.mark.parametrize("entry", FIXING, ids=by_name)
def test_fixing_bad_gives_good(entry: Entry) -> None:
    parts = documentation.parse(entry.documentation)
    check = fixture.checker(parts.bad, (entry.rule,))
    assert repair(parts.bad.encode(), check, fixture.every, (entry.rule,)).data.decode() == parts.good
