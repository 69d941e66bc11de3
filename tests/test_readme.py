"""What the README promises is so."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_cancel import registry
from flake8_cancel.settings import facts_for
from tests.readme import README, ROOT, with_table
from tests.test_settings import NOTHING_GIVEN

TEXT = README.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def test_the_rule_table_is_current() -> None:
    assert with_table(TEXT) == TEXT, "python -m tests.readme writes it"


def test_every_rule_has_a_row() -> None:
    assert re.findall(r"^\| (CNL\d+) \|", TEXT, re.MULTILINE) == [entry.code for entry in registry.entries()]


def test_a_table_that_is_not_current_is_noticed() -> None:
    first = registry.entries()[0]
    assert with_table(TEXT.replace(f"| {first.code} |", "| CNL000 |")) == TEXT


def test_the_two_commands_are_one_line_each() -> None:
    check, run_tests = blocks("sh")[:2]
    assert check.count("\n") == run_tests.count("\n") == 1
    assert check.startswith("python3 -m venv .venv && ")
    assert run_tests.startswith("python3 -m venv .venv && ")
    assert "fixtures/document" in check
    assert "pytest" in run_tests


def test_the_examples_of_settings_can_be_read(tmp_path: Path) -> None:
    for block in blocks("ini"):
        configparser.RawConfigParser().read_string(block)
    (table,) = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(table, encoding="utf-8")
    facts = facts_for(str(tmp_path / "code.py"), NOTHING_GIVEN)
    assert facts.target == (3, 11)
    assert len(facts.cleanup_calls) == len(facts.resource_makers) == 2


def test_the_options_shown_are_the_commands_options() -> None:
    done = subprocess.run([sys.executable, "-m", "flake8_cancel", "--help"], capture_output=True, text=True, check=True)
    shown = set(re.findall(r"flake8-cancel[^\n#]*?(--[a-z-]+)", "".join(blocks("sh") + blocks("yaml"))))
    shown |= set(re.findall(r"`(--[a-z-]+)`", TEXT))
    shown -= {"--jobs"}
    assert shown
    assert [option for option in sorted(shown) if option not in done.stdout] == []


@pytest.mark.parametrize("hook", ["flake8-cancel", "flake8-cancel-fix"])
def test_the_hooks_shown_are_there(hook: str) -> None:
    assert f"- id: {hook}" in TEXT
    assert f"id: {hook}\n" in (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")


def test_the_ci_script_can_be_run_and_takes_the_commands_from_here() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    text = script.read_text(encoding="utf-8")
    assert "readme_command 1" in text
    assert "readme_command 2" in text
