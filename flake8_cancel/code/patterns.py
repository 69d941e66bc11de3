"""Patterns that the text of a function is asked for before it is parsed."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from flake8_cancel.code.api import Version


class Matching(str):
    """A pattern to be searched for in a text. It is compiled when it is first asked: most of them never are."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Matching({super().__repr__()})"

    def is_in(self, text: str) -> bool:
        """Tell whether the text holds what the pattern describes."""
        return _compiled(self).search(text) is not None


class Before:
    """A word that says something only where the code must run on an older Python.

    Args:
        version: the Python from which on it says nothing.
        word: the word.
    """

    __slots__ = ("version", "word")

    def __init__(self, version: Version, word: str | Matching | Callable[[str], bool]) -> None:
        self.version = version
        self.word = word


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


# What suspends a coroutine, beside the word "await" alone.
ASYNC_BLOCK = Matching(r"async[\s\\]+(?:for|with)\b")
PLAIN_WITH = Matching(r"(?:\A|[\n\r:;])[ \t\f]*with\b")
WHILE = Matching(r"(?:\A|[\n\r])[ \t\f]*while\b")
CANCEL_CALL = Matching(r"\.[\s\\]*cancel[\s\\]*\(")
# Behind a word of a sentence another one follows, which does not choose between values.
GOES_ON = r"[ \t]+(?!(?:and|as|else|if|or)\b)[A-Za-z]"
# Not in a sentence, nor called without an argument, as the methods of that name are.
# The letters first: they are looked for much faster than the end of a word.
WAIT = Matching(rf"wait(?<!\wwait)\b(?![\s\\]*\([\s\\]*\)|{GOES_ON})")
