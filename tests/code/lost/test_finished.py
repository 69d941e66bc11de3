"""Which callbacks and loops ask a task for its outcome though it may have been cancelled."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.lost.finished import Asking, asked_by_callback, asked_by_loop, to_skip
from flake8_cancel.code.module import Module
from tests.code.asking import module_of

GIVEN = """
import asyncio, functools
from somewhere import spawn
async def work(): ...
def finished(first, second=None, third=None):
    print({asked}.result())
class Worker:
    def one(self, task): print(task.exception())
    @staticmethod
    def two(task): print(task.exception())
    async def start(self, unknown, stranger, group: asyncio.TaskGroup, future: asyncio.Future):
        task = asyncio.create_task(work())
        {given}
"""


def asking(module: Module) -> list[Asking]:
    """Return what the callbacks and loops of a module ask."""
    found: list[Asking] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            found.extend(asked_by_callback(module, node))
        elif isinstance(node, (ast.For, ast.comprehension)):
            found.extend(asked_by_loop(module, node))
    return found


def asked_if(given: str, asked: str = "first") -> bool:
    return bool(asking(module_of(GIVEN.format(given=given, asked=asked))))


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("task.add_done_callback(finished)", "first"),
        ("task.add_done_callback(functools.partial(finished, 1))", "second"),
        ("task.add_done_callback(functools.partial(functools.partial(finished, 1), 2))", "third"),
        ("task.add_done_callback(functools.partial(finished, third=1))", "first"),
        ("task.add_done_callback(self.one)", "x"),
        ("task.add_done_callback(self.two)", "x"),
        ("task.add_done_callback(lambda done: done.result())", "x"),
        ("task.add_done_callback(lambda _: task.result())", "x"),
        ("group.create_task(work()).add_done_callback(finished)", "first"),
        ("spawned = unknown.create_task(work()); spawned.add_done_callback(finished)", "first"),
        ("spawn(work()).add_done_callback(finished)", "first"),
        ("spawn('name', task).add_done_callback(finished)", "first"),
        ("self.task = spawn(work()); self.task.add_done_callback(finished)", "first"),
        ("future.add_done_callback(finished); await future", "first"),
        ("future.add_done_callback(finished); future.cancel()", "first"),
    ],
)
def test_a_callback_asks_its_task(given: str, asked: str) -> None:
    assert asked_if(given, asked)


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("task.add_done_callback(finished)", "second"),
        ("task.add_done_callback(functools.partial(finished, *unknown))", "first"),
        ("task.add_done_callback(stranger)", "first"),
        ("stranger.add_done_callback(finished)", "first"),
        ("spawn(unknown).add_done_callback(finished)", "first"),
        ("spawn(asyncio.run, work()).add_done_callback(finished)", "first"),
        ("future.add_done_callback(finished)", "first"),
        ("future.add_done_callback(finished); await asyncio.shield(future)", "first"),
        ("future.add_done_callback(finished); future.remove_done_callback(finished); future.cancel()", "first"),
        ("future.add_done_callback(finished); task.cancel()", "first"),
        ("self.task = spawn(work()); self.other.add_done_callback(finished)", "first"),
        ("self.task = spawn(work()); self.task = stranger; self.task.add_done_callback(finished)", "first"),
        ("asyncio.gather(work()).add_done_callback(finished)", "first"),
        ("task.add_done_callback(lambda done: (lambda: done.result()))", "x"),
        ("task.add_done_callback(lambda done: future.result())", "x"),
    ],
)
def test_a_callback_asks_nothing_that_was_cancelled(given: str, asked: str) -> None:
    assert not asked_if(given, asked)


def test_a_callback_that_is_given_twice_is_found_once() -> None:
    (found,) = asking(module_of(GIVEN.format(given="task.add_done_callback(self.one); " * 2, asked="x")))
    assert found.task.id == "task"
    assert found.verb == "exception"


def test_a_decorator_may_ask() -> None:
    source = """
        import asyncio
        from somewhere import guarded
        @guarded
        def finished(task): task.result()
        async def start(job):
            asyncio.create_task(job()).add_done_callback(finished)
    """
    assert not asking(module_of(source))


LOOP = """
import asyncio
async def stop(job):
    tasks = [asyncio.create_task(job())]
    {before}
    done, pending = await asyncio.wait(tasks)
    {after}
