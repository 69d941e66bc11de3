"""The word filter: which rules can find something in a text that nobody has parsed yet.

Almost no function has to do with cancellation, so almost no file needs to be parsed. The text of every outermost
function is found by indentation; where that is in doubt a text is longer than the function, never shorter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from flake8_cancel.code.api import Facts
from flake8_cancel.rule import Needs, Rule, Word

# Comments and strings are passed over whole, so that nothing in them looks like code. Each branch begins with a letter
# of its own, which makes the search several times as fast; so a line is found by the end of the one before.
_TOKENS = re.compile(
    r"""
    \#[^\n]*
    | \"{3}[^\"\\]*(?:(?:\\.|\"(?!\"\"))[^\"\\]*)*\"{3}
    | '{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'{3}
    | "[^"\\\n]*(?:\\(?:\r\n|.)[^"\\\n]*)*"
    | '[^'\\\n]*(?:\\(?:\r\n|.)[^'\\\n]*)*'
    | \n(?P<indent>[ \t]*)(?P<word>@|(?:async[ \t]+)?def\b|class\b)
    """,
    re.VERBOSE | re.DOTALL,
)
# A form feed makes indentation start anew, a lone return ends a line, `async` may be continued on the next one.
_UNUSUAL = re.compile(r"\f|\r(?!\n)|\basync[ \t]*\\")


def with_words(text: str, facts: Facts, rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules whose words the text of one function holds together."""
    holds = _holder(text, facts)
    return [rule for rule in rules if holds(rule.needs)]


def candidates(text: str, facts: Facts, rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that may find something in a file.

    Args:
        text: the source; it need not be Python.
        facts: what the user told about the code.
        rules: the rules to choose from.
    """
    # The cheap question first: most files end here.
    holds = _holder(text, facts)
    may_hold = _holder(text, facts, asks=False)
    waiting = [rule for rule in rules if holds(rule.file_needs) and may_hold(rule.needs)]
    if not waiting:
        return []
    found: set[Rule] = set()
    for part in parts(text):
        found.update(with_words(part, facts, waiting))
        waiting = [rule for rule in waiting if rule not in found]
        if not waiting:
            break
    return [rule for rule in rules if rule in found]


def parts(text: str) -> list[str]:
    """Split a source text so that every outermost function is whole in one part, and all that is outside in the last.

    Decorators belong to their function. Some text may stand in two parts.
    """
    if _UNUSUAL.search(text):
        return [text]
    text = f"\n{text}"
    found: list[str] = []
    outside: list[str] = []
    decorated: int | None = None
    # Where the open function and its decorators begin, and how far it is indented.
    begin, indent = 0, -1
    outer = 0
    for token in _TOKENS.finditer(text):
        word = token["word"]
        if word is None or 0 <= indent < len(token["indent"]):
            continue
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


def _left_over(text: str, begin: int, end: int, indent: int) -> str:
    """Return what follows a function before the next one begins; all of it where there is no function."""
    if indent < 0:
        return text[begin:end]
    # Not the function's own line. A closing bracket may stand below its name and belong to it.
    dedented = re.compile(rf"\n[ \t]{{0,{indent}}}(?=[^\s)\]}}#])").search(text, begin + 1, end)
    return text[dedented.start() : end] if dedented else ""


def _is_in(word: Word, text: str) -> bool:
    if isinstance(word, str):
        return word in text
    return word.search(text) is not None if isinstance(word, re.Pattern) else word(text)


def _holder(text: str, facts: Facts, asks: bool = True) -> Callable[[Needs], bool]:
    """Return what tells whether a text holds words together. Rules share most of them, and each is looked for once.

    Questions take longer than words; where they are not asked, the answer is yes.
    """
    # The names that the user added may stand wherever a rule knows several words.
    own = tuple(name.rpartition(".")[2] for name in (*facts.cleanup_calls, *facts.resource_makers))
    known: dict[Word, bool] = {}

    def is_in(word: Word) -> bool:
        if word not in known:
            known[word] = _is_in(word, text) if asks or isinstance(word, (str, re.Pattern)) else True
        return known[word]

    def holds(needs: Needs) -> bool:
        return all(any(map(is_in, need + own)) if isinstance(need, tuple) else is_in(need) for need in needs)

    return holds
