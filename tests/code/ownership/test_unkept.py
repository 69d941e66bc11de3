"""Which tasks need nobody to keep them."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.ownership.unkept import needs_no_keeper
from tests.code.asking import asked


def test_a_task_may_keep_itself() -> None:
    source = """
        import asyncio
        async def kept(): tasks.add(asyncio.current_task())
        async def bound():
            task = asyncio.current_task()
            if task is not None: tasks.add(task)
        async def compared():
            task = asyncio.current_task()
            for one in tasks:
                if one is not task: one.cancel()
            await job()
        async def other(): await job()
        ask(asyncio.create_task(bound()))
        ask(asyncio.create_task(compared()))
        ask(asyncio.create_task(kept()))
        ask(asyncio.create_task(coro=kept()))
        ask(asyncio.create_task(other()))
    """
    module, calls = asked(source)
    assert [needs_no_keeper(module, call) for call in calls if isinstance(call, ast.Call)] == [
        *(True, False),
        *(True, True, False),
    ]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("await asyncio.sleep(1)\n            print()", True),
        ("while True: await asyncio.sleep(1)", True),
        ("print()", True),
        ("await asyncio.sleep(1)\n            await stream.drain()", False),
        ("async with lock: await asyncio.sleep(1)", False),
        ("await asyncio.wait_for(stream.drain(), 1)", True),
        ("await asyncio.wait_for(stream.drain(), None)", False),
        ("await asyncio.wait([stream], timeout=1)", True),
        ("await asyncio.wait([stream], timeout=None)", False),
        ("await asyncio.wait([stream])", False),
        ("async with asyncio.timeout(1): await stream.drain()", True),
        ("async with asyncio.timeout(None): await stream.drain()", False),
        ("await asyncio.to_thread(stream.flush)", True),
        ("await asyncio.get_running_loop().run_in_executor(None, stream.flush)", True),
        ("await rest()", True),
        ("await wait()", False),
        ("yield", False),
        ("await told.wait()", True),
        ("await told.wait()\n            await stream.drain()", False),
        ("async with free: print()", False),
        ("try: await told.wait()\n            finally: stream.close()", False),
        ("await stream.wait()", False),
    ],
)
def test_the_timers_of_the_loop_keep_a_task(body: str, kept: bool) -> None:
    source = f"""
        import asyncio
        async def rest(): await asyncio.sleep(1)
        async def wait(): await stream.drain()
        told, free = asyncio.Event(), asyncio.Lock()
        async def job():
            {body}
        ask(asyncio.create_task(job()))
    """
    module, (call,) = asked(source)
    assert isinstance(call, ast.Call)
    assert needs_no_keeper(module, call) is kept


@pytest.mark.parametrize(("body", "kept"), [("pass", False), ("print()", True), ("await asyncio.sleep(1)", True)])
def test_a_method_that_does_nothing_is_there_to_be_overridden(body: str, kept: bool) -> None:
    source = f"""
        import asyncio
        class View:
            async def on_timeout(self):
                {body}
            def expire(self):
                ask(asyncio.create_task(self.on_timeout()))
    """
    module, (call,) = asked(source)
    assert isinstance(call, ast.Call)
    assert needs_no_keeper(module, call) is kept


def test_a_task_that_is_but_a_sleep_is_kept() -> None:
    module, (call,) = asked("import asyncio\nask(asyncio.create_task(asyncio.sleep(1)))")
    assert isinstance(call, ast.Call)
    assert needs_no_keeper(module, call)


def test_what_an_object_makes_when_it_is_collected_has_no_keeper() -> None:
    source = """
        import asyncio
        class Client:
            def __del__(self): ask(asyncio.create_task(self.close()))
            def stop(self): ask(asyncio.create_task(self.close()))
            async def close(self): await self.stream.drain()
    """
    module, calls = asked(source)
    assert [needs_no_keeper(module, call) for call in calls if isinstance(call, ast.Call)] == [True, False]
