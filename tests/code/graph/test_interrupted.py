"""Waits that a cancellation can come out of, and those it cannot."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.graph.interrupted import is_interruptible
from tests.code.asking import module_of

HELPERS = """
import asyncio, contextlib
async def never(): return 1
async def never_either(): return await never()
async def swallows(x):
    try:
        await x.read()
    except asyncio.CancelledError:
        pass
async def suppresses(x):
    with contextlib.suppress(asyncio.CancelledError):
        await x.read()
async def lets_out(x):
    await x.read()
async def calls_itself():
    await calls_itself()
async def swallows_once(x):
    await swallows(x)
    await x.read()
class Base:
    def __init__(self):
        self.free = asyncio.Lock()
        self.held = asyncio.Lock()
    async def abstract(self): raise NotImplementedError
    async def at_once(self):
        async with self.free:
            self.x = await never()
    async def in_time(self, x):
        async with self.held:
            await x.read()
class User:
    def __init__(self):
        self.base = Base()
    async def uses(self): return await self.base.at_once()
"""


def answer(wait: str, around: str = "async def f(x, base: Base): {}") -> bool:
    module = module_of(textwrap.dedent(HELPERS) + around.format(wait))
    function = module.tree.body[-1]
    nodes = [node for node in ast.walk(function) if isinstance(node, (ast.Await, ast.withitem))]
    return is_interruptible(module, nodes[0])


@pytest.mark.parametrize(
    "wait",
    [
        "await never()",
        "await never_either()",
        "await swallows(x)",
        "await suppresses(x)",
        "await base.at_once()",
        "\n    while not x.jobs.empty(): y = await x.jobs.get()",
        "\n    if not x.empty(): await x.get()",
        "\n    queue = asyncio.Queue()\n    await queue.put(x)",
        "\n    queue = asyncio.PriorityQueue(0)\n    await queue.put(x)",
        "\n    queue = asyncio.LifoQueue(maxsize=0)\n    await queue.put(x)",
    ],
)
def test_no_cancellation_comes_out(wait: str) -> None:
    assert not answer(wait)


@pytest.mark.parametrize(
    "wait",
    [
        "await lets_out(x)",
        "await swallows_once(x)",
        "await calls_itself()",
        "await x.read()",
        "await x",
        "await base.abstract()",
        "await base.in_time(x)",
        "\n    if not x.empty(): await base.get()",
        "\n    if x.empty(): await x.get()",
        "\n    while not x.empty():\n        y = 1\n        await x.get()",
        "await asyncio.sleep(1)",
        "\n    async with x: pass",
        "\n    queue = asyncio.Queue(1)\n    await queue.put(x)",
        "\n    queue = asyncio.LifoQueue(maxsize=x.size)\n    await queue.put(x)",
        "\n    queue = asyncio.Queue()\n    await queue.get()",
        "\n    queue = asyncio.Queue()\n    await queue.join()",
    ],
)
def test_a_cancellation_may_come_out(wait: str) -> None:
    assert answer(wait)


@pytest.mark.parametrize(("lock", "waits"), [("free", False), ("held", True), ("unknown", True)])
def test_a_lock_is_waited_for_where_somebody_holds_it_in_time(lock: str, waits: bool) -> None:
    around = f"""
class More(Base):
    async def g(self):
        async with self.{lock}: pass
"""
    assert answer("", around) == waits


@pytest.mark.parametrize(
    ("condition", "others", "waits"),
    [
        ("_ready", "await self._ready.wait()", False),
        ("_ready", "await self._ready.wait_for(bool)", False),
        ("_ready", "await self._done.wait()", True),
        ("_ready", "await x.read()", True),
        ("ready", "await self.ready.wait()", True),
        ("_shared", "await self._shared.wait()", False),
        ("_shared", "await wait_on(self._shared, 1)", False),
        ("_shared", "await x.read(self._shared)", True),
    ],
)
def test_who_waits_for_a_condition_gives_its_lock_back(condition: str, others: str, waits: bool) -> None:
    made = "self._lock" if condition == "_shared" else ""
    around = f"""
class More:
    def __init__(self):
        self._lock = asyncio.Lock()
        self._done = asyncio.Event()
        self.{condition} = asyncio.Condition({made})
    async def g(self, x):
        async with self.{condition}:
            {others}
