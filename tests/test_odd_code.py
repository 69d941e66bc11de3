"""Rare syntax and unusual names: what stands behind them is found, what only looks like it is not."""

from __future__ import annotations

import ast
import sys
import textwrap

import pytest

from flake8_cancel import registry
from flake8_cancel.check import check_text
from flake8_cancel.code.api import Facts
from flake8_cancel.finding import Finding
from flake8_cancel.fix.engine import repair
from flake8_cancel.source import decode
from tests.harness import fixture
from tests.odd.later import SINCE_3_11, SINCE_3_12
from tests.odd.naming import NAMING
from tests.odd.syntax import SYNTAX

RULES = registry.chosen(strict=True)
DEFAULT_RULES = registry.chosen(strict=False)

CASES = NAMING | SYNTAX
if sys.version_info >= (3, 11):
    CASES |= SINCE_3_11
if sys.version_info >= (3, 12):
    CASES |= SINCE_3_12


@pytest.mark.parametrize("case", CASES)
def test_what_is_marked_is_found_and_nothing_else(case: str) -> None:
    text = textwrap.dedent(CASES[case])
    found = check_text(text, Facts(), RULES)
    assert fixture.differences(fixture.marks(text), found, text) == []


@pytest.mark.parametrize("case", CASES)
def test_the_word_filter_hides_nothing(case: str) -> None:
    text = textwrap.dedent(CASES[case])
    assert check_text(text, Facts(), fixture.without_filter(RULES)) == check_text(text, Facts(), RULES)


@pytest.mark.parametrize("case", CASES)
def test_it_can_be_fixed_and_is_done_with(case: str) -> None:
    text = textwrap.dedent(CASES[case])

    def check(version: str) -> list[Finding]:
        return check_text(version, Facts(), DEFAULT_RULES)

    repaired = repair(text.encode(), check, fixture.every, DEFAULT_RULES)
    ast.parse(decode(repaired.data))
    assert not repaired.refused
    assert repair(repaired.data, check, fixture.every, DEFAULT_RULES).data == repaired.data
