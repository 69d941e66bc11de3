"""How the mended copies of packages, and the outcomes of their tests, are compared with what was before."""

from __future__ import annotations

import io
import textwrap
from pathlib import Path

import pytest

from tests.ecosystem import suites
from tests.ecosystem.elsewhere import faults
from tests.ecosystem.fixing import Table
from tests.ecosystem.mending import mend
from tests.ecosystem.packages import Package, listed

BEFORE = """\
import asyncio


class Client:
    async def close(self):
        # Both of them.
        await self.source.close()
        await self.target.close()

    async def open(self):
        await self.source.open()
"""
MENDED = """\
import asyncio
import contextlib

_BOTH: set[str] = set()


class Client:
    async def close(self):
        try:
            # Both of them.
            await self.source.close()
        finally:
            await self.target.close()

    async def open(self):
        await self.source.open()
"""


def faults_of(after: str, before: str = BEFORE, places: tuple[int, ...] = (7,)) -> list[str]:
    return faults(before.encode(), after.encode(), places)


def test_a_mended_function_imports_and_constants_are_no_fault() -> None:
    assert faults_of(MENDED) == []


def test_what_changed_in_another_function_is_told() -> None:
    assert faults_of(MENDED.replace("source.open()", "source.open(1)")) == ["line 11 changed"]
    assert faults_of(BEFORE, MENDED.replace("\n    async def open", "    x = 1\n\n    async def open"), (8,)) != []


def test_what_is_nested_in_a_mended_function_may_be_indented() -> None:
    inner = "    def g():\n        pass\n    await g()\n"
    before = f"async def f(c):\n{inner}    c.close()\n"
    after = f"async def f(c):\n    try:\n{textwrap.indent(inner, '    ')}    finally:\n        c.close()\n"
    assert faults_of(after, before, (4,)) == []
    assert faults_of(after, before, (2,)) != []


def test_a_comment_below_a_mended_function_is_its_own() -> None:
    begin = "class C:\n    async def f(self):\n"
    before = "        try:\n            await self.g()\n            # Done.\n        finally:\n            pass\n"
    after = "        await self.g()\n        # Done.\n"
    assert faults_of(begin + after, begin + before, (3,)) == []


def test_what_changed_outside_of_functions_is_told() -> None:
    assert faults_of(MENDED + "\nprint()\n") == ["line 12 changed"]
    assert faults_of(MENDED.replace("class Client", "class Other"))[0] == "line 4 changed"


def test_a_lost_comment_is_told() -> None:
    assert faults_of(MENDED.replace("            # Both of them.\n", "")) == ["comments are lost: # Both of them."]


def test_other_line_ends_are_told() -> None:
    assert faults_of(MENDED.replace("\n", "\r\n"))[0] == "its line ends changed"


def test_what_does_not_compile_is_told_if_it_did_before() -> None:
    (fault,) = faults_of("async def f():\n    break\n")
    assert fault.startswith("it does not compile: 'break' outside loop")
    assert faults_of("def f(:\n", "def f(:\n") == []


def test_a_package_is_mended_and_stays_as_it_was(tmp_path: Path) -> None:
    package, scratch = tmp_path / "package", tmp_path / "scratch"
    (package / "inner").mkdir(parents=True)
    scratch.mkdir()
    text = "async def f(lock, conn):\n    try:\n        await conn.work()\n    finally:\n{}"
    bad = text.format("        await conn.close()\n        lock.release()\n")
    (package / "inner" / "bad.py").write_text(bad)
    (package / "good.py").write_text("async def f():\n    pass\n")
    mended = mend(package, scratch)
    assert (mended.lines, mended.findings, mended.safe.fixed, mended.unsafe.fixed, mended.unsafe.left) == (
        8,
        1,
        1,
        0,
        0,
    )
    assert mended.problems == ()
    assert b"+        finally:" in mended.safe.diff
    assert mended.unsafe.diff == b""
    assert (package / "inner" / "bad.py").read_text() == bad
    assert [path.name for path in scratch.rglob("*.py")] == ["bad.py"]


def test_flaky_tests_are_not_taken_for_differences() -> None:
    first = {"same": "passed", "flaky": "passed", "broken": "passed", "gone": "skipped"}
    flaky, differences = suites.compared(
        first, {**first, "flaky": "failure"}, {"same": "passed", "flaky": "failure", "broken": "error", "new": "passed"}
    )
    assert flaky == ("flaky",)
    assert differences == (
        "broken: passed, now error",
        "gone: skipped, now missing",
        "new: missing, now passed",
    )


def test_outcomes_are_read_from_a_report(tmp_path: Path) -> None:
    cases = (("a", ""), ("b[0x1]", "<failure/>"), ("b[0x2]", "<skipped/>"), ("d", "<failure/><error/>"))
    text = "".join(f'<testcase classname="m" name="{name}">{inside}</testcase>' for name, inside in cases)
    (tmp_path / "report.xml").write_text(f"<testsuites><testsuite>{text}</testsuite></testsuites>")
    outcomes = suites.outcomes_of(tmp_path / "report.xml")
    assert outcomes == {"m.a": "passed", "m.b[1]": "failure", "m.b[2]": "skipped", "m.d": "error"}


def test_every_suite_is_of_a_package_of_the_list() -> None:
    chosen = [suite.package for suite in suites.listed()]
    assert len(chosen) >= 12
    assert set(chosen) <= set(listed())
    assert all(suite.tests for suite in suites.listed())


@pytest.mark.parametrize(("wrong", "code"), [((), 0), (("a.py: line 1 changed",), 1)])
def test_the_table_has_a_row_a_package_and_the_sums(wrong: tuple[str, ...], code: int) -> None:
    file = io.StringIO()
    table = Table(("lines", "fixed", "problems"), file)
    table.row(Package("one", "1.0"), (1000, 1), ())
    table.row(Package("two", "1.0"), (2000, 2), wrong)
    assert table.end() == code
    assert file.getvalue().splitlines() == [
        "| package | lines | fixed | problems |",
        "| --- | --- | --- | --- |",
        "| one==1.0 | 1,000 | 1 | none |",
        f"| two==1.0 | 2,000 | 2 | {'; '.join(wrong) or 'none'} |",
        "| 2 packages | 3,000 | 3 |  |",
    ]
