"""Rare syntax."""

from __future__ import annotations

SYNTAX = {
    "every case of a match raises it again": """
        import asyncio

        async def listen(stream, state):
            while True:
                try:
                    await stream.read()
                except asyncio.CancelledError as error:
                    match state.phase:
                        case "open" | "opening":
                            raise
                        case {"closing": reason, **rest} if rest:
                            raise error
                        case [first, *_]:
                            raise
                        case _:
                            raise
        """,
    "a match without a last case lets one through": """
        import asyncio

        async def listen(stream, state):
            while True:
                try:
                    await stream.read()
                except asyncio.CancelledError:  #! CNL101
                    match state.phase:
                        case "open":
                            raise
                        case str(other) if other:
                            raise
        """,
    "a match of what is awaited, and of what guards it": """
        import asyncio

        async def answer(request, reply):
            try:
                match await request.read():
                    case b"":
                        await reply.close()
                    case data if await request.allows(data):
                        await reply.send(data)
            except asyncio.CancelledError:  #! CNL101
                pass
            await reply.send(b"done")
        """,
    "a walrus in the head of a loop": """
        import asyncio

        async def work(queue):
            while (item := await queue.get()) is not None:
                try:
                    await item.run()
                except asyncio.CancelledError:  #! CNL101
                    continue
        """,
    "a walrus keeps the task": """
        import asyncio

        async def work(job, log):
            if not (task := asyncio.create_task(job())).done():
                log.info("started")
            await task
        """,
    "a walrus in a comprehension belongs to the function around it": """
        import asyncio

        async def work(jobs):
            last = None
            running = [last := asyncio.create_task(job()) for job in jobs]
            await asyncio.gather(*running)
            return last
        """,
    "an await in the argument of a decorator": """
        import asyncio

        async def install(routes, load):
            try:
                @routes.get(await load("path"))
                async def handler(request):
                    return request
            except asyncio.CancelledError:  #! CNL101
                handler = None
            await routes.publish(handler)
        """,
    "an await in a default, of a lambda too": """
        import asyncio

        async def install(routes, load):
            try:
                routes.add(lambda request, *, page=await load(): page)
            except asyncio.CancelledError:  #! CNL101
                routes.clear()
            await routes.publish()
        """,
    "what a nested function raises or awaits is its own": """
        import asyncio

        async def install(routes):
            try:
                async def handler(request):
                    return await request.read()

                routes.add(handler)
            except BaseException:
                routes.clear()

            try:
                await routes.publish()
            except asyncio.CancelledError:  #! CNL101
                def give_up():
                    raise

                routes.on_close(give_up)
            await routes.close()
        """,
    "a lambda hands its task to its caller": """
        import asyncio

        async def install(routes, job):
            routes.on_start(lambda: asyncio.create_task(job()))
            routes.on_close(lambda *_, **__: [asyncio.create_task(job()) for _ in range(3)])
        """,
    "an async comprehension suspends": """
        import asyncio

        async def names(directory):
            try:
                found = {entry.name: entry async for entry in directory.entries()}
                return [await entry.title() for entry in found.values() if entry]
            except asyncio.CancelledError:  #! CNL101
                return []
        """,
    "a generator expression suspends where it is consumed": """
        import asyncio

        async def names(directory):
            try:
                entries = (await entry.title() async for entry in directory.entries())
            except BaseException:
                entries = ()
            return directory.merge(entries)
        """,
    "its first iterable is evaluated here": """
        import asyncio

        async def names(directory):
            try:
                return (entry.name for entry in await directory.entries())
            except asyncio.CancelledError:  #! CNL101
                return ()
        """,
    "a class body awaits nothing": """
        import asyncio

        async def make(load):
            await load()

            class Model:
                try:
                    from fast import parse
                except BaseException:
                    parse = None

                lock = asyncio.Lock()
                task: asyncio.Task[None] | None = None

            return Model
        """,
    "but the arguments of its decorators and its bases do": """
        import asyncio

        async def make(load):
            try:
                class Model(await load("base"), metaclass=await load("meta")):
                    pass
            except asyncio.CancelledError:  #! CNL101
                Model = None
            return await load(Model)
        """,
    "a method of a class in a function": """
        import asyncio

        def make():
            class Worker:
                async def run(self, queue):
                    while True:
                        try:
                            await queue.get()
                        except asyncio.CancelledError:  #! CNL101
                            pass

            return Worker
        """,
    "statements on one line": """
        import asyncio

        async def work(queue, log):
            while True:
                try: await queue.get(); log.info("got")
                except asyncio.CancelledError: log.info("stopped"); continue  #! CNL101
        """,
    "an await wherever an expression stands": """
        import asyncio

        async def work(a, b, c):
            while True:
                try:
                    assert await a(), await b()
                    del c[await a()]
                    c[await a() : await b()] = f"{await c():{await a()}}", *await b(),
                    print(**await a()) if 1 < await b() < await c() else None
                    async with (await a() as first, await b() as second):
                        first.x, second[0] = await c()
                except asyncio.CancelledError:  #! CNL101
                    pass
        """,
    "the class that a handler names is awaited": """
        import asyncio

        async def work(queue, errors):
            try:
                queue.check()
            except await errors():
                pass
        """,
    "loops with an else": """
        import asyncio

        async def first(streams, log):
            for stream in streams:
                try:
                    await stream.read()
                    break
                except asyncio.CancelledError:
                    for _ in range(2):
                        log.flush()
                    else:
                        raise
            else:
                raise LookupError

        async def second(streams, log):
            async for stream in streams:
                try:
                    await stream.read()
                except asyncio.CancelledError:  #! CNL101
                    while log.is_full():
                        if log.is_empty():
                            break
                        log.flush()
                    else:
                        raise
        """,
}
