"""Who cancels things, waits for them and made them."""

from __future__ import annotations

import ast

import pytest

from tests.code.asking import asked, function, module_of

HELPERS = """
import asyncio
from contextlib import suppress

async def work(): ...

async def cancel_and_wait(task):
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass

async def cancel_all(*tasks):
    for task in tasks:
        task.cancel("over")
    await asyncio.gather(*tasks, return_exceptions=True)

def just_cancel(tasks, why=None):
    for task in tasks:
        task.cancel(why)

async def quietly(task):
    with suppress(asyncio.CancelledError):
        await task
"""


def _waits_only(body: str, head: str = "async def f(p, ts):") -> bool:
    source = HELPERS + head + "\n" + "".join(f"    {line}\n" for line in body.splitlines())
    module = module_of(source)
    blocks = [node for node in ast.walk(function(module, "f")) if isinstance(node, ast.Try)]
    return module.only_waits_for_cancelled(blocks[0].body)


def _guarded(setup: str, waiting: str) -> str:
    inner = "\n".join(f"    {line}" for line in waiting.splitlines())
    return f"{setup}\ntry:\n{inner}\nexcept asyncio.CancelledError:\n    pass"


@pytest.mark.parametrize(
    ("setup", "waiting"),
    [
        ("p.cancel()", "await p"),
        ("p.cancel('because')", "await p"),
        ("", "p.cancel()\nawait p"),
        ("p.cancel()", "await asyncio.wait_for(p, 5)"),
        ("p.cancel()", "await asyncio.shield(p)"),
        ("p.cancel()", "await asyncio.wait([p], timeout=3)"),
        ("p.cancel()", "async with asyncio.timeout(3):\n    await p"),
        ("p.x.cancel()", "await p.x"),
        ("q = p.x\nq.cancel()", "await p.x"),
        ("q, p.x = p.x, None\nq.cancel()", "await q"),
        ("if q := p.x:\n    q.cancel()", "await q"),
        ("for t in ts:\n    t.cancel()", "await asyncio.gather(*ts)"),
        ("for t in ts:\n    t.cancel()", "await asyncio.wait(ts)"),
        ("for t in ts:\n    t.cancel()", "for t in ts:\n    await t"),
        ("[t.cancel() for t in ts]", "await asyncio.gather(*ts, return_exceptions=True)"),
        ("for t in list(ts):\n    t.cancel()", "await asyncio.gather(*[t for t in ts if not t.done()])"),
        ("for t in ts.values():\n    t.cancel()", "await asyncio.wait(ts.values())"),
        ("for _, t in ts.items():\n    t.cancel()", "await ts['a']"),
        ("for t in (p, ts):\n    t.cancel()", "await asyncio.gather(p, ts)"),
        ("a, b = p\nfor t in [a, b]:\n    t.cancel()", "await a\nawait b"),
        ("g = asyncio.gather(p, *ts)\ng.cancel()", "await g"),
        ("g = asyncio.gather(p, *ts)\np.cancel()\nfor t in ts:\n    t.cancel()", "await g"),
        ("done, rest = await asyncio.wait(ts)\nfor t in rest:\n    t.cancel()", "await asyncio.wait(rest)"),
        ("", "await cancel_and_wait(p)"),
        ("", "await cancel_all(p, *ts)"),
        ("just_cancel(ts)", "await asyncio.wait(ts)"),
        ("just_cancel([p, p.x])", "await asyncio.gather(p, p.x)"),
        ("just_cancel(why=1, tasks=ts)", "await asyncio.wait(ts)"),
        ("p.cancel()", "await quietly(p)"),
        ("p.cancel()", "await quietly(task=p)"),
    ],
)
def test_waiting_for_what_was_cancelled_is_seen(setup: str, waiting: str) -> None:
    assert _waits_only(_guarded(setup, waiting))


@pytest.mark.parametrize(
    ("setup", "waiting"),
    [
        ("", "await p"),
        ("p.cancel()", "await ts"),
        ("p.cancel()", "await p\nawait work()"),
        ("p.cancel()", "await asyncio.sleep(1)"),
        ("p.cancel()", "await asyncio.gather(p, ts)"),
        ("p.cancel()", "await asyncio.gather(p, work())"),
        ("p.cancel()", "async with ts:\n    await p"),
        ("p.cancel()", "async for x in ts:\n    await p"),
        ("p.cancel()", "[x async for x in p]"),
        ("for t in p:\n    t.cancel()", "for t in ts:\n    await t"),
        ("for t in p:\n    t.cancel()", "await asyncio.gather(*ts)"),
        ("t = p\nt.cancel()\nt = ts", "await t"),
        ("p.x.cancel()", "await p.y"),
        ("p.cancel()", "print()"),
        ("p.cancel()", "async def later():\n    await p"),
        ("", "await quietly(p)"),
        ("p.cancel()", "await quietly(ts)"),
        ("p.cancel()", "await unknown(p)"),
    ],
)
def test_anything_else_that_is_waited_for_is_seen(setup: str, waiting: str) -> None:
    assert not _waits_only(_guarded(setup, waiting))


