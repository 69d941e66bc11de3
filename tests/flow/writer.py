"""The smaller parts of random programs: what they decide, what they wait for, what they raise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from tests.flow.program import COROUTINE

_RAISED = ("AppError()", "SubError() from None", "asyncio.CancelledError()", "SubError()", "ValueError()")


class Budget(NamedTuple):
    """How large a program may be.

    Attributes:
        statements: how many statements it may have.
        tests: how many of its places may read bits.
        waits: how many of its places may suspend.
    """

    statements: int = 12
    tests: int = 4
    waits: int = 5


class Scope(NamedTuple):
    """What is allowed where a statement stands."""

    depth: int = 0
    loops: bool = False
    returns: bool = True
    reraises: bool = False
    yields: bool = False
    timed: bool = False
    bound: tuple[str, ...] = ()

    def inside(self, **changed: object) -> Scope:
        """Return the scope of a block one deeper."""
        return self._replace(depth=self.depth + 1, **changed)  # type: ignore[arg-type]


# Writes one statement where the scope says.
Statement = Callable[[Scope], None]


class Writer:
    """Writes lines from what hypothesis draws: conditions and simple statements.

    Args:
        draw: makes the decisions.
        kind: the kind of the program.
        budget: how large it may be.
    """

    def __init__(self, draw: st.DrawFn, kind: str, budget: Budget) -> None:
        self.lines: list[str] = []
        self._draw = draw
        self._kind = kind
        self._statements, self._tests, self._waits = budget
        self._labels = 0

    def line(self, text: str, depth: int) -> None:
        """Write a line."""
        self.lines.append("    " * depth + text)

    def _has_ended(self, scope: Scope) -> bool:
        """Tell whether the last statement of the block never goes on to a next one."""
        line = self.lines[-1]
        return line.startswith(("raise", "fail()", "await fail", "give_up"), 4 * scope.depth)

    # --- choosing --------------------------------------------------------------------------------------------------

    def _number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def _choose(self, options: Sequence[str]) -> str:
        return options[self._number(0, len(options) - 1)]

    def _pick(self, options: Sequence[Statement], scope: Scope) -> None:
        self._statements -= 1
        options[self._number(0, len(options) - 1)](scope)

    def _label(self) -> int:
        self._labels += 1
        return self._labels

    def _wait(self) -> int:
        self._waits -= 1
        return self._label()

    # --- expressions -----------------------------------------------------------------------------------------------

    def _test(self) -> str:
        """Return a condition that reads bits."""
        self._tests -= 1
        shapes = ["cond()"]
        if self._waits > 0:
            shapes += ["cond()", "await ask({})", "cond() and await ask({})", "cond() or await ask({})"]
            shapes += ["not await ask({})"]
        if self._waits > 1:
            shapes += ["await ask({}) and await ask({})", "1 <= await ask({}) <= await ask({})"]
        return self._filled(self._choose(shapes))

    def _filled(self, shape: str) -> str:
        """Give every call in a text its label."""
        return shape.format(*(self._wait() for _ in range(shape.count("{}"))))

    # --- simple statements -----------------------------------------------------------------------------------------

    def _step(self, scope: Scope) -> None:
        self.line(self._choose(("step({})", "x = {}")).format(self._label()), scope.depth)

    def _pause(self, scope: Scope) -> None:
        self.line(f"await pause({self._wait()})", scope.depth)

    def _yield(self, scope: Scope) -> None:
        self.line(f"yield {self._wait()}", scope.depth)

    def _assign(self, scope: Scope) -> None:
        self._tests -= 1
        shapes = (
            "x = await ask({})",
            "x = cond() and await pause({})",
            "x = await ask({}) if cond() else await pause({})",
            "x = await ask({}) or await pause({})",
            "step(await ask({}) and await pause({}))",
        )
        self.line(self._filled(self._choose(shapes)), scope.depth)

    def _comprehension(self, scope: Scope) -> None:
        self._tests -= 1
        shapes = (
            "x = [y async for y in items({})]",
            "x = [await pause({}) for y in more()]",
            "x = {{y: await ask({}) async for y in items({}) if cond()}}",
            "x = {{y async for y in items({}) if await ask({})}}",
            "x = [y for z in more() async for y in items({})]",
        )
        self.line(self._filled(self._choose(shapes)), scope.depth)

    def _raise(self, scope: Scope) -> None:
        # A timeout whose deadline was swallowed turns a cancellation raised by hand into its own; the graph does not
        # remember what was swallowed.
        options = ["raise " + raised for raised in _RAISED if not (scope.timed and "Cancelled" in raised)]
        if scope.reraises:
            options += ["raise"] * 5
        for name in scope.bound:
            options += [f"raise {name}"] * 3 + [f"raise AppError() from {name}", f"raise {name} from AppError()"]
        self.line(self._choose(options), scope.depth)

    def _fail(self, scope: Scope) -> None:
        shapes = ("fail()", "await fail_later({})", "give_up(await ask({}))") if self._waits > 0 else ("fail()",)
        self.line(self._filled(self._choose(shapes)), scope.depth)

    def _jump(self, scope: Scope) -> None:
        options = []
        if scope.returns:
            options += ["return"]
            if self._kind == COROUTINE:
                options += (
                    ["return 1", "return await ask({})", "return await ask({})"] if self._waits > 0 else ["return 1"]
                )
        if scope.loops:
            options += ["break", "continue"] * 2
        if options:
            # A statement before it tells that it is reached.
            self._step(scope)
            self.line(self._filled(self._choose(options)), scope.depth)
