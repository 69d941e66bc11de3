"""The index of the rules, computed from them: ``python -m tests.index`` writes it."""

from __future__ import annotations

import pprint
from pathlib import Path

from flake8_cancel import registry
from flake8_cancel.code import patterns, timed_traces, traces
from flake8_cancel.code.patterns import Before, Matching
from flake8_cancel.words import Needs, Word

INDEX = Path(registry.__file__).with_name("index.py")

_HEAD = '''"""What the word filter needs to know of every rule, so that it can do without importing them.

Computed from the rules: ``python -m tests.index`` writes it.
"""
# fmt: off

from __future__ import annotations

from flake8_cancel.code import patterns, timed_traces, traces
from flake8_cancel.code.patterns import Before, Matching
from flake8_cancel.words import Needs

# Of each rule the code, the module, the class, ``needs`` and ``file_needs``.
ROWS: tuple[tuple[str, str, str, Needs, Needs], ...] = '''


class _Named:
    """What is written as the name by which it is imported."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


def main() -> None:
    """Write the index."""
    INDEX.write_text(text(), encoding="utf-8")


def text() -> str:
    """Return the index as it should be."""
    return f"{_HEAD}{pprint.pformat(tuple(map(_row, registry.entries())), width=118)}\n"


def _row(entry: registry.Entry) -> tuple[object, ...]:
    kind = type(entry.rule)
    return entry.code, kind.__module__, kind.__name__, _written(kind.needs), _written(kind.file_needs)


def _written(needs: Needs) -> tuple[object, ...]:
    return tuple(tuple(map(_word, need)) if isinstance(need, tuple) else _word(need) for need in needs)


def _word(word: Word) -> object:
    if isinstance(word, Matching):
        return _Named(repr(word))
    if isinstance(word, str):
        return word
    if isinstance(word, Before):
        return _Named(f"Before({word.version}, {_word(word.word)!r})")
    module = next((module for module in (patterns, timed_traces, traces) if word.__module__ == module.__name__), None)
    assert module is not None, f"{word} is no question of these modules"
    return _Named(f"{module.__name__.rpartition('.')[2]}.{word.__name__}")


if __name__ == "__main__":
    main()
