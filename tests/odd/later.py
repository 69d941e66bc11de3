"""Syntax that is younger than the oldest Python this runs on."""

from __future__ import annotations

SINCE_3_11 = {
    "except* beside it": """
        import asyncio

        async def work(group, log):
            try:
                await group.run()
            except* (OSError, ValueError) as errors:
                log.info(errors)
            except* asyncio.CancelledError:  #! CNL106
                log.info("stopped")

        async def other(group, log):
            while True:
                try:
                    try:
                        await group.run()
                    except* ExceptionalError:
                        log.info("failed")
                except asyncio.CancelledError:  #! CNL101
                    pass

        class ExceptionalError(Exception):
            pass
        """,
    "a star in an index and in a return": """
        import asyncio

        async def work(queue, table, rest):
            try:
                return table[*await queue.get(), 0], *rest
            except asyncio.CancelledError:  #! CNL101
                return *rest, None
        """,
}
SINCE_3_12 = {
    "type parameters": """
        import asyncio

        type Tasks[T] = list[asyncio.Task[T]]

        class Pool[T: (int, str), *Ts, **P]:
            async def run[R](self, job: T, tasks: Tasks[R]) -> R | None:
                while True:
                    try:
                        return await tasks[0]
                    except asyncio.CancelledError:  #! CNL101
                        continue

        async def first[T](task: asyncio.Task[T]) -> T:
            if task.done:  #! CNL203
                return task.result()
            return await task
        """,
    "awaits in an f-string that holds its own quotes": """
        import asyncio

        async def work(queue):
            while True:
                try:
                    print(f"{", ".join([await queue["a"].get() for _ in "ab"])}")
                except asyncio.CancelledError:  #! CNL101
                    pass
        """,
}
