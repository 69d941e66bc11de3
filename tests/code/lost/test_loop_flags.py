"""Flags that a handler sets in its object, and that end the loop around it."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.lost.loop_flags import ends_by_flag
from tests.code.asking import module_of

_AROUND = """
import asyncio
class It:
    async def run(self):
        while {}:
            try:
                await self.read()
            except asyncio.CancelledError:
                {}
    def close(self):
        self.log()
        self.closed = True
    def may_close(self):
        if self.unused: self.closed = True
    def closes(self): self.close()
"""


@pytest.mark.parametrize(
    ("test", "does", "ends"),
    [
        ("not self.closed", "self.closed = True", True),
        ("not self.closed", "self.closed = False", False),
        ("self.running", "self.running = False", True),
        ("self.running", "self.running = True", False),
        ("self.running", "self.stopped = False", False),
        ("self.running and self.other", "self.other = None", True),
        ("self.running or self.other", "self.other = None", False),
        ("not self.closed", "self.close()", True),
        ("not self.closed", "self.may_close()", False),
        ("not self.closed", "self.closes()", False),
        ("not self.closed", "if self.other: self.closed = True", False),
        ("True", "self.closed = True", False),
        ("self.count > 1", "self.count = 0", False),
    ],
)
def test_a_handler_may_end_its_loop_by_a_flag(test: str, does: str, ends: bool) -> None:
    module = module_of(_AROUND.format(test, does))
    (loop,) = [node for node in ast.walk(module.tree) if isinstance(node, ast.While)]
    (handler,) = [node for node in ast.walk(loop) if isinstance(node, ast.ExceptHandler)]
    assert ends_by_flag(module, loop, handler) is ends
