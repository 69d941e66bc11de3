"""What the names of methods tell: which open and which end something, and which come as pairs."""

from __future__ import annotations

import re

from flake8_cancel.code.api import Facts

# The first words of methods that come in pairs on one receiver.
_PAIRS: dict[str, frozenset[str]] = {
    "acquire": frozenset({"release"}),
    "aenter": frozenset({"aexit"}),
    "attach": frozenset({"detach"}),
    "checkout": frozenset({"checkin"}),
    "connect": frozenset({"disconnect", "close", "aclose"}),
    "enter": frozenset({"exit"}),
    "getconn": frozenset({"putconn"}),
    "inc": frozenset({"dec"}),
    "increment": frozenset({"decrement"}),
    "lock": frozenset({"unlock"}),
    "login": frozenset({"logout"}),
    "on": frozenset({"off"}),
    "open": frozenset({"close", "aclose"}),
    "register": frozenset({"unregister", "deregister"}),
    "start": frozenset({"stop", "shutdown", "close", "aclose", "terminate", "kill"}),
    "subscribe": frozenset({"unsubscribe"}),
    "track": frozenset({"untrack"}),
}
# Pairs of which the rest of the name must be the same: add_reader, remove_reader.
_PREFIXED = {
    "add": frozenset({"remove", "delete", "discard"}),
    "create": frozenset({"delete", "destroy"}),
    "get": frozenset({"give", "put", "release", "return"}),
}

# The words of calls that end the life of what they are called on.
ENDINGS = frozenset(
    """
    abort aclose cancel cleanup close closed deregister destroy detach disconnect dispose kill leave logout
    quit release released rollback shutdown stop teardown terminate unlink unregister unsubscribe
    """.split()
)
# What takes an entry out of a collection; the entry is the first argument.
TAKES_OUT = frozenset({"discard", "pop", "remove"})
_EXITS = frozenset({"__aexit__", "__exit__"})
# The first words of the names of what undoes a subscription when it is called.
UNDOING_WORDS = ("off", "remove", "undo", "unhook", "unlisten", "unsub")
# What is named after an ending and is none: close_callback.
_NO_ENDINGS = frozenset({"callback", "callbacks", "cb", "cbs", "event", "handler", "timeout"})
_QUESTIONS = frozenset({"await", "can", "has", "is", "on", "should", "wait", "was", "will"})
# What is done up to an ending is none: read_until_close.
_BEFORE = frozenset({"before", "till", "unless", "until"})
# Where a word of ``connectAsync`` begins; only the first one is looked up, the others keep their capitals.
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ASYNC = frozenset({"async", "Async"})
# The words of calls that end the life of what they are given.
_ENDS_ARGUMENT = ENDINGS | frozenset("checkin discard free putconn put remove return rmtree give".split())
OPENINGS = frozenset(
    "acquire aenter begin connect enter init initialize login open reconnect restart setup start startup".split()
)
_KNOWN = frozenset({*_PAIRS, *ENDINGS, *OPENINGS, *frozenset().union(*_PAIRS.values())})


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name, ``connectAsync`` too, without underscores and what says ``async`` at its ends."""
    found = [word for word in name.split("_") if word]
    if not name.islower():
        found = [word for one in found for word in _HUMPS.split(one)]
    if len(found) > 1 and found[0] == "async":
        del found[0]
    if len(found) > 1 and found[-1] in _ASYNC:
        del found[-1]
    if found and found[0][:1] == "a" and found[0][1:] in _KNOWN and found[0] not in _KNOWN:
        # aacquire(), beside acquire() of the same lock.
        found[0] = found[0][1:]
    return tuple(found)


def opens(verb: str) -> bool:
    """Tell whether a function with this name begins what must be ended later."""
    found = words(verb)
    return bool(found) and found[0] in OPENINGS


def matches(first: str, second: str) -> bool:
    """Tell whether two methods come as a pair: ``acquire`` and ``release``, ``add_reader`` and ``remove_reader``."""
    start, end = words(first), words(second)
    if not start or not end:
        return False
    if end[0] in _PREFIXED.get(start[0], ()):
        return len(start) > 1 and start[1:] == end[1:]
    return end[0] in _PAIRS.get(start[0], ()) and start[1:] == end[1:]


def may_close_pair(verb: str) -> bool:
    """Tell whether a method with this name is the second of a pair with some method."""
    found = words(verb)
    if not found:
        return False
    seconds = _PAIRS.values() if len(found) == 1 else (*_PAIRS.values(), *_PREFIXED.values())
    return any(found[0] in second for second in seconds)


def may_give(verb: str, facts: Facts) -> bool:
    """Tell whether a function with this name may give something back."""
    if not words(verb):
        return verb in _EXITS
    is_end = ends(verb, facts) or ends_argument(verb, facts) or undoes(verb, facts)
    return is_end or verb in TAKES_OUT or may_close_pair(verb)


def may_open_pair(verb: str) -> bool:
    """Tell whether a method with this name is the first of a pair with some method."""
    found = words(verb)
    return bool(found) and (found[0] in _PAIRS or (len(found) > 1 and found[0] in _PREFIXED))


def ends(verb: str, facts: Facts) -> bool:
    """Tell whether a method with this name ends the life of its receiver, or of what its name speaks of."""
    found = words(verb)
    if _only_speaks_of_ending(found):
        return False
    return verb in _EXITS or _is_cleanup_call(verb, facts) or found[0] in ENDINGS or found[-1] in ENDINGS


def undoes(name: str, facts: Facts) -> bool:
    """Tell whether a function with this name undoes what the call did that returned it: ``unsubscribe()``."""
    return ends(name, facts) or words(name)[0] in UNDOING_WORDS


def is_exit(verb: str) -> bool:
    """Tell whether a method leaves a context manager by hand: what it is given says only how."""
    return verb in _EXITS


def ends_argument(verb: str, facts: Facts) -> bool:
    """Tell whether a call with this name ends the life of what it is given."""
    found = words(verb)
    if _only_speaks_of_ending(found):
        return False
    return _is_cleanup_call(verb, facts) or found[0] in _ENDS_ARGUMENT or found[-1] in ENDINGS


def _only_speaks_of_ending(found: tuple[str, ...]) -> bool:
    if not found or found[-1].lower() in _NO_ENDINGS or found[0] in _QUESTIONS:
        return True
    return not _BEFORE.isdisjoint(found[:-1])


def _is_cleanup_call(verb: str, facts: Facts) -> bool:
    return any(name.rpartition(".")[2] == verb for name in facts.cleanup_calls)
