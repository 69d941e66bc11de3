"""Makes random programs, as text, out of everything that decides where a cancellation goes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.flow.prelude import ASYNC_MANAGERS, NEWER_ASYNC_MANAGERS, PRELUDE, SYNC_MANAGERS
from tests.flow.program import COROUTINE, GENERATOR, MANAGER, NAME
from tests.flow.writer import Budget, Scope, Statement, Writer

MAX_DEPTH = 8
HAS_GROUPS = sys.version_info >= (3, 11)

_HANDLED = (
    "asyncio.CancelledError",
    "BaseException",
    "Exception",
    "AppError",
    "SubError",
    "(AppError, asyncio.CancelledError)",
    "TimeoutError" if HAS_GROUPS else "asyncio.TimeoutError",
    "GeneratorExit",
)
_STAR_HANDLED = (
    "asyncio.CancelledError",
    "BaseException",
    "Exception",
    "AppError",
    "(SubError, asyncio.CancelledError)",
)


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, str]:
    """Make a program: its text and its kind."""
    kind = draw(st.sampled_from((COROUTINE, COROUTINE, COROUTINE, GENERATOR, MANAGER)))
    maker = _Maker(draw, kind, Budget())
    if kind == MANAGER:
        maker.line("@contextlib.asynccontextmanager", 0)
    maker.line(f"async def {NAME}():", 0)
    scope = Scope(depth=1, yields=kind == GENERATOR)
    maker.block(scope, waits=True)
    if kind != COROUTINE:
        maker.around_yield(scope)
    return PRELUDE + "\n".join(maker.lines) + "\n", kind


class _Maker(Writer):
    """Writes one program, block by block."""

    def block(self, scope: Scope, waits: bool = False) -> None:
        """Write one to three statements; with ``waits`` the first of them suspends before it does anything else."""
        if not waits and scope.reraises and scope.depth < MAX_DEPTH and self._number(0, 4) == 0:
            self._try_failing(scope)
        if waits:
            self._pick([self._pause, self._pause, self._try_waiting if scope.depth < MAX_DEPTH else self._pause], scope)
        for _ in range(self._number(0 if waits else 1, 2 if scope.depth < 4 else 1)):
            if self._statements > 0 and not self._has_ended(scope):
                self._pick(self._possible(scope), scope)
        if not waits and self.lines[-1].endswith(":"):
            self._step(scope)
        if scope.depth > 1 and self._number(0, 3) == 0 and not self._has_ended(scope):
            self._pick([self._jump, self._raise] if scope.reraises else [self._jump], scope)

    def around_yield(self, scope: Scope) -> None:
        """Write a yield, mostly inside something that decides what comes of what it raises."""
        self._statements = max(self._statements, 3)
        deeper = scope.inside()
        shape = self._number(0, 3)
        if shape == 0:
            self._yield(scope)
        elif shape == 1:
            self.line(f"async with {self._choose(ASYNC_MANAGERS).format(self._label())}:", scope.depth)
            self._yield(deeper)
        else:
            self.line("try:", scope.depth)
            self._yield(deeper)
            if shape == 2:
                self._handler(scope, 0)
            else:
                self.line("finally:", scope.depth)
                self.block(deeper._replace(reraises=True))
        self._step(scope)

    def _possible(self, scope: Scope) -> list[Statement]:
        options: list[Statement] = [self._step, self._raise, self._fail]
        if self._waits > 0:
            options += [self._pause, self._pause]
            if self._tests > 0:
                options += [self._assign, self._comprehension]
        if scope.yields and self._waits > 0:
            options += [self._yield, self._yield]
        if scope.depth >= MAX_DEPTH or self._statements <= 0:
            return options
        options += [self._try, self._try, self._try, self._with, self._define]
        if HAS_GROUPS:
            options += [self._try_star]
        if self._waits > 0:
            options += [self._async_with, self._async_with, self._while_true, self._while_true, self._try_waiting]
            options += [self._async_with]
        if self._tests > 0:
            options += [self._if, self._if, self._while, self._for]
        if self._tests > 0 and scope.depth < MAX_DEPTH - 1:
            options += [self._match]
        if self._waits > 0 and self._tests > 0:
            options += [self._async_for]
        return options

    # --- compound statements ---------------------------------------------------------------------------------------

    def _else(self, scope: Scope) -> None:
        if self._number(0, 1) == 0:
            self.line("else:", scope.depth)
            self.block(scope.inside())

    def _if(self, scope: Scope) -> None:
        self.line(f"if {self._test()}:", scope.depth)
        self.block(scope.inside())
        if self._tests > 0 and self._number(0, 3) == 0:
            self.line(f"elif {self._test()}:", scope.depth)
            self.block(scope.inside())
        self._else(scope)

    def _while(self, scope: Scope) -> None:
        test = self._test()
        # Bits that nobody chose are False: the loop must end on them.
        self.line(f"while {test.removeprefix('not ')}:", scope.depth)
        self.block(scope.inside(loops=True))
        self._else(scope)

    def _while_true(self, scope: Scope) -> None:
        self.line("while True:", scope.depth)
        self.block(scope.inside(loops=True), waits=True)

    def _for(self, scope: Scope) -> None:
        self._tests -= 1
        self.line(f"for y in {self._choose(('more()', 'more()', 'more()', '()'))}:", scope.depth)
        self.block(scope.inside(loops=True))
        self._else(scope)

    def _async_for(self, scope: Scope) -> None:
        self._tests -= 1
        shapes = ("items({})", "items({})", "(z async for z in items({}))")
        self.line(f"async for y in {self._filled(self._choose(shapes))}:", scope.depth)
        self.block(scope.inside(loops=True))
        self._else(scope)

    def _match(self, scope: Scope) -> None:
        self._tests -= 1
        shapes = ("chance()", "await pick({})") if self._waits > 0 else ("chance()",)
        self.line(f"match {self._filled(self._choose(shapes))}:", scope.depth)
        cases = ["case 1:", "case 1 | 2:"]
        if self._tests > 0:
            cases += [f"case 3 if {self._test()}:"]
            cases += [f"case _ if {self._test()}:"] if self._tests > 0 else []
        last = self._choose(("", "case _:", "case other:"))
        deeper = scope.inside()
        for case in [self._choose(cases), last]:
            if case:
                self.line(case, scope.depth + 1)
                self.block(deeper._replace(depth=deeper.depth + 1))

    def _define(self, scope: Scope) -> None:
        shapes = ["def inner():", "async def inner():"]
        if self._waits > 0:
            shapes += ["def inner(y=await pause({})):", "async def inner(*, y=await pause({})):"]
        self.line(self._filled(self._choose(shapes)), scope.depth)
        self.line(self._choose(("raise AppError()", "return 1")), scope.depth + 1)

    def _with(self, scope: Scope) -> None:
        self.line(f"with {self._items(SYNC_MANAGERS)}:", scope.depth)
        self.block(scope.inside(), waits=self._waits > 0 and self._number(0, 1) == 0)

    def _async_with(self, scope: Scope) -> None:
        if HAS_GROUPS and self._number(0, 1) == 0:
            self._scope_of_asyncio(scope)
            return
        self.line(f"async with {self._items(ASYNC_MANAGERS)}:", scope.depth)
        self.block(scope.inside(), waits=self._number(0, 1) == 0)

    def _scope_of_asyncio(self, scope: Scope) -> None:
        # A yield in these is a mistake of its own, with rules of its own.
        shape = self._choose(NEWER_ASYNC_MANAGERS)
        deeper = scope.inside(yields=False, timed=scope.timed or "timeout" in shape)
        label = self._label()
        self.line(f"async with {shape.format(label)}:", scope.depth)
        if "as group" in shape:
            self.line(f"group.create_task(child({label}))", deeper.depth)
        self.block(deeper, waits=self._number(0, 1) == 0)

    def _items(self, managers: Sequence[str]) -> str:
        count = 2 if self._number(0, 2) == 0 else 1
        return ", ".join(self._choose(managers).format(self._label()) for _ in range(count))

    def _try(self, scope: Scope) -> None:
        self._whole_try(scope, waits=False)

    def _try_waiting(self, scope: Scope) -> None:
        self._whole_try(scope, waits=True)

    def _try_failing(self, scope: Scope) -> None:
        """Write what is mostly there to be raised in a handler, and handled, perhaps to be raised again."""
        self.line("try:", scope.depth)
        self._pick([self._raise, self._fail], scope.inside())
        self._handler(scope, 0)
        if self._number(0, 1) == 0 and not self._has_ended(scope.inside()):
            self.line("raise", scope.depth + 1)

    def _whole_try(self, scope: Scope, waits: bool) -> None:
        shape = self._number(0, 3)
        self.line("try:", scope.depth)
        self.block(scope.inside(), waits=waits)
        if shape < 3:
            for position in range(self._number(1, 2)):
                self._handler(scope, position)
            self._else(scope)
        if shape > 1:
            self.line("finally:", scope.depth)
            self.block(scope.inside(reraises=True))

    def _handler(self, scope: Scope, position: int) -> None:
        kinds = _HANDLED if position == 0 else (*_HANDLED, "")
        kind, name = self._choose(kinds), f"e{self._label()}"
        if not kind or self._number(0, 1) == 0:
            self.line(f"except {kind}:" if kind else "except:", scope.depth)
            self.block(scope.inside(reraises=True))
        else:
            self.line(f"except {kind} as {name}:", scope.depth)
            self.block(scope.inside(reraises=True, bound=(*scope.bound, name)))

    def _try_star(self, scope: Scope) -> None:
        self.line("try:", scope.depth)
        self.block(scope.inside(), waits=self._waits > 0)
        for _ in range(self._number(1, 2)):
            self.line(f"except* {self._choose(_STAR_HANDLED)}:", scope.depth)
            self.block(scope.inside(reraises=True, loops=False, returns=False))
        self._else(scope)
        if self._number(0, 2) == 0:
            self.line("finally:", scope.depth)
            self.block(scope.inside(reraises=True))
