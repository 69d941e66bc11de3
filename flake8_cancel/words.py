"""The word filter: which rules can find something in a text that nobody has parsed yet.

Almost no function has to do with cancellation, so almost no file needs to be parsed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from flake8_cancel.code.api import Facts, Version
from flake8_cancel.code.patterns import ASYNC_BLOCK, Before, Matching, Question, implied_names

# An identifier or a keyword is looked for as a whole word, any other string wherever it stands; a callable is asked
# about the whole text. What is told of an older Python counts where the code must run on it.
Word = str | Matching | Question | Before
Needs = tuple[Word | tuple[Word, ...], ...]


class Needing(Protocol):
    """What needs words: a rule, or what stands for it until it is loaded. See ``rule.Rule``."""

    @property
    def needs(self) -> Needs: ...

    @property
    def file_needs(self) -> Needs: ...


R = TypeVar("R", bound=Needing)

# Everything but letters, digits and the underscore becomes a space. In UTF-8 other letters are bytes from 0x80.
_SPACED = bytes(byte if byte >= 0x80 or chr(byte).isalnum() or byte == 0x5F else 0x20 for byte in range(0x100))
# What only a function can hold.
_SUSPENDING = frozenset({"async", "await", ASYNC_BLOCK})


class FileWords(Generic[R]):
    """What the words of one file tell of rules.

    Args:
        text: the source; it need not be Python.
        facts: what the user told about the code.
        rules: the rules to choose from.

    Attributes:
        rules: the rules whose words the file holds, be it in one function or not.
    """

    def __init__(self, text: str, facts: Facts, rules: Sequence[R]) -> None:
        self._text = text
        self._facts = facts
        # The cheap question first: most files end here.
        names = _names(text)
        gate = _gate(tuple(rules), facts)
        passed = gate.passed(names)
        self._absent: dict[Word, bool] = gate.absent(names) if passed else {}
        held = _Held(text, facts, self._absent)
        self.rules = [rule for rule, further in passed if held.holds(further)]

    def within(self, text: str, rules: Sequence[R]) -> list[R]:
        """Return those of some rules whose words a text of the file, such as a function, holds together."""
        if "async" not in text:
            rules = [rule for rule in rules if not _suspends(rule.needs)]
        held = _Held(text, self._facts, self._absent)
        return [rule for rule in rules if held.holds(rule.needs)]

    def candidates(self) -> list[R]:
        """Return the rules that may find something in the file, as the texts of its functions tell."""
        if not self.rules:
            return []
        # Here, not above: the plugin has its functions from the tree.
        from flake8_cancel import parts

        found: set[int] = set()
        waiting = self.rules
        for part in parts.functions(self._text):
            found.update(map(id, self.within(part, waiting)))
            waiting = [rule for rule in waiting if id(rule) not in found]
            if not waiting:
                break
        waiting = [rule for rule in waiting if not _suspends(rule.needs)]
        if waiting:
            found.update(map(id, self.within(parts.outside(self._text), waiting)))
        return [rule for rule in self.rules if id(rule) in found]


@functools.lru_cache(maxsize=256)
def _suspends(needs: Needs) -> bool:
    """Tell whether what is needed stands only in a function, for nothing is awaited outside."""
    return any(_SUSPENDING.issuperset(_words(need)) for need in needs)


def _names(text: str) -> set[bytes]:
    """Return the names and keywords in a text, and the words of its comments and strings."""
    return set(text.encode("utf-8", "surrogatepass").translate(_SPACED).split())


@functools.lru_cache(maxsize=8)
def _own_names(facts: Facts) -> tuple[str, ...]:
    """Return the names that the user added: they may stand wherever a rule knows several words."""
    return tuple(name.rpartition(".")[2] for name in (*facts.cleanup_calls, *facts.resource_makers))


class _Gate(Generic[R]):
    """What rules need of a whole file: of names alone, which are quickly told, and beyond them.

    Args:
        rules: the rules.
        facts: what the user told about the code.
    """

    def __init__(self, rules: Sequence[R], facts: Facts) -> None:
        own = tuple(map(str.encode, _own_names(facts)))
        # Of each set a text must hold one. Rules share most of them: a rule has one bit for each of its own.
        self._bits: dict[frozenset[bytes], int] = {}
        self._rules: list[tuple[R, int, Needs]] = []
        self._implied: dict[Word, frozenset[bytes]] = {}
        for rule in rules:
            bits, further = 0, []
            for need in (*rule.file_needs, *rule.needs):
                words = tuple(_words_at(need, facts.target))
                implied = [frozenset(map(str.encode, implied_names(word))) for word in words]
                self._implied.update((word, names) for word, names in zip(words, implied, strict=True) if names)
                if all(implied):
                    names = frozenset(own if isinstance(need, tuple) else ()).union(*implied)
                    bits |= self._bits.setdefault(names, 1 << len(self._bits))
                # Questions take longer than words, and are kept for the functions.
                if not all(map(_is_name, words)) and (need in rule.file_needs or not any(map(callable, words))):
                    further.append(need)
            # The cheap ones first.
            further.sort(key=lambda need: any(map(callable, _words(need))))
            self._rules.append((rule, bits, tuple(further)))

    def passed(self, names: set[bytes]) -> list[tuple[R, Needs]]:
        """Return the rules that a file with such names may hold, each with what it needs beyond them."""
        lacking = 0
        for needed, bit in self._bits.items():
            if needed.isdisjoint(names):
                lacking |= bit
        return [(rule, further) for rule, bits, further in self._rules if not bits & lacking]

    def absent(self, names: set[bytes]) -> dict[Word, bool]:
        """Return the words that a file with such names does not hold, nor any function in it."""
        return {word: False for word, implied in self._implied.items() if implied.isdisjoint(names)}


@functools.lru_cache(maxsize=8)
def _gate(rules: tuple[R, ...], facts: Facts) -> _Gate[R]:
    return _Gate(rules, facts)


class _Held:
    """The words of a text. Rules share most of those they need, and each is looked for once."""

    __slots__ = ("_known", "_own", "_target", "_text")

    def __init__(self, text: str, facts: Facts, absent: dict[Word, bool]) -> None:
        self._text = text
        self._own = _own_names(facts)
        self._target = facts.target
        self._known = absent.copy()

    def holds(self, needs: Needs) -> bool:
        """Tell whether the text holds all that is needed."""
        return all(map(self._meets, needs))

    def _meets(self, need: Word | tuple[Word, ...]) -> bool:
        return any(map(self._has, need + self._own)) if isinstance(need, tuple) else self._has(need)

    def _has(self, word: Word) -> bool:
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = self._is_in(word)
        return known

    def _is_in(self, word: Word) -> bool:
        if isinstance(word, Matching):
            return word.is_in(self._text)
        if isinstance(word, str):
            # Most words are not there at all.
            return word in self._text and (not word.isidentifier() or _whole(word).search(self._text) is not None)
        if isinstance(word, Before):
            return self._target < word.version and self._has(word.word)
        return word(self._text)


@functools.lru_cache(maxsize=512)
def _whole(name: str) -> re.Pattern[str]:
    # The letters first: they are looked for much faster than the end of a word.
    return re.compile(rf"{name}(?<!\w{name})(?!\w)")


def _words(need: Word | tuple[Word, ...]) -> tuple[Word, ...]:
    return need if isinstance(need, tuple) else (need,)


def _words_at(need: Word | tuple[Word, ...], target: Version) -> Iterator[str | Matching | Question]:
    """Yield the words that count for code that must run on a Python."""
    for word in _words(need):
        if not isinstance(word, Before):
            yield word
        elif target < word.version:
            yield word.word


def _is_name(word: Word) -> bool:
    return isinstance(word, str) and not isinstance(word, Matching) and word.isidentifier()
