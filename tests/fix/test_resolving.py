"""Where the test goes that asks whether a future was cancelled before it gets its result."""

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

    def told(self, message, late):
        future = self.answer
"""
RESOLVES = "    future.set_result(message)\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("if future:\n", "if future and not future.cancelled():\n"),
        (
            "if future is not None:  # why\n    # here\n",
            "if future is not None and not future.cancelled():  # why\n    # here\n",
        ),
        ("if not late:\n", "if not late and not future.cancelled():\n"),
        ("if future and message:\n", "if future and message and not future.cancelled():\n"),
        ("if late:\n    print()\nelif future:\n", "if late:\n    print()\nelif future and not future.cancelled():\n"),
    ],
)
def test_an_if_that_holds_nothing_else_asks_for_it_too(before: str, after: str) -> None:
    assert _repaired(before + RESOLVES) == after + RESOLVES


@pytest.mark.parametrize(
    "asks",
    [
        "if late or message:\n",
        "if (\n    future\n):\n",
        "if late:\n    print()\n",
        f"if {'late' * 20}:\n",
        "while message:\n",
    ],
)
def test_another_test_goes_around_the_statement_alone(asks: str) -> None:
    assert _repaired(asks + RESOLVES) == f"{asks}    if not future.cancelled():\n    {RESOLVES}"


def test_an_if_on_one_line_is_parted() -> None:
    assert _repaired("if future: future.set_result(1)\n") == (
        "if future:\n    if not future.cancelled():\n        future.set_result(1)\n"
    )


def _repaired(body: str) -> str:
    (rule,) = (entry.rule for entry in registry.entries() if entry.code == "CNL410")
    result = run((WAITS + textwrap.indent(body, "        ")).encode(), rule)
    return textwrap.dedent(decode(result.data).removeprefix(WAITS))
