"""An async generator yields inside of a timeout or a task group, which then cancels the code that loops over it.

Why:
    A scope cancels the task that entered it. At a ``yield`` that task runs the body of the consumer's ``async for``:
    the deadline, or a task of the group that fails, raises CancelledError there, where no scope stands to turn it into
    TimeoutError or an ExceptionGroup. When the consumer leaves the loop early, the scope stays open: the deadline
    strikes some later code, and a group fails with the GeneratorExit.

Bad:
    import asyncio


    async def rows(cursor):
        async with asyncio.timeout(10):
            while row := await cursor.fetch():
                yield row

Good:
    import asyncio


    async def rows(cursor):
        while True:
            async with asyncio.timeout(10):
                row = await cursor.fetch()
            if not row:
                return
            yield row

Fix:
    None: whether each step has a deadline of its own, or the consumer enters the scope around its loop, only the author
    knows.

Not found:
    Generators that are entered and left like context managers, where the same ``yield`` is right: those decorated or
    handed to a call by name, and those that yield but once and that no loop of the file consumes, as fixtures and
    dependencies do. A timeout without a deadline, or one that is taken away in the block, and a group whose
    BaseExceptionGroup is caught. Generators of the file's own that are consumed without any wait between two items.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.cleanup.handing_over import is_consumed_at_once, is_iterated, reachable_yields, scope_around
from flake8_cancel.code.timed_traces import has_timeout_scope
from flake8_cancel.rule import Finding, Module, Rule

_FACTS = {
    "timeout": "the deadline runs on in the loop over this generator, and cancels its body",
    "group": "a task of the group that fails cancels the body of the loop over this generator",
}


class YieldInCancelScope(Rule):
    code = "CNL407"
    needs = ("yield", "with")
    file_needs = (("asyncio", "async_timeout"), ("TaskGroup", has_timeout_scope))
    visits = (ast.Yield,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Yield)
        function = module.function(node)
        if not isinstance(function, ast.AsyncFunctionDef) or module.framework() == "other":
            return
        scope = scope_around(module, node)
        if scope is None or _first_in(module, scope.item, function) is not node:
            return
        if not is_iterated(module, function) or is_consumed_at_once(module, function):
            return
        path = [(scope.item, "entered here"), (node, "its consumer is cancelled here")]
        yield self.finding(node, f"{_FACTS[scope.kind]}; yield outside of it", path)


def _first_in(module: Module, item: ast.withitem, function: ast.AsyncFunctionDef) -> ast.Yield | None:
    """Return the first ``yield`` that can be reached in a scope: the scope is one mistake, however many it holds."""
    flow = module.flow(function)
    reached = {state.point.node for state in reachable_yields(flow)} if flow else set()
    for handed_over in module.yields(function):
        if isinstance(handed_over, ast.Yield) and handed_over in reached:
            scope = scope_around(module, handed_over)
            if scope is not None and scope.item is item:
                return handed_over
    return None
