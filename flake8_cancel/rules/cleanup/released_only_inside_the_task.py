"""What is taken for a task is given back only inside of it, and a task may end before it begins.

Why:
    A task first runs when the event loop comes round to it. If it is cancelled before, by a task group whose other task
    failed, by a ``stop()`` that comes at once, its coroutine never runs: neither its ``except`` nor its ``finally``.
    The slot of a semaphore, the counter, the entry that was taken for it stays taken; and who cancels the task and then
    waits for the event that it sets at its end waits for ever.

Bad:
    import asyncio


    class Crawler:
        def __init__(self):
            self._slots = asyncio.Semaphore(10)
            self._tasks = set()

        async def crawl(self, page):
            await self._slots.acquire()
            task = asyncio.create_task(self._fetch(page))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        async def _fetch(self, page):
            try:
                await page.load()
            finally:
                self._slots.release()

        def stop(self):
            for task in self._tasks:
                task.cancel()

Good:
    import asyncio


    class Crawler:
        def __init__(self):
            self._slots = asyncio.Semaphore(10)
            self._tasks = set()

        async def crawl(self, page):
            await self._slots.acquire()
            task = asyncio.create_task(page.load())
            self._tasks.add(task)
            task.add_done_callback(self._forget)

        def _forget(self, task):
            self._tasks.discard(task)
            self._slots.release()

        def stop(self):
            for task in self._tasks:
                task.cancel()

Fix:
    None: what the task does besides, and in which order, decides where the release goes.

Not found:
    A task that nobody in this file can cancel. What somebody else may give back: the function behind the start, a
    callback of the task, another function that has not taken it. A thing that is kept elsewhere too, or taken without
    an await. A wait for an event with a timeout, or for a task that has surely begun, since who makes it or cancels it
    awaits something in between. What ends with an object that gathers the tasks of one piece of work, and cancels them
    when that fails.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.cleanup.inside_task import released_inside
from flake8_cancel.code.cleanup.promised import promised
from flake8_cancel.code.cleanup.taking import shown
from flake8_cancel.code.traces import gives_back
from flake8_cancel.rule import Finding, Module, Rule


class ReleasedOnlyInsideTheTask(Rule):
    code = "CNL411"
    needs = ()
    file_needs = (("finally", "wait"), ("create_task", "ensure_future"), ("set", gives_back))
    visits = (ast.Call, ast.Await)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        if module.framework() == "other":
            return
        if isinstance(node, ast.Await):
            yield from self._waits_for_ever(node, module)
            return
        assert isinstance(node, ast.Call)
        found = released_inside(module, node)
        if found is None:
            return
        message = (
            f"if this task is cancelled before it begins, {shown(found.giving)} is never reached; "
            "release in a callback of the task"
        )
        path = ((found.taking.node, "taken here"), (node, "cancelled before it begins"))
        yield self.finding(node, message, path)

    def _waits_for_ever(self, wait: ast.Await, module: Module) -> Iterator[Finding]:
        found = promised(module, wait)
        if found is None:
            return
        setting = f"{ast.unparse(found.event)}.set()"
        message = f"if the task is cancelled before it begins, {setting} is never reached; wait for the task itself"
        path = ((found.made, "made here"), (found.cancel, "cancelled before it begins"), (wait, "waits for ever here"))
        yield self.finding(wait, message, path)
