"""Cancelled tasks that are not done when what follows needs them to be."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.cleanup.lingering import lingers
from flake8_cancel.code.ownership.leftovers import CLOSED, FORGOTTEN, OVER, REPLACED, Leftover, left_alone, leftover
from tests.code.asking import function, module_of

HEAD = """
import asyncio
async def lingers(peer):
    try:
        await peer.read()
    finally:
        await asyncio.sleep(1)
        peer.bye()
async def ends(peer):
    await peer.read()
    peer.bye()
async def closes(peer):
    try:
        await peer.read()
    finally:
        peer.close()
class A:
    def __init__(self, conn):
        self.conn = conn
        self.task = asyncio.create_task(self.run())
        self.quick = asyncio.create_task(ends(conn))
        self.deep = asyncio.create_task(self.calls())
        self.tasks = [asyncio.create_task(lingers(conn))]
    async def calls(self):
        await asyncio.gather(self.run(), ends(self.conn))
    async def run(self):
        try:
            await self.conn.read()
        finally:
            await self.conn.write("bye")
    async def {name}(self, other, more):
{body}
"""


def _left(body: str, name: str = "stop", more: str = "") -> Leftover | None:
    """Ask about the last ``cancel()`` of a method."""
    module = module_of(HEAD.format(name=name, body=textwrap.indent(body, "        ")) + more)
    return leftover(module, module.cancels(function(module, name))[-1])


START = "t = asyncio.create_task(lingers(other))\n"


@pytest.mark.parametrize(
    ("body", "why", "thing"),
    [
        ("self.task.cancel()\nself.conn.close()", CLOSED, "self.conn"),
        ("self.task.cancel()\nawait self.conn.aclose()", CLOSED, "self.conn"),
        ("if self.task:\n    self.task.cancel()\nif more:\n    self.conn.close()", CLOSED, "self.conn"),
        ("self.task.cancel()\nself.task = None", FORGOTTEN, ""),
        ("self.task.cancel()\nself.task = asyncio.create_task(self.run())", REPLACED, ""),
        ("self.task.cancel()", OVER, ""),
        ("self.task.cancel()\nmore.close()", OVER, ""),
        ("if more:\n    self.task.cancel()", OVER, ""),
        ("self.deep.cancel()", OVER, ""),
        ("for task in self.tasks:\n    task.cancel()\nself.tasks.clear()", FORGOTTEN, ""),
        ("for task in self.tasks:\n    task.cancel()\nself.tasks = []", FORGOTTEN, ""),
        ("del self.task\nself.task.cancel()\ndel self.task", FORGOTTEN, ""),
        (START + "await asyncio.wait([t], timeout=1)\nt.cancel()\nother.close()", CLOSED, "other"),
        (START + "t.cancel()\nother.close()", CLOSED, "other"),
        (START + "if more:\n    t.cancel()\n    return\nother.close()", OVER, ""),
        ("t = asyncio.create_task(lingers(more))\nt.cancel()\nother.close()", OVER, ""),
        ("t = asyncio.create_task(more())\nt.cancel()\nother.close()", OVER, ""),
        ("for one in more:\n    t = asyncio.create_task(one)\n    t.cancel()", OVER, ""),
        (START + "t.cancel()\nt = asyncio.create_task(lingers(other))", REPLACED, ""),
    ],
)
def test_what_follows_too_early(body: str, why: str, thing: str) -> None:
    found = _left(body)
    assert found is not None
    assert (found.why, found.thing) == (why, thing)
    assert isinstance(found.follows, ast.stmt)


@pytest.mark.parametrize("name", ["stop", "close", "aclose", "shutdown", "_stop", "stop_reading", "__aexit__"])
def test_methods_that_end_their_owner(name: str) -> None:
    assert _left("self.task.cancel()\nself.task = None", name) is not None


@pytest.mark.parametrize(
    "body",
    [
        "self.quick.cancel()",
        "self.conn.close()\nself.quick.cancel()",
        "self.task.cancel()\nawait more()\nself.task = None",
        "for task in self.tasks:\n    task.cancel()\nawait asyncio.wait(self.tasks)\nself.tasks.clear()",
        "self.task.cancel()\nawait more()\nself.conn.close()",
        "self.task.cancel()\nawait self.task\nself.conn.close()",
        "self.task.cancel()\nself.conn.close()\nawait asyncio.wait([self.task])",
        "self.task.cancel()\nmore(self.task)\nself.conn.close()",
        "self.task.add_done_callback(more)\nself.task.cancel()\nself.conn.close()",
        "self.quick.cancel()\nself.quick = None",
        "self.quick.cancel()\nself.conn.close()",
        "t = asyncio.create_task(self.conn.read())\nt.cancel()\nother.close()",
        "t = asyncio.create_task(more.read())\nt.cancel()",
        "t = asyncio.create_task(more())\nt.cancel()\nawait other.read()",
        "t = asyncio.create_task(closes(other))\nt.cancel()\nother.close()",
        "t = asyncio.create_task(lingers(more))\nt.cancel()\nother.close()\nawait other.read()",
        START + "more.append(t)\nt.cancel()\nother.close()",
        START + "if more:\n    t.cancel()\n    return t\nawait other.read()",
        "other.cancel()\nself.conn.close()",
    ],
)
def test_what_is_right_or_not_certain(body: str) -> None:
    assert _left(body) is None


def test_another_method_may_wait_or_the_task_may_stop_itself() -> None:
    body = "self.task.cancel()\nself.conn.close()"
    join = "    async def join(self):\n        await self.task\n"
    assert _left("self.task.cancel()", more=join) is None
    assert _left("self.task.cancel()\nself.task = None", more=join) is None
    # The connection is closed before the task is done, whoever waits for it.
    assert _left(body, more=join) is not None
    assert _left(body, more="    def get(self):\n        return self.task\n") is None
    assert _left(body, name="close") is not None
    assert _left("self.task.cancel()\nself.task = None", name="again") is None
    assert _left("self.task.cancel()", name="again") is None
    source = HEAD.replace("await self.conn.read()", "await self.stop(1, 2)")
    module = module_of(source.format(name="stop", body=textwrap.indent(body, "        ")))
    assert leftover(module, module.cancels(function(module, "stop"))[-1]) is None


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("await job()", False),
        ("try:\n    await job()\nfinally:\n    job.close()", False),
        ("try:\n    await job()\nexcept Exception:\n    await job()", False),
        ("try:\n    job()\nfinally:\n    await job()", False),
        ("try:\n    await job()\nfinally:\n    await job()", True),
        ("try:\n    await job()\nexcept asyncio.CancelledError:\n    await job()\n    raise", True),
        ("while True:\n    try:\n        await job()\n    except BaseException:\n        pass", True),
    ],
)
def test_a_function_lingers_that_waits_once_more_when_cancelled(body: str, answer: bool) -> None:
    module = module_of(f"import asyncio\nasync def f(job):\n{textwrap.indent(body, '    ')}")
    assert lingers(module, function(module, "f")) is answer


def _alone(body: str, name: str = "pause", more: str = "") -> bool:
    """Tell whether the task of the last ``cancel()`` of a method is left alone."""
    module = module_of(HEAD.format(name=name, body=textwrap.indent(body, "        ")) + more)
    return left_alone(module, module.cancels(function(module, name))[-1]) is not None


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("self.quick.cancel()", True),
        ("self.quick.cancel()\nawait more()", True),
        ("t = asyncio.create_task(more())\nawait asyncio.wait([t], timeout=1)\nt.cancel()", True),
        ("try:\n    await more()\nexcept BaseException:\n    self.quick.cancel()\n    raise", True),
        ("try:\n    await more()\nexcept BaseException:\n    self.quick.cancel()\n    await self.quick", False),
        ("self.quick.cancel()\nawait asyncio.gather(self.quick, return_exceptions=True)", False),
        ("task = self.quick\nself.quick = None\ntask.cancel()\nawait asyncio.wait([task])", False),
        ("for task in self.tasks:\n    task.cancel()\nfor task in self.tasks:\n    await task", False),
        ("self.quick.cancel()\nawait asyncio.wait(asyncio.all_tasks())", False),
        ("t = asyncio.create_task(more())\nmore.append(t)\nt.cancel()", False),
        ("more.cancel()", False),
    ],
)
def test_a_task_that_nobody_waits_for(body: str, answer: bool) -> None:
    assert _alone(body) is answer


def test_main_may_leave_its_tasks_to_run() -> None:
    source = """
    import asyncio
    async def main(job):
        task = asyncio.create_task(job())
        await asyncio.sleep(1)
        task.cancel()
    """
    module = module_of(source)
    assert left_alone(module, module.calls("cancel")[0]) is not None
    module = module_of(source + "    asyncio.run(main(print))")
    assert left_alone(module, module.calls("cancel")[0]) is None
