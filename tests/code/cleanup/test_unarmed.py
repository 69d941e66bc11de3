"""Cleanup that does nothing until a flag is set."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.cleanup.taking import givings
from flake8_cancel.code.cleanup.unarmed import is_unarmed
from tests.code.asking import module_of

CLASS = """
class Station:
    async def opens(self):
        try:
            {tried}
        except Exception:
            await self.stop()
            raise
    async def start(self):
        {start}
    async def stop(self):
        {stop}
"""
START = "await self.line.open(); self._on = True"
STOP = "await self.line.close(); self._on = False"
ASKS = f"if not self._on: return\n        {STOP}"


def answer(tried: str = "await self.start()", start: str = START, stop: str = ASKS) -> bool:
    module = module_of(CLASS.format(tried=tried, start=start, stop=stop))
    statement = next(node for node in ast.walk(module.tree) if isinstance(node, ast.Try))
    (giving,) = givings(statement.handlers[0].body[0])
    return is_unarmed(module, statement, giving)


@pytest.mark.parametrize("stop", [ASKS, f"'Stop.'\n        if self.line.busy: raise OSError\n        {ASKS}"])
def test_it_does_nothing_before_the_flag_is_set(stop: str) -> None:
    assert answer(stop=stop)


@pytest.mark.parametrize(
    ("tried", "start", "stop"),
    [
        # It is cancelled behind the flag, or nobody knows where the flag is set.
        ("await self.start(); await self.line.greet()", START, ASKS),
        ("await self.start()", "self._on = True; await self.line.open()", ASKS),
        ("await self.line.open()", START, ASKS),
        ("await self.start()", "await self.line.open()", ASKS),
        # It does something before it asks, or asks for nothing.
        ("await self.start()", START, f"self.line.abort(); {STOP}"),
        ("await self.start()", START, STOP),
        ("await self.start()", START, f"if self._on: return\n        {STOP}"),
    ],
)
def test_it_may_do_something(tried: str, start: str, stop: str) -> None:
    assert not answer(tried, start, stop)
