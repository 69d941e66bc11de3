"""Mistakes found in released packages: what each does to a running program, and that mending it ends that."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_cancel import registry
from flake8_cancel.fix.engine import repair
from flake8_cancel.source import decode
from tests.harness import fixture
from tests.readme import README, ROOT

REPORTS = sorted(path for path in (fixture.ROOT / fixture.REPORTS).iterdir() if path.is_dir())
RULES = registry.chosen(strict=False)
SECTIONS = ["The path of the cancellation", "What it does", "The fix"]
MADE = re.compile(r"The tool\s+writes\s+that with `--fix( --unsafe-fixes)?`")

every_report = pytest.mark.parametrize("report", REPORTS, ids=lambda path: path.name)


def text_of(report: Path) -> str:
    return (report / "report.md").read_text(encoding="utf-8")


def program(report: Path, name: str) -> Path:
    path = report / name
    needs = fixture.required(decode(path.read_bytes()))
    if needs > sys.version_info[:2]:
        pytest.skip(f"it uses what asyncio has since Python {needs[0]}.{needs[1]}")
    return path


def run(path: Path) -> str:
    """Run a program as its reader would, and return what it prints."""
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout


@every_report
def test_the_program_shows_the_harm_and_the_fixed_one_does_not(report: Path) -> None:
    harm, fixed = re.findall(r"^```\n(.*?)^```$", text_of(report), re.DOTALL | re.MULTILINE)
    assert run(program(report, "harm.py")) == harm
    assert run(program(report, "fixed.py")) == fixed
    assert harm != fixed


@every_report
def test_the_named_mistake_is_found_and_nothing_else(report: Path) -> None:
    path = program(report, "harm.py")
    text = decode(path.read_bytes())
    (mark,) = fixture.marks(text)
    assert fixture.differences([mark], fixture.findings(path, RULES), text) == []
    (entry,) = (entry for entry in registry.entries() if entry.code == mark.code)
    assert f": {entry.code} {entry.name}\n" in text_of(report)


@every_report
def test_nothing_is_found_in_the_fixed_program(report: Path) -> None:
    assert fixture.findings(program(report, "fixed.py"), RULES) == []


@every_report
def test_the_tool_mends_what_the_report_says_it_does(report: Path, tmp_path: Path) -> None:
    path = program(report, "harm.py")
    (finding,) = fixture.findings(path, RULES)
    said = MADE.search(text_of(report))
    if said is None:
        return
    assert finding.repair is not None
    assert finding.repair.safe is (said[1] is None)
    repaired = repair(path.read_bytes(), fixture.checker(decode(path.read_bytes()), RULES), fixture.every, RULES)
    mended = tmp_path / "mended.py"
    mended.write_bytes(repaired.data)
    assert fixture.findings(mended, RULES) == []
    assert run(mended) == run(program(report, "fixed.py"))


@every_report
def test_a_report_has_its_sections_and_a_line_in_the_readme(report: Path) -> None:
    text = text_of(report)
    title = re.match(r"# (.+)\n", text)
    assert title is not None
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    place = f"{report.relative_to(ROOT).as_posix()}/report.md"
    assert f"[{title[1]}]({place})" in README.read_text(encoding="utf-8")


def test_the_readme_links_no_other_report() -> None:
    linked = re.findall(rf"\]\((fixtures/{fixture.REPORTS}/[^)]*)\)", README.read_text(encoding="utf-8"))
    assert sorted(linked) == [f"{path.relative_to(ROOT).as_posix()}/report.md" for path in REPORTS]
