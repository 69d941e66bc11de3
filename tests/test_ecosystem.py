"""The stored results over real code: complete, judged, and read and written without loss."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import pytest

from flake8_cancel import registry
from tests.ecosystem import ledger, packages, report, summary
from tests.ecosystem.measuring import Found, Measured, measure
from tests.ecosystem.packages import Package
from tests.ecosystem.summary import Entry

DEFAULT_CODES = {entry.code for entry in registry.entries() if not entry.code.startswith("CNL9")}
ONE = Package("one", "1.0")
FOUND = Found("one/a b.py", 7, "CNL201")


def test_every_package_of_the_list_is_in_the_summary() -> None:
    stored = summary.load()
    assert sorted(stored) == packages.listed()
    assert len(stored) >= 60
    assert sum(one.lines for one in stored.values()) >= 2_000_000


def test_nothing_crashed() -> None:
    assert {package: one.crashes for package, one in summary.load().items() if one.crashes} == {}


def test_only_default_codes_are_stored() -> None:
    assert {found.code for one in summary.load().values() for found in one.findings} <= DEFAULT_CODES


def test_every_verdict_is_one() -> None:
    judged = ledger.load()
    assert {one.first for one in judged} <= ledger.VERDICTS
    assert {one.second for one in judged} <= ledger.VERDICTS | {""}
    assert [key for key, count in Counter(one.key for one in judged).items() if count > 1] == []


def test_what_was_judged_true_is_still_found_and_what_was_false_is_not() -> None:
    stored = summary.load()
    for one in ledger.load():
        package, found = one.key
        assert (found in stored[package].findings) == one.found, one


def test_few_findings_are_false() -> None:
    # The aim is one in twenty. What is doubtful happens as it is said, and is meant so or does no harm.
    given = [one for one in ledger.load() if one.found]
    false = Counter(one.code for one in given if one.verdict == "false")
    judged = Counter(one.code for one in given)
    assert len(given) >= 250
    assert sum(false.values()) / len(given) <= 0.07
    assert {code: count for code, count in false.items() if count / judged[code] > 0.25} == {}


def test_a_summary_is_read_as_it_was_written(tmp_path: Path) -> None:
    before = {ONE: Entry(10, 2, 1, (FOUND,), ("a.py: a bug",))}
    summary.save(before, tmp_path / "summary.json")
    assert summary.load(tmp_path / "summary.json") == before


def test_differences_tell_what_is_new_and_what_is_gone() -> None:
    before = {ONE: Entry(10, 2, 0, (FOUND, Found("b.py", 1, "CNL101")), ())}
    after = {ONE: Entry(10, 2, 0, (FOUND, Found("c.py", 2, "CNL102")), ("d.py: crashed",))}
    assert summary.differences(before, after) == [
        "- one==1.0 b.py:1: CNL101",
        "+ one==1.0 c.py:2: CNL102",
        "+ one==1.0 d.py: crashed",
    ]
    assert summary.differences(before, {}) == []


def test_a_sample_is_the_same_for_everybody() -> None:
    found = [Found("a.py", line, code) for line in range(1, 100) for code in ("CNL101", "CNL102")]
    stored = {ONE: Entry(1, 1, 0, tuple(found), ())}
    chosen = ledger.sample(stored, "CNL101", 30)
    assert len(set(chosen)) == 30
    assert {one.code for _, one in chosen} == {"CNL101"}
    assert chosen == ledger.sample({ONE: Entry(1, 1, 0, tuple(reversed(found)), ())}, "CNL101", 30)
    assert len(ledger.sample(stored, "CNL101", 1000)) == 99


def test_a_ledger_is_read_as_it_was_written(tmp_path: Path) -> None:
    judged = [ledger.Judged("one", "1.0", "a, b.py", 7, "CNL201", "true", "", True, 'it says "so", twice')]
    ledger.save(judged, tmp_path / "ledger.csv")
    assert ledger.load(tmp_path / "ledger.csv") == judged


def test_rates_follow_the_last_reader() -> None:
    verdicts = (("true", ""), ("true", "false"), ("doubtful", "true"), ("doubtful", ""))
    judged = [
        ledger.Judged("one", "1.0", "a.py", line, "CNL201", *verdict, True, "") for line, verdict in enumerate(verdicts)
    ]
    assert ledger.rates(judged) == {"CNL201": (2, 4)}
    assert [one.verdict for one in judged] == ["true", "false", "true", "doubtful"]


def test_only_python_files_inside_are_unpacked(tmp_path: Path) -> None:
    wheel = tmp_path / "one-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("one/a.py", "one/data.txt", "../out.py", "/tmp/out.py"):
            archive.writestr(name, "x = 1\n")
    packages._unpack(wheel, tmp_path / "folder")
    assert [path.name for path in tmp_path.rglob("*.py")] == ["a.py"]


def test_a_folder_is_measured(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import asyncio\n\n\nasync def f(g: asyncio.TaskGroup):\n    g.cancel_all()\n")
    (tmp_path / "b.py").write_text("def f(:\n")
    (tmp_path / "setup.cfg").write_text("[flake8]\nselect = E\n")
    found = measure(tmp_path)
    assert (found.lines, found.coroutines, found.unparsed) == (6, 1, 1)
    assert found.findings == (Found("a.py", 5, "CNL201"),)
    assert found.crashes == ()


@pytest.mark.parametrize("differences", [[], ["+ one==1.0 a.py:1: CNL101"]])
def test_the_report_tells_all(differences: list[str]) -> None:
    text = report.render({ONE: Measured(1000, 4, 0, (FOUND,), ("x.py: broken",), 1.5)}, differences)
    assert "| CNL201 | 1 | 1 | 250.00 |" in text
    assert "| one==1.0 | 1,000 | 4 | 1 | 250.00 | CNL201:1 | 1.5 |" in text
    assert "- one==1.0: x.py: broken" in text
    assert text.rstrip().endswith(differences[0] if differences else "Nothing.")
