"""Functions whose tasks nobody cancels."""

from __future__ import annotations

import pytest

from flake8_cancel.code.lost.undisturbed import never_cancelled
from tests.code.asking import function, module_of

CLASS = """
import asyncio
class Worker:
    def start(self, group):
        {start}
    async def _run(self): ...
    async def use(self):
        {use}
"""
START = "self._task = asyncio.create_task(self._run())"


def answer(use: str, start: str = START) -> bool:
    module = module_of(CLASS.format(use=use, start=start))
    return never_cancelled(module, function(module, "_run"))


@pytest.mark.parametrize(
    "use",
    [
        "pass",
        "await asyncio.shield(self._task)",
        "await asyncio.wait([self._task])",
        "if self._task and not self._task.done(): pass",
        "self._task.add_done_callback(print)",
    ],
)
def test_nothing_cancels_it(use: str) -> None:
    assert answer(use)


@pytest.mark.parametrize(
    "use",
    [
        "self._task.cancel()",
        "await self._task",
        "await asyncio.wait_for(self._task, 1)",
        "await asyncio.gather(self._task)",
        "give(self._task)",
        "return self._task",
        "task = self._task",
        "await self._run()",
    ],
)
def test_something_may_cancel_it(use: str) -> None:
    assert not answer(use)


@pytest.mark.parametrize("start", ["asyncio.create_task(self._run())", "group.create_task(self._run())", "pass"])
def test_who_keeps_no_task_cannot_tell(start: str) -> None:
    assert not answer("pass", start)