"""
CANCEL = "for task in tasks: task.cancel()"


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (CANCEL, "for task in done: task.result()", True),
        (CANCEL, "print([task.exception() for task in done])", True),
        ("pass", "for task in done: task.result()", False),
        ("pass", "for task in pending: task.cancel()\n    for task in done: task.result()", False),
        (CANCEL, "for task in pending: task.result()", False),
        (CANCEL, "for task in done: print(task)", False),
        (CANCEL, "print([task.exception() for task in done if not task.cancelled()])", False),
        (CANCEL, "done = tasks\n    for task in done: task.result()", False),
        (CANCEL, "for task in done:\n        task = job()\n        task.result()", False),
    ],
)
def test_a_loop_over_what_was_cancelled(before: str, after: str, found: bool) -> None:
    assert bool(asking(module_of(LOOP.format(before=before, after=after)))) is found


@pytest.mark.parametrize(("verb", "found"), [("exception", True), ("result", False)])
def test_a_loop_over_what_another_function_cancels(verb: str, found: bool) -> None:
    source = f"""
        import asyncio
        class Worker:
            async def run(self, job):
                self._tasks = [asyncio.create_task(job())]
                done, _ = await asyncio.wait(self._tasks)
                for task in done: task.{verb}()
            def stop(self):
                for task in self._tasks: task.cancel()
    """
    assert bool(asking(module_of(source))) is found


STATEMENT = """
import asyncio
async def start(job):
    def finished(task):
{body}
    asyncio.create_task(job()).add_done_callback(finished)
    {other}
"""


@pytest.mark.parametrize(
    ("body", "other", "statement"),
    [
        ("print(task.result())", "", "Expr"),
        ("if task.exception(): print()", "", "If"),
        ("for one in job: print(task.result())", "", "Expr"),
        ("if job:\n    return\nelif task.exception():\n    return", "", "If"),
        ("with job as it: print(task.result())", "", None),
        ("with job(task.result()): pass", "", "With"),
        ("try:\n    task.result()\nexcept ValueError: pass", "", None),
        ("print([task.result() for one in job])", "", "Expr"),
        ("print(task.result())", "finished(None)", None),
        ("print(task.result())", "return finished", None),
        ("print(task.result())", "job.remove_done_callback(finished)", "Expr"),
    ],
)
def test_the_statement_that_can_be_skipped(body: str, other: str, statement: str | None) -> None:
    module = module_of(STATEMENT.format(body=textwrap.indent(body, " " * 8), other=other))
    (found,) = asking(module)
    skip = to_skip(module, found)
    assert (type(skip.statement).__name__ if skip else None) == statement
    assert skip is None or skip.settles is None


@pytest.mark.parametrize(
    ("body", "settles"),
    [
        ("answer.set_result(task.result())", "answer"),
        ("if task.exception(): answer.set_exception(task.exception())\nelse: answer.set_result(1)", "answer"),
        ("answer.set_result(task.result())\nanother.set_result(1)", None),
        ("answer.set_result(task.result())\nevent.set()", None),
        ("event.set()\nprint(task.result())", None),
        ("unknown.set_result(task.result())", None),
        ("answer = unknown\nanswer.set_result(task.result())", None),
        ("made().set_result(task.result())", None),
    ],
)
def test_one_future_that_gets_the_outcome(body: str, settles: str | None) -> None:
    given = "answer: asyncio.Future, another: asyncio.Future, event: asyncio.Event, unknown, made"
    text = STATEMENT.replace("(job)", f"(job, {given})", 1).format(body=textwrap.indent(body, " " * 8), other="")
    module = module_of(text)
    (found, *_) = asking(module)
    skip = to_skip(module, found)
    assert (ast.unparse(skip.settles) if skip and skip.settles else None) == settles
    assert settles or skip is None
