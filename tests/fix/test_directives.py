"""What a line tells other tools, ``# noqa`` above all, stays with its statement through every fix."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from flake8_cancel.fix.engine import repair
from flake8_cancel.registry import Entry
from flake8_cancel.source import split_lines
from tests.harness import fixture
from tests.test_fixtures import TWINS, read

# With a code, and without one; what follows tells them apart.
_NOTES = ("# noqa: E{:03}", "# noqa  # {:03}")
_NOTE = re.compile(r"# noqa(?:: E|  # )(\d+)$")
# What goes by a fix, and may be written anew in its place.
_ANEW = re.compile(r"(try|except|else|finally)\b|if not task \. cancelled")
_LAYOUT = (tokenize.COMMENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.INDENT, tokenize.NL)


class Line(NamedTuple):
    """A logical line: its code without layout, the definition that it stands in, and where it ends."""

    code: str
    scope: str
    end: tuple[int, int]

    @property
    def statement(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.scope, self.code


@pytest.mark.parametrize(("entry", "path"), TWINS)
def test_a_noqa_stays_with_its_statement(entry: Entry, path: Path) -> None:
    before = noted(read(path))
    repaired = repair(before.encode(), fixture.checker(before, [entry.rule]), fixture.every, [entry.rule])
    after = repaired.data.decode()
    old, new = dict(notes(before)), dict(notes(after))
    wanted = Counter(line.statement for line in statements(before))
    written = Counter(line.statement for line in statements(after))
    for number, line in old.items():
        assert number not in new or new[number] is not None, f"the noqa of {line} stands alone"
        # A statement that is there as often as before is the same one; else it was rewritten, or is gone. Of a clause
        # that is gone, another like it may stand in its place.
        if line is not None and written[line.statement] == wanted[line.statement]:
            now = new.get(number)
            assert now is not None or _ANEW.match(line.code), f"the noqa of {line} is gone"
            assert now is None or now.statement == line.statement


def noted(text: str) -> str:
    """Return a text with a ``noqa`` of its own at the end of every logical line, in place of the comment there."""
    lines = split_lines(text)
    for number, line in enumerate(statements(text)):
        row, column = line.end
        lines[row - 1] = f"{lines[row - 1][:column]}  {_NOTES[number % 2].format(number)}\n"
    return "".join(lines)


def notes(text: str) -> Iterator[tuple[int, Line | None]]:
    """Yield the numbers of the ``noqa`` comments, each with its logical line, None if it stands alone."""
    ends = {line.end[0]: line for line in statements(text)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and (note := _NOTE.match(token.string)):
            yield int(note[1]), ends.get(token.start[0])


def statements(text: str) -> Iterator[Line]:
    """Yield the logical lines of a text."""
    scope = ""
    parts: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            code = " ".join(part.string for part in parts)
            if re.match(r"(async )?def |class ", code):
                scope = code
            yield Line(code, scope, parts[-1].end)
            parts = []
        elif token.type not in _LAYOUT:
            parts.append(token)
