"""What can be seen of a run, in words that the graph has too."""

from __future__ import annotations

from typing import NamedTuple

SUSPENDED = "suspended"  # the program went on after a suspension
CANCELLED = "cancelled"  # it was cancelled there
DEADLINE = "deadline"  # the deadline of a timeout around it passed there
YIELDED = "yielded"  # a generator went on after a yield
CLOSED = "closed"  # it was closed there
ENDED = "ended"


class Event(NamedTuple):
    """Something that happened in a run, other than that a line was reached.

    Attributes:
        kind: one of the kinds above.
        label: where it happened.
        other: of a deadline, the label of its timeout.
        name: of the end, the class that was raised, or "".
    """

    kind: str
    label: int = 0
    other: int = 0
    name: str = ""


Symbol = int | Event
# What came of a strike: the line where the program went on with nothing in flight, or the name of what it raised.
Outcome = tuple[int, Event, int | str]


class Record(NamedTuple):
    """One run.

    Attributes:
        word: the lines reached and what happened between them, in order.
        outcomes: for each strike how many came before it, the strike, and what came of it.
        bits: how many bits had to be chosen for it, beyond which all were False.
    """

    word: tuple[Symbol, ...]
    outcomes: frozenset[Outcome]
    bits: int


class Choice(NamedTuple):
    """A place where a run could have gone another way: what it took, of how many options, after how many bits."""

    taken: int
    options: int
    bits: int


def name_of(error: BaseException) -> str:
    """Return the name of an error's class, and for a group those of its leaves."""
    name, leaves = class_name(type(error)), sorted(_leaves(error))
    return f"{name}[{', '.join(leaves)}]" if isinstance(getattr(error, "exceptions", None), tuple) else name


def class_name(kind: type) -> str:
    """Return the qualified name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _leaves(error: BaseException) -> set[str]:
    members = getattr(error, "exceptions", None)
    return {leaf for member in members for leaf in _leaves(member)} if members else {class_name(type(error))}
