"""Patterns that the text of a function is asked for before it is parsed."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from flake8_cancel.code.api import Version

# What a text is asked for.
Question = Callable[[str], bool]
Q = TypeVar("Q", bound=Question)


class Matching(str):
    """A pattern to be searched for in a text. It is compiled when it is first asked: most of them never are.

    Args:
        pattern: the pattern.
        names: whole words, one of which code must hold to match; none if that is not known.
    """

    names: tuple[str, ...]

    def __new__(cls, pattern: str, *names: str) -> Matching:
        """Make a string that knows its names."""
        made = super().__new__(cls, pattern)
        made.names = names
        return made

    def __repr__(self) -> str:
        return f"Matching({', '.join((super().__repr__(), *map(repr, self.names)))})"

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

    def __init__(self, version: Version, word: str | Matching | Question) -> None:
        self.version = version
        self.word = word


def speaks_of(*names: str) -> Callable[[Q], Q]:
    """Mark a question of a text: where code is to be found by it, one of some whole words stands."""

    def mark(question: Q) -> Q:
        _SPOKEN_OF[question] = names
        return question

    return mark


def implied_names(word: str | Matching | Question) -> tuple[str, ...]:
    """Return whole words of which code must hold one where it holds a word; none if that is not known."""
    if isinstance(word, Matching):
        return word.names
    if isinstance(word, str):
        return (word,) if word.isidentifier() else ()
    return _SPOKEN_OF.get(word, ())


_SPOKEN_OF: dict[Question, tuple[str, ...]] = {}


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


# Where a statement begins: at the end of what stands before it.
_BEFORE_STATEMENTS = ("", "\r", ":", ";")
# What suspends a coroutine, beside the word "await" alone.
ASYNC_BLOCK = Matching(r"async[\s\\]+(?:for|with)\b", "async")
CANCEL_CALL = Matching(r"\.[\s\\]*cancel[\s\\]*\(", "cancel")
# Behind a word of a sentence another one follows, which does not choose between values.
GOES_ON = r"[ \t]+(?!(?:and|as|else|if|or)\b)[A-Za-z]"
# Not in a sentence, nor called without an argument, as the methods of that name are.
# The letters first: they are looked for much faster than the end of a word.
WAIT = Matching(rf"wait(?<!\wwait)\b(?![\s\\]*\([\s\\]*\)|{GOES_ON})", "wait")


@speaks_of("with")
def has_plain_with(text: str) -> bool:
    """Tell whether a text may hold a ``with`` that begins a statement."""
    return _begins_statement("with", text)


@speaks_of("while")
def has_while(text: str) -> bool:
    """Tell whether a text may hold a ``while`` that begins a statement."""
    return _begins_statement("while", text)


def _begins_statement(word: str, text: str) -> bool:
    return any(
        line_before(text, at).rstrip(" \t\f")[-1:] in _BEFORE_STATEMENTS
        and not text[at : at + len(word) + 1].removeprefix(word).isidentifier()
        for at in places(word, text)
    )


def places(word: str, text: str) -> Iterator[int]:
    """Yield where a word begins in a text, or in a longer word."""
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def line_before(text: str, at: int) -> str:
    """Return what stands on a line before a place."""
    return text[text.rfind("\n", 0, at) + 1 : at]