def test_cancelling_the_waiter_of_a_shield_does_not_cancel_the_task() -> None:
    module, expressions = asked(
        """
        import asyncio

        async def program():
            task = asyncio.create_task(job())
            waiter = asyncio.shield(task)
            waiter.cancel()
            await ask(task)
        """
    )
    assert [module.cancelled_before(one) for one in expressions] == [False]


def test_what_is_cancelled_later_is_not_cancelled_before() -> None:
    assert not _waits_only(_guarded("", "await p") + "\np.cancel()")


CLASS = """
import asyncio

class Base:
    def abandon(self):
        self.inherited.cancel()

class Worker(Base):
    def start(self):
        self.task = asyncio.create_task(work())
        self.tasks = [asyncio.create_task(work())]
        self.given = parameter

    def stop(self):
        self.task.cancel()
        for task in self.tasks:
            task.cancel()

    async def wait(self, given):
        local = asyncio.create_task(work())
        several = [asyncio.create_task(work())]
        asks = [
            ask(self.task), ask(asyncio.gather(*self.tasks)), ask(self.inherited), ask(self.given), ask(local),
            ask(several[0]), ask(given), ask(self.tasks[0]), ask(asyncio.create_task(work())), ask(other.task),
        ]

class Other:
    async def wait(self):
        ask(self.task)
"""


def test_what_another_method_of_the_class_cancels_is_cancelled_before() -> None:
    module, expressions = asked(CLASS)
    found = [module.cancelled_before(one) for one in expressions]
    assert found == [True, True, True, False, False, False, False, True, False, False, False]


def test_own_tasks_are_made_by_the_function_or_the_class() -> None:
    module, expressions = asked(CLASS)
    found = [module.own_task(one) for one in expressions]
    assert found == [True, False, False, False, True, True, False, True, True, False, False]


def test_what_a_closure_cancels_is_cancelled_before() -> None:
    source = """
        async def f(p, q):
            def stop():
                p.cancel()
            ask(p)
            ask(q)
    """
    module, expressions = asked(source)
    assert [module.cancelled_before(one) for one in expressions] == [True, False]


def test_helpers_that_are_methods_are_given_their_first_argument() -> None:
    source = """
        class Worker:
            @staticmethod
            def still(task):
                task.cancel()
            def bound(self, task):
                task.cancel()
            async def run(self, a, b, c):
                self.still(a)
                self.bound(b)
                ask(a), ask(b), ask(c), ask(self)
    """
    module, expressions = asked(source)
    assert [module.cancelled_before(one) for one in expressions] == [True, True, False, False]


def test_cancels_are_the_functions_own() -> None:
    module = module_of("def f(p):\n    p.cancel()\n    p.x.cancel('m')\n    def g():\n        p.cancel()\n    cancel()")
    assert [call.lineno for call in module.cancels(function(module, "f"))] == [2, 3]
    assert [call.lineno for call in module.cancels(function(module, "g"))] == [5]


@pytest.mark.parametrize(
    ("expression", "reference"),
    [
        ("task", "task"),
        ("this._task", "self._task"),
        ("this.a.b", "self.a.b"),
        ("this.tasks[key]", "self.tasks[key]"),
        ("this.tasks['a']", "self.tasks['a']"),
        ("other.task", "other.task"),
        ("(task := other)", "task"),
        ("f().x", None),
        ("a[f()]", None),
    ],
)
def test_references_are_chains_of_names(expression: str, reference: str | None) -> None:
    module, expressions = asked(f"class C:\n    def m(this, task, other, key):\n        ask({expression})")
    assert module.reference(expressions[0]) == reference


def test_things_share_a_key_when_they_are_the_same() -> None:
    source = """
        import asyncio
        async def f(a, b, ts):
            alias = a
            ask(asyncio.wait_for(asyncio.shield(alias), 1))
            ask(asyncio.gather(a, *ts))
            ask(b)
            ask(unknown(a))
    """
    module, expressions = asked(source)
    first, several, other, unknown = (module.awaited(one) for one in expressions)
    assert first is not None
    assert several is not None
    assert other is not None
    assert unknown is None
    assert len(first) == 1
    assert len(several) == 2
    assert first[0] & several[0]
    assert not first[0] & several[1]
    assert not other[0] & (first[0] | several[0] | several[1])
