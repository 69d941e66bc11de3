"""What the text of a function shows, before it is parsed, of the things that it takes and gives back.

Each question is a word for ``Rule.needs``: it may say yes for nothing, and never says no where a statement gives
something back.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from flake8_cancel.code import verbs
from flake8_cancel.code.api import CONNECTION_OPENERS, Facts
from flake8_cancel.code.patterns import GOES_ON, line_before, places, speaks_of

# Between a name and its bracket there may be the end of a line, where a bracket is open or a backslash stands.
_BLANK = " \t\r\n\\"
_BRACKETS = re.compile(r"[()\"']")
# A method of an object, or of what an attribute of it holds, called in one line.
OWN_CALL = re.compile(r"self(?<!\wself)(?:[ \t]*\.[ \t]*\w+)*[ \t]*\.[ \t]*(\w+)[\s\\]*\(")
_OWN_MADE = re.compile(r"self(?<!\wself)[\s\\]*\.[^\n=]*=(?!=)[^\n]*[(\\]")
_NAME = re.compile(r"\w+")
_CALLED = re.compile(r"\([\s\\]*(\w+)")
# How far what a call with strings is given is looked for.
_FAR = 2000
# A statement that binds, returns or raises what it calls gives nothing back, unless another one stands on its line.
# So does one that defines a function, or what is no call: ``return (...)``.
_NO_GIVING = re.compile(r"[ \t]*(?:(?:return\b|raise\b|[\w.]+[ \t]*=(?!=))[^;]*|(?:async[ \t]+)?def[ \t]+)\Z")
_NO_CALLS = frozenset({"return", "yield", "await"})
_DELETED = re.compile(r"del\b[^\n]*[\[\\(]")
_ENTERED = re.compile(r"\][^\n=]*=|\b(?:add|append|appendleft|setdefault)\b")
_POPPED = re.compile(r"pop(?<!\wpop)\b")
# Behind a target on its line: a value that is a call, or goes on in the next line.
_MADE = re.compile(r"[^\n=]*=(?!=)[^\n]*[(\\]")
# Where the targets of an assignment begin on an earlier line.
_LATE = re.compile(r"\n(?:[ \t]*[)\]]|[^\n=(]*\))[^\n=(]*=")
_RAISED, _LOWERED = (re.compile(rf"self\.([\w.]+)[\s\\]*=[\s\\]*{value}\b") for value in (True, False))
_SPOKEN = re.compile(rf"[a-z]*{GOES_ON}")
_AWAITED = re.compile(r"\bawait[ \t]+[\w.]*\Z")
_SUSPENSION = re.compile(r"await|async")
_LOOP = re.compile(r"\n[ \t]*(?:async[ \t]+)?(?:for|while)\b")
# What a loop takes from a collection, one after the other.
_TURNED = re.compile(r"for(?<!\wfor)[\s\\]+(\w+)[\s\\]+in\b")
_DEFINED = re.compile(r"def[ \t]+(\w+)")
_OPENING = re.compile(r"[\s\\]*\(")
# The user's own names are looked for by ``words``.
_NO_FACTS = Facts(target=(3, 10))


def gives_back(text: str) -> bool:
    """Tell whether a text may hold a call that gives back or ends something, a ``del`` or a count given back."""
    is_marked = "-=" in text or "= False" in text or ("del" in text and _DELETED.search(text) is not None)
    return is_marked or any(True for _ in _statements(text))


def gives_back_its_own(text: str) -> bool:
    """Tell whether a function may give back what it has taken itself."""
    return _takes_out_again(text) or _gives_what_it_took(text, text)


def gives_back_in_handler(text: str) -> bool:
    """Tell whether a function may give back, behind an ``except``, what it has taken itself or is named to open."""
    behind = _behind_except(text)
    if _gives_what_it_took(text, behind):
        return True
    is_opening = any(map(verbs.opens, _DEFINED.findall(text)))
    turned = set(_TURNED.findall(behind))
    return any(
        is_opening or one.receiver in turned or verbs.words(one.name)[:1] == ("abort",) for one in _statements(behind)
    )


def ends_own_in_handler(text: str) -> bool:
    """Tell whether a function may end, behind an ``except``, what its object holds."""
    behind = _behind_except(text)
    return any(
        verbs.ends(call[1], _NO_FACTS) and not _NO_GIVING.match(line_before(behind, call.start()))
        for call in OWN_CALL.finditer(behind)
    )


def _behind_except(text: str) -> str:
    return text[text.find("except") :]


def defines_ending(text: str) -> bool:
    """Tell whether a text defines a function that ends something by its name: ``close``."""
    return any(verbs.ends(name, _NO_FACTS) for name in _DEFINED.findall(text))


def defines_opening(text: str) -> bool:
    """Tell whether a text defines a method, by its name one that opens something, that waits for more when it has."""
    if "self" not in text or not any(map(verbs.opens, _DEFINED.findall(text))):
        return False
    if _LATE.search(text) or _LOOP.search(text):
        return True
    begun = [one.end() for one in OWN_CALL.finditer(text) if _may_begin(one[1])]
    opened = min([*begun, *(one.end() for one in _OWN_MADE.finditer(text))], default=len(text))
    return _SUSPENSION.search(text, opened) is not None


@speaks_of("gather")
def drops_gather(text: str) -> bool:
    """Tell whether a text calls ``gather``, or gives it another name, elsewhere than directly behind an ``await``."""
    return any(
        not _AWAITED.search(line_before(text, at)) and not _SPOKEN.match(text, at + len("gather"))
        for at in places("gather", text)
    )


@speaks_of(*CONNECTION_OPENERS)
def opens_connection(text: str) -> bool:
    """Tell whether a text calls what opens a connection, as ``openings`` knows it."""
    return any(_is_called(name, text) for name in CONNECTION_OPENERS)


def _is_called(name: str, text: str) -> bool:
    return any(
        _OPENING.match(text, at + len(name)) and not (text[at - 1 : at].isalnum() or text[at - 1 : at] == "_")
        for at in places(name, text)
    )


def _takes_out_again(text: str) -> bool:
    """Tell whether an entry may be put into a collection, and one taken out further down, be it to be returned."""
    entered = _ENTERED.search(text) if "pop" in text else None
    return entered is not None and _POPPED.search(text, entered.end()) is not None


def _gives_what_it_took(text: str, where: str) -> bool:
    if _shares(_names_before("+=", text), _names_before("-=", text)):
        return True
    if _lowers_flag(text):
        return True
    if "del" in where and _DELETED.search(where) and _ENTERED.search(text):
        return True
    giving = list(_statements(where))
    if not giving:
        return False
    # What takes something may well bind what it returns.
    begun = [(name, _receiver(text, start)) for name, start, _ in _called(text) if _may_begin(name)]
    if _LATE.search(text):
        return True
    for one in giving:
        if (one.name in verbs.TAKES_OUT and _ENTERED.search(text)) or _is_bound(one.receiver or one.name, text):
            return True
        if verbs.ends_argument(one.name, _NO_FACTS) and any(_is_bound(name, text) for name in one.names()):
            return True
        if any(receiver == one.receiver and _is_pair(name, one.name) for name, receiver in begun):
            return True
    return False


def _lowers_flag(text: str) -> bool:
    """Tell whether a flag may be raised, and lowered when the function has been suspended in between."""
    raised = {found[1]: found.end() for found in reversed(list(_RAISED.finditer(text)))}
    for lowered in _LOWERED.finditer(text):
        begin = raised.get(lowered[1])
        # In a loop what comes later in the text may come first.
        if begin is not None and (_SUSPENSION.search(text, begin, lowered.start()) or _LOOP.search(text)):
            return True
    return False


def _shares(first: Collection[str], second: Collection[str]) -> bool:
    return not set(first).isdisjoint(second)


def _names_before(sign: str, text: str) -> set[str]:
    """Return the names before a sign on its line: what is counted, and what it is asked of, is among them."""
    lines = (line.partition(sign)[0] for line in text.split("\n") if sign in line) if sign in text else ()
    return {name for line in lines for name in _NAME.findall(line)} - {"self"}


def _is_bound(name: str, text: str) -> bool:
    """Tell whether a statement may bind a name, or an attribute of that name, to what a call returns."""
    if name == "self":
        return False
    return any(_MADE.match(text, found.end()) for found in re.finditer(rf"{name}\b", text))


class _Call(NamedTuple):
    """A call: the name, the last name of its receiver, and about what it is given."""

    name: str
    receiver: str
    arguments: str

    def names(self) -> set[str]:
        return {name for name in _NAME.findall(self.arguments) if name.isidentifier()}


def _statements(text: str) -> Iterator[_Call]:
    """Yield the calls that may give something back and be a statement of their own."""
    for name, start, end in _called(text):
        if name not in _NO_CALLS and _may_give(name) and not _NO_GIVING.match(line_before(text, start)):
            yield _Call(name, _receiver(text, start), _arguments(text, end))


@functools.lru_cache(maxsize=4)
def _called(text: str) -> tuple[tuple[str, int, int], ...]:
    """Return every name before a bracket, where it begins, and where the bracket ends."""
    # Read backwards, a call begins with its bracket: forwards a pattern would try again at every word.
    found = reversed(list(_CALLED.finditer(text[::-1])))
    return tuple((one[1][::-1], len(text) - one.end(), len(text) - one.start()) for one in found)


def _receiver(text: str, start: int) -> str:
    """Return the last name of what an attribute is asked of."""
    dot = _blank_before(text, start)
    begin, end = _name_before(text, dot - 1) if text[dot - 1 : dot] == "." else (0, 0)
    return text[begin:end]


def _name_before(text: str, at: int) -> tuple[int, int]:
    start = end = _blank_before(text, at)
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return start, end


def _blank_before(text: str, at: int) -> int:
    while at and text[at - 1] in _BLANK:
        at -= 1
    return at


def _arguments(text: str, begin: int) -> str:
    """Return what stands in a bracket that has just begun; more than that where strings are in it."""
    depth = 1
    for bracket in _BRACKETS.finditer(text, begin):
        depth += {"(": 1, ")": -1}.get(bracket[0], 0)
        if bracket[0] in "\"'":
            return text[begin : begin + _FAR]
        if not depth:
            return text[begin : bracket.start()]
    return text[begin:]


@functools.lru_cache(maxsize=4096)
def _may_give(name: str) -> bool:
    return verbs.may_give(name, _NO_FACTS)


@functools.lru_cache(maxsize=4096)
def _may_begin(name: str) -> bool:
    """Tell whether a method with this name may take what another one of its object gives back."""
    return verbs.opens(name) or verbs.may_open_pair(name)


@functools.lru_cache(maxsize=4096)
def _is_pair(first: str, second: str) -> bool:
    return verbs.matches(first, second) or (verbs.opens(first) and verbs.ends(second, _NO_FACTS))