"""
    module = module_of(textwrap.dedent(HELPERS) + around)
    (item,) = [node for node in ast.walk(module.tree.body[-1]) if isinstance(node, ast.withitem)]
    assert is_interruptible(module, item) == waits


@pytest.mark.parametrize(
    ("others", "waits"),
    [
        ("async with self.room: self.x = 1", False),
        ("async with self._lock: await self.room.wait()", False),
        ("async with self._lock: await x.read()", True),
        ("async with self.room: await x.read()", True),
        ("await self._lock.acquire()", True),
        ("self.x = 1", True),
    ],
)
def test_conditions_share_the_lock_that_they_are_given(others: str, waits: bool) -> None:
    around = f"""
class More:
    def __init__(self):
        self._lock = make_lock()
        self.room_cond = make_condition(self._lock)
        self.room = make_condition(self._lock)
    async def h(self, x):
        {others}
    async def g(self):
        async with self.room_cond: pass
"""
    module = module_of(textwrap.dedent(HELPERS) + around)
    item = [node for node in ast.walk(module.tree.body[-1]) if isinstance(node, ast.withitem)][-1]
    assert is_interruptible(module, item) == waits


@pytest.mark.parametrize(
    ("made", "waits"),
    [
        ("asyncio.Queue()", False),
        ("asyncio.Queue(9)", True),
        ("asyncio.Queue(maxsize=9)", True),
        ("make_queue()", True),
    ],
)
def test_a_queue_without_end_has_room(made: str, waits: bool) -> None:
    around = f"""
class More:
    def __init__(self):
        self._queue = {made}
    async def g(self):
        await self._queue.put(1)
"""
    assert answer("", around) == waits


@pytest.mark.parametrize(
    ("body", "made", "waits"),
    [
        ("yield 1", "numbers()", False),
        ("yield 1", "aiter(numbers())", False),
        ("await x.read(); yield 1", "numbers()", True),
        ("yield 1", "others()", True),
    ],
)
def test_closing_a_generator_waits_where_it_does(body: str, made: str, waits: bool) -> None:
    around = f"""
async def numbers(x=None): {body}
async def g():
    made = {made}
    await made.aclose()
"""
    assert answer("", around) == waits


@pytest.mark.parametrize(
    ("others", "waits"),
    [
        ("def ended(self, task): self.ended_ones.put_nowait(task)", False),
        ("def ended(self, task): self.ended_ones.put_nowait(self.task)", True),
        ("def ended(self, task): self.ended_ones.put_nowait(task)\n    def more(self, x): self.ended(x)", True),
        ("async def ended(self, task): await self.ended_ones.put(task)", True),
        ("def ended(self, task): self.others.put_nowait(task)", True),
    ],
)
def test_a_task_that_told_of_its_end_is_over(others: str, waits: bool) -> None:
    around = f"""
class More:
    {others}
    def begin(self, task):
        task.add_done_callback(self.ended)
    async def clean(self):
        task = await self.ended_ones.get()
        await task
"""
    module = module_of(textwrap.dedent(HELPERS) + around)
    *_, wait = [node for node in ast.walk(module.tree.body[-1]) if isinstance(node, ast.Await)]
    assert is_interruptible(module, wait) == waits


@pytest.mark.parametrize(
    ("body", "waits"),
    [
        ("await x; await x", False),
        ("await x; y = x; await x", False),
        ("try: await x\n    except OSError: pass\n    await x", False),
        ("try: await x\n    finally:\n        if not x.cancelled(): await x", False),
        ("if x.y: await x\n    await x", True),
        ("await x; x = base; await x", True),
        # What was cancelled raises that again.
        ("try: await x\n    finally: await x", True),
        ("await base.free; await base.free", False),
        ("await base.other; await base.other", True),
    ],
)
def test_what_was_awaited_is_done(body: str, waits: bool) -> None:
    module = module_of(textwrap.dedent(HELPERS) + f"async def f(x, base: Base):\n    {body}")
    last = max(module.awaits(), key=lambda node: (node.lineno, node.col_offset))
    assert is_interruptible(module, last) == waits


@pytest.mark.parametrize(
    ("body", "waits"),
    [
        ("made.set_result(1)", False),
        ("try: x.read()\n    except OSError as error: made.set_exception(error)\n    else: made.set_result(1)", False),
        ("try: x.read(); made.set_result(1)\n    except OSError: pass", True),
        ("x.append(made)", True),
        ("if x: made.cancel()", True),
        ("if x: return x\n    made.cancel()", True),
    ],
)
def test_a_future_may_be_done_when_it_is_returned(body: str, waits: bool) -> None:
    around = f"""
def plain(x):
    made = asyncio.Future()
    {body}
    return made
async def g(x): await plain(x)
"""
    assert answer("", around) == waits
