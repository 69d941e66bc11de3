"""The parts of a cancellation graph: points, the frames around them, and how a block completes."""

from __future__ import annotations

import ast
from typing import NamedTuple

from flake8_cancel.code.graph.errors import Error

# Kinds of points.
STEP = "step"  # a statement begins, or some of its work is done
BRANCH = "branch"  # a test is decided: the first target is yes, the second no
SUSPEND = "suspend"  # the coroutine may be suspended, and so cancelled
YIELD = "yield"  # a generator hands over to its consumer
CLAUSE = "clause"  # an except clause looks at what is in flight
STAR_CLAUSE = "star clause"  # an except* clause takes its part of what is in flight
STAR_END = "star end"  # the except* clauses are through: what is left is raised
EXIT = "exit"  # the item of a with statement is left
ASYNC_EXIT = "async exit"  # the same where leaving may suspend
LEAVE = "leave"  # a block ends, normally or by a jump
RAISE = "raise"
STOP = "stop"  # nothing comes after: the process ends, or a helper never comes back
END = "end"  # the function is left


class Completion(NamedTuple):
    """How a block ends, kept while a finally block, a handler or the exit of a with statement runs.

    Attributes:
        kind: "normal", "return", "break", "continue", "raise", or "star" between the clauses of an ``except*``.
        error: what is in flight; between ``except*`` clauses what is left of it.
        value: of a return: "true" or "false" where the truth of the value is certain, else "".
        raised: what ``except*`` clauses raised so far.
        current: the part that the running ``except*`` clause took.
        naked: whether ``except*`` was entered with an exception that is no group.
    """

    kind: str
    error: Error | None = None
    value: str = ""
    raised: tuple[Error, ...] = ()
    current: Error | None = None
    naked: bool = False


NORMAL = Completion("normal")
BREAK = Completion("break")
CONTINUE = Completion("continue")


def raising(error: Error) -> Completion:
    """Return the completion of a block that an error leaves."""
    return Completion("raise", error)


Pending = tuple[Completion, ...]


class Frame:
    """A stretch of code that decides where a completion of a point inside it goes.

    Attributes:
        kind: "function", "loop", "body" (of a try), "rest" (its else), "clause", "star", "final", "with" or "exit".
        node: the statement, handler or with item.
        parent: the frame around it.
        number: unique in the function, from 1.
        depth: how many completions are pending inside it. A frame that has one of its own (a handler: what it handles;
            a finally block, the exit of a with item: what goes on after it) adds one to its parent's.
        first, orelse, final, after, again: the points where completions land, as far as the kind has them.
    """

    __slots__ = ("after", "again", "depth", "final", "first", "kind", "node", "number", "orelse", "parent")

    def __init__(self, kind: str, node: ast.AST, parent: Frame | None, number: int) -> None:
        self.kind = kind
        self.node = node
        self.parent = parent
        self.number = number
        self.depth: int = (parent.depth if parent else 0) + self.pends
        self.first: Point | None = None
        self.orelse: Point | None = None
        self.final: Point | None = None
        self.after: Point | None = None
        self.again: Point | None = None

    @property
    def pends(self) -> bool:
        """Whether a completion is pending while this frame's code runs."""
        return self.kind in ("clause", "star", "final", "exit")


class Point:
    """A place in a function between two steps.

    Attributes:
        kind: one of the kinds above.
        node: the statement, expression, handler or with item that it stands for.
        frame: the innermost frame around it.
        targets: where it goes on normally; a BRANCH has yes and no.
        may_raise: whether an unknown error may leave from here; of a RAISE, that it does not always raise.
        completion: of a LEAVE.
        errors: of a RAISE, what it raises; empty with ``slots`` set.
        slots: of a RAISE, the indexes of the pending completions of which it raises the first that is an error again.
        wanted: of a CLAUSE, the qualified names of the classes it takes.
    """

    __slots__ = ("completion", "errors", "frame", "kind", "may_raise", "node", "slots", "targets", "wanted")

    def __init__(self, kind: str, node: ast.AST, frame: Frame, *targets: Point) -> None:
        self.kind = kind
        self.node = node
        self.frame = frame
        self.targets = list(targets)
        self.may_raise = False
        self.completion = NORMAL
        self.errors: tuple[Error, ...] = ()
        self.slots: tuple[int, ...] = ()
        self.wanted: tuple[str | None, ...] = ()

    @property
    def line(self) -> int:
        """The line of its node."""
        node = self.node.context_expr if isinstance(self.node, ast.withitem) else self.node
        return getattr(node, "lineno", 0)

    def __repr__(self) -> str:
        return f"<{self.kind} {type(self.node).__name__} line {self.line}>"


class State(NamedTuple):
    """A point and what is pending there: one completion for each frame around it that has one, the innermost last."""

    point: Point
    pending: Pending


def unwind(frame: Frame, completion: Completion, pending: Pending) -> State:
    """Return where a completion lands that leaves a point of a frame.

    Args:
        frame: the innermost frame around the point.
        completion: how the block there ends.
        pending: what is pending at the point.
    """
    while True:
        if frame.kind == "function":
            assert frame.after is not None
            return State(frame.after, (completion,))
        landing, completion, pending = _leave(frame, completion, pending)
        if landing is not None:
            return State(landing, pending)
        assert frame.parent is not None
        frame = frame.parent


def _leave(frame: Frame, completion: Completion, pending: Pending) -> tuple[Point | None, Completion, Pending]:
    """Leave one frame: the point where the completion lands, or None when it goes on to the parent."""
    own = pending[-1] if frame.pends else NORMAL
    if frame.pends:
        pending = pending[:-1]
    if frame.kind == "loop" and completion.kind in ("break", "continue"):
        return (frame.after if completion is BREAK else frame.again), NORMAL, pending
    if frame.kind == "star" and completion.kind in ("normal", "raise"):
        return frame.after, NORMAL, (*pending, _after_star(own, completion))
    if frame.kind == "with":
        return frame.first, NORMAL, (*pending, completion)
    if frame.kind == "body":
        if completion.kind == "raise" and frame.first:
            return frame.first, NORMAL, (*pending, completion)
        if completion.kind == "normal" and frame.orelse:
            return frame.orelse, NORMAL, pending
    if frame.kind == "final" and completion.kind == "normal":
        completion = own
    if frame.final is not None and frame.kind != "final":
        return frame.final, NORMAL, (*pending, completion)
    if completion.kind == "normal" and frame.after is not None:
        return frame.after, NORMAL, pending
    return None, completion, pending


def _after_star(own: Completion, completion: Completion) -> Completion:
    """Put what an ``except*`` clause raised to the rest."""
    raised = own.raised if completion.error is None else (*own.raised, completion.error)
    return own._replace(raised=raised, current=None)
