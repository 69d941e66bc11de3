"""A task is cancelled, and nobody ever waits until it is done.

Why:
    ``cancel()`` only asks for the cancellation: the task is told in a later turn of the event loop, and may take its
    time to clean up. Who cancels it and goes on does not know when it is done, whether it is done at all when the
    program ends, and never hears of an error in its cleanup.

Bad:
    import asyncio


    async def first_line(reader):
        ticker = asyncio.create_task(tick())
        try:
            return await reader.readline()
        finally:
            ticker.cancel()

Good:
    import asyncio


    async def first_line(reader):
        ticker = asyncio.create_task(tick())
        try:
            return await reader.readline()
        finally:
            ticker.cancel()
            await asyncio.wait([ticker])

Fix:
    None: whether the task's own errors are to come out where it is waited for, and how long that may take, is for its
    owner to say. Python 3.11 has ``asyncio.TaskGroup``, which waits for its tasks.

Not found:
    A task that is handed on, has a done callback, or is waited for anywhere in the file; one whose end is told by an
    event or a future that the function waits for; one that may come to cancel itself. What CNL502 says more about.
    ``asyncio.run(main())`` waits for every task that is left, so ``main`` may leave them. Tasks of a group, futures and
    timer handles.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.ownership.leftovers import left_alone, leftover
from flake8_cancel.rule import Finding, Module, Rule


class CancelledTaskLeftAlone(Rule):
    code = "CNL906"
    needs = ("cancel", "async")
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if not isinstance(node.func, ast.Attribute) or node.func.attr != "cancel" or module.framework() == "other":
            return
        # What is awaited there is a bool: CNL202.
        if isinstance(module.parent(node), ast.Await):
            return
        alone = left_alone(module, node)
        if alone is None or leftover(module, node) is not None:
            return
        yield self.finding(node, "nobody waits until the cancelled task is done; add await asyncio.wait([task])")
