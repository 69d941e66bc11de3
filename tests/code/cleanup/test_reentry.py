"""Which flags keep others out of a function."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.cleanup.reentry import is_guard
from flake8_cancel.code.cleanup.taking import own_statements, raised_flag
from tests.code.asking import function, module_of


@pytest.mark.parametrize(
    ("asking", "others", "expected"),
    [
        ("if self.busy: return", "pass", True),
        ("if self.busy: raise OSError", "pass", True),
        ("if self.closed or self.busy: return", "pass", True),
        ("if self.closed and self.busy: return", "pass", False),
        ("if not self.busy: return", "pass", False),
        ("if self.busy: print()", "pass", False),
        ("pass", "pass", False),
        ("if self.busy: return", "self.busy = False", False),
        ("if self.busy: return", "self.busy = True; self.busy = False", True),
    ],
)
def test_what_keeps_others_out(asking: str, others: str, expected: bool) -> None:
    source = f"""
class Owner:
    def __init__(self):
        self.busy = False
    async def program(self):
        {asking}
        self.busy = True
        await self.work()
        self.busy = False
    def other(self):
        {others}
"""
    module = module_of(source)
    program = function(module, "program")
    assert isinstance(program, ast.AsyncFunctionDef)
    (taking,) = (act for node in own_statements(program.body) for act in raised_flag(node))
    assert is_guard(module, program, taking) == expected
