"""The word filter: which rules can find something in a text that nobody has parsed yet.

Almost no function has to do with cancellation, so almost no file needs to be parsed. The text of every outermost
function is found by indentation; where that is in doubt a text is longer than the function, never shorter.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from flake8_cancel.code.api import Facts, Version
from flake8_cancel.code.patterns import Before, Matching

# An identifier or a keyword is looked for as a whole word, any other string wherever it stands; a callable is asked
# about the whole text. What is told of an older Python counts where the code must run on it.
Word = str | Matching | Callable[[str], bool] | Before
Needs = tuple[Word | tuple[Word, ...], ...]


class Needing(Protocol):
    """What needs words: a rule, or what stands for it until it is loaded. See ``rule.Rule``."""

    @property
    def needs(self) -> Needs: ...

    @property
    def file_needs(self) -> Needs: ...


R = TypeVar("R", bound=Needing)

# Where a function may begin, or end that stands before it; the line is found by the end of the one before.
_LINES = re.compile(r"\n(?P<indent>[ \t]*)(?P<word>@|(?:async[ \t]+)?def\b|class\b)")
# The same, where comments and strings are passed over whole. Each branch begins with a letter of its own, which makes
# the search several times as fast.
_TOKENS = re.compile(
    rf"""
    \#[^\n]*
    | \"{{3}}[^\"\\]*(?:(?:\\.|\"(?!\"\"))[^\"\\]*)*\"{{3}}
    | '{{3}}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'{{3}}
    | "[^"\\\n]*(?:\\(?:\r\n|.)[^"\\\n]*)*"
    | '[^'\\\n]*(?:\\(?:\r\n|.)[^'\\\n]*)*'
    | {_LINES.pattern}
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSER_LOOK = re.compile(r"[#'\"]|[fFtT][rR]?\Z")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_SPLIT_ASYNC = re.compile(r"async[ \t]*\\")

# Everything but letters, digits and the underscore becomes a space. In UTF-8 other letters are bytes from 0x80.
_SPACED = bytes(byte if byte >= 0x80 or chr(byte).isalnum() or byte == 0x5F else 0x20 for byte in range(0x100))


def with_words(text: str, facts: Facts, rules: Sequence[R]) -> list[R]:
    """Return the rules whose words the text of one function holds together."""
    held = _Held(text, facts)
    return [rule for rule in rules if held.holds(rule.needs)]


def may_hold(text: str, facts: Facts, rules: Sequence[R]) -> list[R]:
    """Return the rules whose words a file holds, be it in one function or not."""
    held = _Held(text, facts)
    # The cheap question first: most files end here.
    waiting = [rule for rule in rules if held.has_names(rule.file_needs) and held.has_names(rule.needs)]
    return [rule for rule in waiting if held.may_hold(rule.needs) and held.holds(rule.file_needs)]


def candidates(text: str, facts: Facts, rules: Sequence[R]) -> list[R]:
    """Return the rules that may find something in a file.

    Args:
        text: the source; it need not be Python.
        facts: what the user told about the code.
        rules: the rules to choose from.
    """
    waiting = may_hold(text, facts, rules)
    if not waiting:
        return []
    found: set[int] = set()
    for part in parts(text):
        found.update(map(id, with_words(part, facts, waiting)))
        waiting = [rule for rule in waiting if id(rule) not in found]
        if not waiting:
            break
    return [rule for rule in rules if id(rule) in found]


def parts(text: str) -> list[str]:
    """Split a source text so that every outermost function is whole in one part, and all that is outside in the last.

    Decorators belong to their function. Some text may stand in two parts.
    """
    # A form feed makes indentation start anew, a lone return ends a line, `async` may be continued on the next one.
    if "\f" in text or ("\r" in text and _LONE_RETURN.search(text)) or _SPLIT_ASYNC.search(text):
        return [text]
    text = f"\n{text}"
    found: list[str] = []
    outside: list[str] = []
    decorated: int | None = None
    # Where the open function and its decorators begin, and how far it is indented.
    begin, indent = 0, -1
    outer = 0
    for token in _beginnings(text):
        if 0 <= indent < len(token["indent"]):
            continue
        word = token["word"]
        if word == "@":
            decorated = token.start() if decorated is None else decorated
            continue
        outside.append(_left_over(text, outer, token.start(), indent))
        if indent >= 0:
            found.append(text[begin : token.start()])
        begin = token.start() if decorated is None else decorated
        indent = -1 if word == "class" else len(token["indent"])
        decorated, outer = None, token.start()
    outside.append(_left_over(text, outer, len(text), indent))
    if indent >= 0:
        found.append(text[begin:])
    return [*found, "".join(outside)]


def _beginnings(text: str) -> Iterator[re.Match[str]]:
    """Yield the lines, outside of strings, where a function, a class or its decorator begins."""
    strings = _long_strings(text)
    if strings is None:
        yield from (token for token in _TOKENS.finditer(text) if token["word"] is not None)
        return
    strings.append((len(text), len(text)))
    number = 0
    for line in _LINES.finditer(text):
        while strings[number][1] < line.start():
            number += 1
        if line.start() < strings[number][0]:
            yield line


def _long_strings(text: str) -> list[tuple[int, int]] | None:
    """Return where strings of several lines begin and end; None where it takes a closer look to tell."""
    if "'''" in text or "\\\n" in text or "\\\r" in text:
        return None
    found: list[tuple[int, int]] = []
    end = 0
    while (begin := text.find('"""', end)) >= 0:
        before = text[max(end, text.rfind("\n", 0, begin)) : begin]
        end = text.find('"""', begin + 3) + 3
        inside = text[begin:end]
        # A comment, another string, an escaped quote, or a string that may hold strings of its own.
        if end < 3 or _CLOSER_LOOK.search(before) or '\\"' in inside or text[end : end + 1] == '"':
            return None
        found.append((begin, end))
    return found


def _left_over(text: str, begin: int, end: int, indent: int) -> str:
    """Return what follows a function before the next one begins; all of it where there is no function."""
    if indent < 0:
        return text[begin:end]
    # Not the function's own line. A closing bracket may stand below its name and belong to it.
    dedented = re.compile(rf"\n[ \t]{{0,{indent}}}(?=[^\s)\]}}#])").search(text, begin + 1, end)
    return text[dedented.start() : end] if dedented else ""


def _own_names(facts: Facts) -> tuple[str, ...]:
    """Return the names that the user added: they may stand wherever a rule knows several words."""
    return tuple(name.rpartition(".")[2] for name in (*facts.cleanup_calls, *facts.resource_makers))


class _Held:
    """The words of a text. Rules share most of those they need, and each is looked for once."""

    __slots__ = ("_known", "_names", "_own", "_target", "_text")

    def __init__(self, text: str, facts: Facts) -> None:
        self._text = text
        self._own = _own_names(facts)
        self._target = facts.target
        self._names = frozenset(text.encode("utf-8", "surrogatepass").translate(_SPACED).split())
        self._known: dict[Word, bool] = {}

    def holds(self, needs: Needs) -> bool:
        """Tell whether the text holds all that is needed."""
        return all(map(self._meets, needs))

    def has_names(self, needs: Needs) -> bool:
        """Tell whether the text may hold all that is needed, by whole words alone."""
        return not any(map(self._names.isdisjoint, _choices(needs, self._own, self._target)))

    def may_hold(self, needs: Needs) -> bool:
        """Tell whether the text may hold all that is needed, without asking: questions take longer than words."""
        return all(self._meets(need) for need in needs if not any(map(_is_question, _words(need))))

    def _meets(self, need: Word | tuple[Word, ...]) -> bool:
        return any(map(self._has, need + self._own)) if isinstance(need, tuple) else self._has(need)

    def _has(self, word: Word) -> bool:
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = self._is_in(word)
        return known

    def _is_in(self, word: Word) -> bool:
        if isinstance(word, Before):
            return self._target < word.version and self._has(word.word)
        if isinstance(word, Matching):
            return word.is_in(self._text)
        if not isinstance(word, str):
            return word(self._text)
        name = _as_name(word)
        return name in self._names if name else word in self._text


@functools.lru_cache(maxsize=1024)
def _choices(needs: Needs, own: tuple[str, ...], target: Version) -> tuple[frozenset[bytes], ...]:
    """Return those needs of which every word is a name: of each set a text must hold one."""
    each = [[*_words_at(need, target), *(own if isinstance(need, tuple) else ())] for need in needs]
    return tuple(frozenset(map(str.encode, words)) for words in each if all(map(_is_name, words)))  # type: ignore[arg-type]


def _words(need: Word | tuple[Word, ...]) -> tuple[Word, ...]:
    return need if isinstance(need, tuple) else (need,)


def _words_at(need: Word | tuple[Word, ...], target: Version) -> Iterator[Word]:
    """Yield the words that count for code that must run on a Python."""
    for word in _words(need):
        if not isinstance(word, Before):
            yield word
        elif target < word.version:
            yield word.word


def _is_name(word: Word) -> bool:
    return isinstance(word, str) and not isinstance(word, Matching) and word.isidentifier()


def _is_question(word: Word) -> bool:
    return not isinstance(word, str)


@functools.lru_cache(maxsize=512)
def _as_name(word: str) -> bytes:
    """Return the bytes of an identifier, nothing for any other string."""
    return word.encode() if word.isidentifier() else b""
