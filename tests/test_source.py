"""Bytes to text, lines and columns, held against Python's own parser."""

from __future__ import annotations

import ast
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flake8_cancel.source import (
    UndecodableError,
    byte_column,
    character_column,
    decode,
    split_lines,
)

# What str.splitlines() takes for a line end and Python does not, wide characters, and both kinds of line end.
TEXTS = st.text(st.sampled_from("ab \t\f\v\x1c\x85\u2028é本😀\r\n"))


@pytest.mark.parametrize(
    "data",
    [
        "x = 'é'\n".encode(),
        codecs.BOM_UTF8 + "x = 'é'\n".encode(),
        "# coding: latin-1\nx = 'é'\n".encode("latin-1"),
        "#!/usr/bin/python\n# -*- coding: cp1252 -*-\nx = 'é'\n".encode("cp1252"),
    ],
    ids=["utf-8", "with a mark", "latin-1", "in the second line"],
)
def test_text_is_decoded_as_the_parser_decodes_it(data: bytes) -> None:
    text = decode(data)
    assert "\ufeff" not in text
    # Compared without the cookie, which means nothing in a text that is decoded already.
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(data))


def test_line_ends_stay_as_they_are() -> None:
    assert decode(b"a\r\nb\rc\n") == "a\r\nb\rc\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x = 1\0\n", "it contains NUL bytes"),
        (b"# coding: klingon\n", "unknown encoding: klingon"),
        (b"x = '\xe9'\n", "invalid or missing encoding declaration"),
        (b"# coding: ascii\n\n\nx = '\xe9'\n", "byte 23 cannot be decoded as ascii"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "encoding problem"),
    ],
)
def test_what_is_no_source_text_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UndecodableError) as raised:
        decode(data)
    assert reason in str(raised.value)


@given(TEXTS)
def test_lines_joined_are_the_text(text: str) -> None:
    assert "".join(split_lines(text)) == text


@given(TEXTS)
def test_lines_are_counted_as_the_parser_counts_them(before: str) -> None:
    text = f'"""{before}"""\nlast = 1\n'
    last = ast.parse(text).body[-1]
    assert split_lines(text)[last.lineno - 1] == "last = 1\n"


@given(st.text(st.sampled_from("a é本😀\t"), max_size=20))
def test_columns_of_the_parser_become_columns_of_characters(before: str) -> None:
    line = f'"{before}"; last'
    last = ast.parse(line).body[-1]
    assert line[character_column(line, last.col_offset) :] == "last"


@given(st.text(max_size=20), st.data())
def test_columns_go_there_and_back(line: str, data: st.DataObject) -> None:
    column = data.draw(st.integers(0, len(line)))
    try:
        line.encode()
    except UnicodeEncodeError:  # lone surrogates are in no decoded file
        return
    assert character_column(line, byte_column(line, column)) == column
