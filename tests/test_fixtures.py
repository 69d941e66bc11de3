"""What every fixture promises: the marked mistakes are found and no others, and fixing makes the twins."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from flake8_cancel import registry
from flake8_cancel.check import check_text, check_tree
from flake8_cancel.finding import Finding
from flake8_cancel.fix.engine import repair
from flake8_cancel.registry import Entry
from flake8_cancel.rule import Rule
from flake8_cancel.source import decode, split_lines
from tests.harness import fixture

ENTRIES = registry.entries()
PLACES = [(entry, fixture.folder(entry)) for entry in ENTRIES]


def pairs(*patterns: str) -> list[Any]:
    """Return the files of all rules that fit a pattern, each with its rule."""
    return [
        pytest.param(entry, path, id=f"{entry.code}-{path.name}")
        for entry, place in PLACES
        for path in fixture.files(place, *patterns)
    ]


BAD = pairs("bad.py", "bad_*.py")
GOOD = pairs("good.py", "good_*.py")
TWINS = [pair for pair in BAD if pair.values[1].with_suffix(".fixed").exists()]


def read(path: Path) -> str:
    text = decode(path.read_bytes())
    if fixture.required(text) > sys.version_info[:2]:
        pytest.skip(f"its syntax is of Python {fixture.required(text)}")
    return text


def rules(entry: Entry) -> tuple[Rule, ...]:
    return fixture.rules_for(entry.chapter, ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_rule_has_its_fixtures(entry: Entry) -> None:
    place = fixture.folder(entry)
    names = {path.name for path in place.iterdir()} if place.is_dir() else set()
    assert {"bad.py", "good.py", "proof.py"} <= names


def test_every_folder_belongs_to_a_rule() -> None:
    others = (fixture.DOCUMENT, fixture.REPORTS)
    chapters = [path for path in fixture.ROOT.iterdir() if path.is_dir() and path.name not in others]
    folders = {place for chapter in chapters for place in chapter.iterdir()}
    assert folders == {place for _, place in PLACES}


@pytest.mark.parametrize(("entry", "path"), BAD)
def test_what_is_marked_is_found_and_nothing_else(entry: Entry, path: Path) -> None:
    text = read(path)
    marks = fixture.marks(text)
    assert any(mark.code == entry.code for mark in marks)
    assert fixture.differences(marks, fixture.findings(path, rules(entry)), text) == []


@pytest.mark.parametrize(("entry", "path"), GOOD)
def test_nothing_is_found_in_the_look_alikes(entry: Entry, path: Path) -> None:
    read(path)
    assert fixture.findings(path, rules(entry)) == []


@pytest.mark.parametrize(("entry", "path"), BAD)
def test_there_is_a_twin_where_something_can_be_fixed(entry: Entry, path: Path) -> None:
    read(path)
    repairs = [finding.repair for finding in fixture.findings(path, rules(entry)) if finding.repair]
    assert path.with_suffix(".fixed").exists() == bool(repairs)
    differ = bool(repairs) and not all(wanted.safe for wanted in repairs)
    assert path.with_suffix(".safe").exists() == (differ and any(wanted.safe for wanted in repairs))


@pytest.mark.parametrize(
    "entry", [entry for entry in ENTRIES if type(entry.rule).fix is not Rule.fix], ids=lambda e: e.name
)
def test_a_rule_with_a_fix_fixes_something(entry: Entry) -> None:
    place = fixture.folder(entry)
    found = [one for path in fixture.files(place, "bad.py", "bad_*.py") for one in fixture.findings(path, rules(entry))]
    assert any(finding.code == entry.code and finding.repair for finding in found)


@pytest.mark.parametrize(("entry", "path"), TWINS)
def test_fixing_makes_the_twin(entry: Entry, path: Path) -> None:
    text = read(path)
    twin = path.with_suffix(".fixed").read_bytes()
    repaired = repair(path.read_bytes(), fixture.checker(text, rules(entry)), fixture.every, rules(entry))
    assert repaired.data.decode() == twin.decode()
    assert not repaired.refused


@pytest.mark.parametrize(("entry", "path"), BAD)
def test_fixing_safely_makes_the_safe_twin(entry: Entry, path: Path) -> None:
    text = read(path)
    found = fixture.findings(path, rules(entry))
    safe = path.with_suffix(".safe")
    if not safe.exists():
        # All repairs are safe, and the one twin is meant; or none is, and nothing changes.
        safe = path.with_suffix(".fixed") if any(map(is_safe, found)) else path
    repaired = repair(path.read_bytes(), fixture.checker(text, rules(entry)), is_safe, rules(entry))
    assert repaired.data.decode() == safe.read_bytes().decode()


@pytest.mark.parametrize(("entry", "path"), TWINS)
def test_the_twin_is_done_with(entry: Entry, path: Path) -> None:
    read(path)
    twin = path.with_suffix(".fixed")
    text = decode(twin.read_bytes())
    ast.parse(text)
    assert [finding for finding in fixture.findings(twin, rules(entry)) if finding.repair] == []
    again = repair(twin.read_bytes(), fixture.checker(text, rules(entry)), fixture.every, rules(entry))
    assert again.data == twin.read_bytes()


@pytest.mark.parametrize(("entry", "path"), BAD + GOOD)
def test_the_word_filter_hides_nothing(entry: Entry, path: Path) -> None:
    text = read(path)
    facts = fixture.facts(text)
    unfiltered = check_text(text, facts, fixture.without_filter(rules(entry)))
    assert unfiltered == check_text(text, facts, rules(entry))


@pytest.mark.parametrize(("entry", "path"), BAD + GOOD)
def test_checking_leaves_the_tree_as_it_was(entry: Entry, path: Path) -> None:
    text = read(path)
    tree = ast.parse(text)
    before = fixture.dump(tree)
    check_tree(tree, split_lines(text), fixture.facts(text), rules(entry))
    assert fixture.dump(tree) == before


def is_safe(finding: Finding) -> bool:
    return finding.repair is not None and finding.repair.safe
