"""What is moved out of a call that was written in several lines stands where the formatter would put it."""

from __future__ import annotations

import textwrap

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
            "future.set_result(\n    make(\n        message,  # its own\n        # and\n        1,\n    )\n)\n",
            "result = make(\n    message,  # its own\n    # and\n    1,\n)\n"
            "if not future.cancelled():\n    future.set_result(result)\n",
        ),
        (
            "future.set_result(make(\n    message,\n))\n",
            "result = make(\n    message,\n)\nif not future.cancelled():\n    future.set_result(result)\n",
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
def test_a_result_is_moved_above_the_test_of_its_future(before: str, after: str) -> None:
    indented = [textwrap.indent(text, "        ") for text in (before, after)]
    assert fixed("CNL410", WAITS + indented[0]) == WAITS + indented[1]


def test_tasks_are_moved_above_the_wait_for_them() -> None:
    begin = "import asyncio\n\nasync def work(a, b):\n"
    tasks = "[\n    asyncio.create_task(a.work()),\n    asyncio.create_task(b.work()),\n]"
    before = f"await asyncio.wait(\n{textwrap.indent(tasks, '    ')},\n    timeout=3,\n)\n"
    after = fixed("CNL504", begin + textwrap.indent(before, "    "))
    assert textwrap.indent(f"tasks = {tasks}\ntry:\n    await asyncio.wait(\n", "    ") in after


def fixed(code: str, source: str) -> str:
    (rule,) = (entry.rule for entry in registry.entries() if entry.code == code)
    return decode(run(source.encode(), rule).data)
