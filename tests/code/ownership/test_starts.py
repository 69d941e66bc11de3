"""How functions are started, and where locals escape to."""

from __future__ import annotations

import pytest

from tests.code.asking import function, module_of

METHOD = """
import asyncio, functools
class Worker:
    async def _run(self, *a): ...
    def spawn(self, coroutine):
        return asyncio.create_task(coroutine)
    def drop(self, coroutine):
        asyncio.create_task(coroutine).add_done_callback(print)
    async def waits(self, coroutine):
        await coroutine
    async def use(self, group, other):
        {use}
"""


@pytest.mark.parametrize(
    "use",
    [
        "self.task = asyncio.create_task(self._run())",
        "asyncio.ensure_future(self._run(1))",
        "asyncio.get_running_loop().create_task(coro=self._run())",
        "group.create_task(self._run(), name='x')",
        "group.start_soon(self._run, 1)",
        "group.start_soon(functools.partial(self._run, 1))",
        "self.spawn(self._run())",
        "self.tasks = [asyncio.create_task(self._run()) for _ in group]",
        "asyncio.create_task(other._run()); asyncio.create_task(self._run())",
        # Nobody waits for what somebody else does with the coroutine.
        "self.task = other.keep(self._run(), name='x')",
        "self.tasks.append(other.keep(self._run()))",
        "other.call_soon_threadsafe(group.create_task, self._run())",
        "self.drop(self._run())",
        "await asyncio.start_server(self._run)",
    ],
)
def test_a_function_that_is_only_started_as_a_task(use: str) -> None:
    module = module_of(METHOD.format(use=use))
    assert module.started_only_as_task(function(module, "_run"))


@pytest.mark.parametrize(
    "use",
    [
        "pass",
        "await self._run()",
        "await asyncio.wait_for(self._run(), 1)",
        "asyncio.create_task(self._run()); await self._run()",
        "asyncio.create_task(self._run()); register(self._run)",
        "asyncio.create_task(self._run()); await other._run()",
        "return self._run()",
        "asyncio.run(self._run())",
        "other.run_blocking(self._run())",
        "await other.keep(self._run())",
        "return other.keep(self._run())",
        "made = other.keep(self._run()); await made",
        "self.waits(self._run())",
        "print(self._run())",
        "other.register(self._run)",
    ],
)
def test_a_function_that_is_used_otherwise(use: str) -> None:
    module = module_of(METHOD.format(use=use))
    assert not module.started_only_as_task(function(module, "_run"))


def test_only_coroutine_functions_are_started_as_tasks() -> None:
    module = module_of(METHOD.format(use="asyncio.create_task(self.spawn(1))"))
    assert not module.started_only_as_task(function(module, "spawn"))
    assert not module.started_only_as_task(None)


def test_a_plain_function_is_looked_up_by_scope() -> None:
    source = """
        import asyncio
        async def f(): ...
        def g(f):
            return f()
        async def h():
            asyncio.create_task(f())
    """
    module = module_of(source)
    assert module.started_only_as_task(function(module, "f"))


CANCELLER = """
import asyncio, contextlib
class Worker:
    async def run(self): ...
    def start(self):
        self.task = asyncio.create_task(self.run())
        self.tasks = [asyncio.create_task(self.run())]
    async def stop(self):
        self.task.cancel()
        for task in self.tasks:
            task.cancel()
{stop}
"""


@pytest.mark.parametrize(
    ("stop", "bare"),
    [
        ("await self.task", True),
        ("await asyncio.gather(*self.tasks)", True),
        ("try:\n    await self.task\nexcept Exception:\n    pass", True),
        ("try:\n    await self.task\nexcept asyncio.CancelledError:\n    pass", False),
        ("try:\n    await self.task\nexcept (ValueError, BaseException):\n    pass", False),
        ("try:\n    await self.task\nexcept:\n    pass", False),
        ("try:\n    pass\nexcept asyncio.CancelledError:\n    await self.task", True),
        ("with contextlib.suppress(asyncio.CancelledError):\n    await self.task", False),
        ("await self.other", False),
    ],
)
def test_a_canceller_without_a_handler(stop: str, bare: bool) -> None:
    lines = "\n".join(f"        {line}" for line in stop.splitlines())
    module = module_of(CANCELLER.format(stop=lines))
    assert module.canceller_takes_no_cancellation(function(module, "run")) is bare


def test_what_a_task_group_waits_to_be_told_by_is_started_as_a_task() -> None:
    module = module_of("async def f(*, task_status): ...")
    assert module.started_only_as_task(function(module, "f"))


def test_methods_of_instances_of_this_file_are_known() -> None:
    module = module_of(
        """
        import asyncio
        class Cycle:
            async def run(self): ...
        class Server:
            def __init__(self):
                self.cycle = Cycle()
            def start(self):
                asyncio.create_task(self.cycle.run())
        """
    )
    assert module.started_only_as_task(function(module, "run"))
