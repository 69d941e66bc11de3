"""What a ``with`` block takes from the shielded work inside it."""

from __future__ import annotations

import pytest

from flake8_cancel.code.shield.outliving import outlived
from tests.code.asking import asked

BLOCK = """
import asyncio, contextlib, elsewhere
class Own:
    async def __aenter__(self): return self
    async def __aexit__(self, *error): await self.close()
class Idle:
    async def __aenter__(self): return self
    async def __aexit__(self, *error): return None
@contextlib.asynccontextmanager
async def opened(job):
    yield job
    job.close()
@contextlib.asynccontextmanager
async def named(job):
    yield job
async def work(thing): await asyncio.sleep(1)
async def f(job, pool, thing, keep, loop: asyncio.AbstractEventLoop, lock: asyncio.Lock, task: asyncio.Task):
    async with {manager}:
        {body}
"""


@pytest.mark.parametrize(
    ("manager", "body", "lost"),
    [
        ("pool.get() as c", "await asyncio.shield(c.run())", "c"),
        ("pool.get() as c", "await asyncio.shield(c.rows.all())", "c"),
        ("pool.get() as c", "await asyncio.shield(job(1, c))", "c"),
        ("pool.get() as c", "await asyncio.shield(job(given=c))", "c"),
        ("pool.get() as c", "await asyncio.shield(job(*[c]))", "c"),
        ("pool.get() as (c, d)", "await asyncio.shield(d.run())", "d"),
        ("pool.get() as c", "await asyncio.shield(asyncio.to_thread(c.run))", "c"),
        ("pool.get() as c", "await asyncio.shield(loop.run_in_executor(None, job, c))", "c"),
        ("pool.get() as c", "await asyncio.shield(asyncio.create_task(c.run()))", "c"),
        ("pool.get() as c", "t = asyncio.create_task(c.run())\n        await asyncio.shield(t)", "c"),
        ("thing", "await asyncio.shield(thing.run())", "thing"),
        ("thing.part", "await asyncio.shield(job(thing.part))", "thing.part"),
        ("contextlib.aclosing(thing)", "await asyncio.shield(thing.run())", "thing"),
        ("Own() as c", "await asyncio.shield(c.run())", "c"),
        ("opened(job) as c", "await asyncio.shield(c.run())", "c"),
        ("lock", "await asyncio.shield(work(1))", "lock"),
        ("lock", "await asyncio.shield(elsewhere.work(1))", "lock"),
        ("lock", "await asyncio.shield(asyncio.to_thread(job))", "lock"),
        ("lock", "await asyncio.shield(loop.run_in_executor(None, job))", "lock"),
        ("pool.get() as c", "await asyncio.shield(job())", None),
        ("pool.get() as c", "await asyncio.shield(job(c.number))", None),
        ("pool.get() as c", "await asyncio.shield(c.close())", None),
        ("pool.get() as c", "await asyncio.shield(pool.release(c))", None),
        ("pool.get() as c", "await asyncio.shield(c.wait())", None),
        ("pool.get() as c", "asyncio.shield(c.run())", None),
        ("pool.get() as c", "await c.run()\n    await asyncio.shield(c.run())", None),
        ("pool.get() as c", "t = asyncio.create_task(c.run())\n        keep(t)\n        await asyncio.shield(t)", None),
        ("asyncio.timeout(1) as c", "await asyncio.shield(job(c))", None),
        ("asyncio.TaskGroup() as c", "await asyncio.shield(c.run())", None),
        ("contextlib.nullcontext(job) as c", "await asyncio.shield(c.run())", None),
        ("Idle() as c", "await asyncio.shield(c.run())", None),
        ("named(job) as c", "await asyncio.shield(c.run())", None),
        ("lock", "await asyncio.shield(job())", None),
        ("lock", "await asyncio.shield(task)", None),
        ("lock", "await asyncio.shield(asyncio.sleep(1))", None),
    ],
)
def test_what_the_work_loses(manager: str, body: str, lost: str | None) -> None:
    assert _lost(BLOCK.format(manager=manager, body=body)) == lost


@pytest.mark.parametrize(
    ("handler", "lost"),
    [
        ("except ValueError: pass", "c"),
        ("except asyncio.CancelledError:\n            job()\n            raise", "c"),
        ("except asyncio.CancelledError:\n            await t\n            raise", None),
        ("except BaseException:\n            t.cancel()\n            raise", None),
        ("finally:\n            await asyncio.wait([t])", None),
    ],
)
def test_what_happens_before_the_block_ends(handler: str, lost: str | None) -> None:
    body = f"""t = asyncio.create_task(c.run())
        try:
            await asyncio.shield(t)
        {handler}"""
    assert _lost(BLOCK.format(manager="pool.get() as c", body=body)) == lost


def _lost(source: str) -> str | None:
    module, _ = asked(source)
    (shield,) = module.calls("shield")
    found = outlived(module, shield)
    return found.thing if found else None
