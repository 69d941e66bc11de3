"""Fixing keeps to the file's own layout: however a fixture is written down, fixing it makes the twin written so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from flake8_cancel.fix.engine import repair
from flake8_cancel.source import decode
from tests.harness import fixture
from tests.test_fixtures import TWINS, read, rules

_INDENT = re.compile(r"^(?:    )+", re.MULTILINE)


def with_tabs_and_returns(text: str) -> bytes:
    """Indent by tabs and end lines as Windows does, behind a byte order mark and without the last line end."""
    tabs = _INDENT.sub(lambda found: "\t" * (len(found[0]) // 4), text)
    return b"\xef\xbb\xbf" + tabs.rstrip("\n").replace("\n", "\r\n").encode()


def with_two_spaces_and_a_cookie(text: str) -> bytes:
    """Indent by two spaces, in an encoding of its own, with form feeds between what stands at the top."""
    narrow = _INDENT.sub(lambda found: "  " * (len(found[0]) // 4), text)
    return ("# coding: latin-1\n# äöü\n\n" + narrow.replace("\n\n\n", "\n\n\f\n")).encode("latin-1")


@pytest.mark.parametrize("written", [with_tabs_and_returns, with_two_spaces_and_a_cookie])
@pytest.mark.parametrize(("entry", "path"), TWINS)
def test_a_fix_is_written_as_its_file_is(entry: object, path: Path, written: Callable[[str], bytes]) -> None:
    text = read(path)
    twin = path.with_suffix(".fixed").read_text()
    if "'''" in text or '"""' in text or not text.isascii():
        pytest.skip("a string of it would be another one")
    data = written(text)
    facts = fixture.checker(text, rules(entry))
    fixed = repair(data, facts, fixture.every, rules(entry)).data
    assert decode(fixed).splitlines() == decode(written(twin)).splitlines()
    assert fixed == written(twin)
