"""Unusual ways to a name."""

from __future__ import annotations

NAMING = {
    "imports that depend on the version": """
        import sys

        if sys.version_info >= (3, 11):
            from asyncio import TaskGroup, timeout
        else:
            from async_timeout import timeout
            from taskgroup import TaskGroup

        try:
            from asyncio.exceptions import CancelledError
        except ImportError:
            from asyncio import CancelledError

        async def fetch(session, urls):
            async with timeout(10), TaskGroup() as group:
                for url in urls:
                    group.create_task(session.get(url))
                try:
                    await session.ready()
                except CancelledError:  #! CNL101
                    session.warn()
                group.cancel_all()  #! CNL201
        """,
    "imports for the type checker alone": """
        from __future__ import annotations

        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from asyncio import Task, TaskGroup

        def is_free(task: Task[None], others: "list[Task[None]]") -> bool:
            return not task.done  #! CNL203

        async def start(group: TaskGroup, job) -> None:
            group.start_soon(job)  #! CNL201
        """,
    "imports in functions": """
        async def stop(worker):
            from asyncio import CancelledError as Stopped, sleep

            try:
                await worker.drain()
            except Stopped:  #! CNL110
                await sleep(1)
        """,
    "other names for the modules": """
        import asyncio as aio
        import asyncio.exceptions as errors
        from asyncio import exceptions

        STOPPED = (errors.CancelledError, OSError)

        async def first(worker):
            while True:
                try:
                    await worker.drain()
                except STOPPED:  #! CNL101
                    await aio.sleep(1)

        async def second(worker):
            while True:
                try:
                    await worker.drain()
                except exceptions.CancelledError:  #! CNL101
                    await aio.sleep(1)
        """,
    "names that are not asyncio's": """
        from . import asyncio
        from .errors import CancelledError

        async def first(worker):
            while True:
                try:
                    await worker.drain()
                except (CancelledError, asyncio.CancelledError):
                    asyncio.create_task(worker.reset())
        """,
    "names that are taken": """
        from asyncio import CancelledError, create_task

        class BaseException(ValueError):
            pass

        async def first(worker):
            while True:
                try:
                    await worker.drain()
                except BaseException:
                    continue

        async def second(worker, CancelledError):
            while True:
                try:
                    await worker.drain()
                except CancelledError:
                    continue

        async def third(worker, asyncio, create_task):
            create_task(worker.drain())
            asyncio.create_task(worker.drain())
        """,
    "names that everything was imported under": """
        from asyncio import *

        async def first(worker):
            while True:
                try:
                    await worker.drain()
                except CancelledError:  #! CNL101
                    continue
        """,
    "global and nonlocal names keep a task": """
        import asyncio

        runner = None

        async def start(job):
            global runner
            runner = asyncio.create_task(job())

        async def serve(job):
            current = None

            async def restart():
                nonlocal current
                current = asyncio.create_task(job())

            await restart()
            await current
        """,
    "functions that are defined one way or the other": """
        import asyncio

        if hasattr(asyncio, "timeout"):
            async def limited(job):
                async with asyncio.timeout(1):
                    await job()
        else:
            async def limited(job):
                await asyncio.wait_for(job(), 1)

        async def work(job):
            asyncio.shield(limited(job))  #! CNL303
        """,
    "parameters of all kinds": """
        import asyncio

        async def work(task: asyncio.Task, /, *tasks: asyncio.Task, other: "asyncio.Task | None" = None, **more):
            if task.cancelled and other:  #! CNL203
                tasks[0].cancel  #! CNL203
        """,
    "a stub": """
        import asyncio
        from contextlib import asynccontextmanager
        from typing import AsyncIterator, overload

        class Worker:
            task: asyncio.Task[None]
            @overload
            async def run(self, once: bool) -> None: ...
            @overload
            async def run(self, once: int = ...) -> int: ...
            async def __aenter__(self) -> "Worker": ...
            async def __aexit__(self, *args: object) -> bool: ...
            def __await__(self): ...

        async def stop(task: asyncio.Task[None], timeout: float = ...) -> None: ...
        @asynccontextmanager
        async def running(worker: Worker = ...) -> AsyncIterator[Worker]: ...
        """,
}
