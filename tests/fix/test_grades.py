"""Whether a repair is safe, where that hangs on what stands around."""

from __future__ import annotations

import pytest

from flake8_cancel import registry
from flake8_cancel.check import check_text
from flake8_cancel.code.api import Facts

CONNECTS = """
import asyncio

async def connect(address, loop, greet):
    reader, writer = await asyncio.open_connection(*address)
    try:
        await {waits}
    except Exception:
        writer.close()
        raise
    return reader, writer
"""
CALLS_BACK = """
import asyncio

def start(waiter, run):
    def done(task):
        {settles}
        print(task.result())

    task = asyncio.create_task(run())
    task.add_done_callback(done)
    return task
"""


@pytest.mark.parametrize(
    ("waits", "safe"),
    [
        ("greet(reader)", True),
        ("asyncio.to_thread(greet, writer)", False),
        ("loop.run_in_executor(None, greet)", False),
    ],
)
def test_a_thread_may_still_use_what_the_handler_closes(waits: str, safe: bool) -> None:
    assert _repairs(CONNECTS.format(waits=waits), "CNL403") == [safe]


@pytest.mark.parametrize(("settles", "safe"), [("pass", True), ("waiter.set_result(None)", None)])
def test_a_callback_that_ends_a_wait_must_not_be_left_early(settles: str, safe: bool | None) -> None:
    assert _repairs(CALLS_BACK.format(settles=settles), "CNL409") == [safe]


def _repairs(source: str, code: str) -> list[bool | None]:
    found = check_text(source, Facts(), registry.chosen(strict=False))
    return [finding.repair.safe if finding.repair else None for finding in found if finding.code == code]
