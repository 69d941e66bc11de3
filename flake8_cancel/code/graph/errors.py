"""What can be in flight: the cancellation, other exceptions, groups of them; and which clauses take it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

# One class since Python 3.11.
TIMEOUTS = frozenset({"asyncio.TimeoutError", "builtins.TimeoutError"})
CANCELLED_ERROR = "asyncio.CancelledError"
EXCEPTION = "builtins.Exception"
BASE_EXCEPTION = "builtins.BaseException"

YES, NO, MAYBE = "yes", "no", "maybe"

Bases = Callable[[str], "tuple[str | None, ...] | None"]

# What is no Exception: a clause for one of these never takes an unknown error, which is taken for an Exception.
_NOT_EXCEPTIONS = frozenset(
    {CANCELLED_ERROR, "builtins.GeneratorExit", "builtins.KeyboardInterrupt", "builtins.SystemExit"}
)


class Error(NamedTuple):
    """An exception in flight.

    Attributes:
        name: the qualified name of its class, ``"?"`` for some Exception that nobody knows.
        members: the classes of the leaves, for an exception group.
        scope: for a cancellation that a scope (a timeout, a task group) sent into its own body, and for a group that
            ``except*`` made of it, the number of the frame of that scope, else 0.
    """

    name: str
    members: tuple[str, ...] = ()
    scope: int = 0


CANCEL = Error(CANCELLED_ERROR)
UNKNOWN = Error("?")


def catches(error: Error, wanted: tuple[str | None, ...], bases: Bases) -> str:
    """Tell whether an ``except`` clause takes an error: YES, NO or MAYBE.

    Args:
        error: what is in flight.
        wanted: the qualified names of the classes of the clause, None for one that is unknown.
        bases: gives the base classes of a class, see ``Module.bases``.
    """
    answers = {_catches_one(error.name, name, bases) for name in wanted}
    if YES in answers:
        return YES
    return MAYBE if MAYBE in answers else NO


def _catches_one(name: str, wanted: str | None, bases: Bases) -> str:
    if wanted is None:
        return MAYBE
    if wanted in (name, BASE_EXCEPTION):
        return YES
    known = (EXCEPTION, BASE_EXCEPTION) if name == "?" else bases(name)
    if known is None:
        # A class that nobody knows is an Exception until the opposite is shown.
        known = (None, EXCEPTION, BASE_EXCEPTION)
    if wanted in known:
        return YES
    if name == "?" or None in known:
        return NO if wanted in _NOT_EXCEPTIONS else MAYBE
    return MAYBE if bases(wanted) is None else NO


def is_exception(name: str, bases: Bases) -> bool:
    """Tell whether a class is below Exception, as an unknown one is taken to be."""
    return _catches_one(name, EXCEPTION, bases) == YES


def group_of(leaves: tuple[str, ...], bases: Bases) -> Error:
    """Return the group that holds the leaves: an ExceptionGroup when all of them are Exceptions."""
    kind = "ExceptionGroup" if all(is_exception(leaf, bases) for leaf in leaves) else "BaseExceptionGroup"
    return Error(f"builtins.{kind}", tuple(sorted(set(leaves))))


def leaves_of(error: Error) -> tuple[str, ...]:
    """Return the classes of the leaves of a group, the class itself for any other error."""
    return error.members or (error.name,)


def split(error: Error, wanted: tuple[str | None, ...], bases: Bases) -> tuple[Error | None, Error | None]:
    """Split an error as an ``except*`` clause does: what the clause takes, as a group, and what is left."""
    taken = tuple(leaf for leaf in leaves_of(error) if catches(Error(leaf), wanted, bases) == YES)
    left = tuple(leaf for leaf in leaves_of(error) if leaf not in taken)
    if not taken:
        return None, error
    rest = group_of(left, bases) if left else None
    return group_of(taken, bases)._replace(scope=error.scope), rest
