"""A future is asked before it gets its result: how what was written in several lines is written then."""

from __future__ import annotations

import pytest

from flake8_cancel import registry
from flake8_cancel.source import decode
from tests.fix.driving import run

WAITS = """\
import asyncio

class Client:
    async def ask(self):
        self.answer = asyncio.get_running_loop().create_future()
        return await self.answer

    def told(self, message):
        future = self.answer
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "future.set_result(\n    message.pop(),\n)\n",
            "result = message.pop()\nif not future.cancelled():\n    future.set_result(result)\n",
        ),
        (
            "future.set_result(  # told\n    message.pop(),\n)\n",
            "result = message.pop()\nif not future.cancelled():\n"
            "    future.set_result(  # told\n        result,\n    )\n",
        ),
        (
            "future.set_exception(\n    ValueError(message),\n)\n",
            "if not future.cancelled():\n    future.set_exception(\n        ValueError(message),\n    )\n",
        ),
    ],
)
def test_a_short_call_stands_on_one_line(before: str, after: str) -> None:
    (rule,) = (entry.rule for entry in registry.entries() if entry.code == "CNL410")
    indented = ["".join(f"        {line}\n" for line in text.splitlines()) for text in (before, after)]
    repaired = run((WAITS + indented[0]).encode(), rule)
    assert decode(repaired.data) == WAITS + indented[1]
