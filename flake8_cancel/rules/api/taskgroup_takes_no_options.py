"""A TaskGroup is given options, or ``return_exceptions`` goes to a function that has no such parameter.

Why:
    ``asyncio.TaskGroup()`` takes no arguments at all: with one it raises TypeError, and not one task is started.
    ``return_exceptions`` belongs to ``asyncio.gather()`` alone. A group needs no such option to survive the cancelling
    of its tasks: a task that is cancelled by its handle is no error to the group, and every other error ends it.

Bad:
    import asyncio


    async def main():
        async with asyncio.TaskGroup(return_exceptions=True) as group:
            task = group.create_task(work())
            await asyncio.sleep(2)
            task.cancel()

Good:
    import asyncio


    async def main():
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work())
            await asyncio.sleep(2)
            task.cancel()

Fix:
    None: whoever gives the option wants errors to come back as results, and must choose between ``gather()`` and a
    handler for the ExceptionGroup.

Not found:
    Options in ``*arguments`` or ``**options``, which may be empty, and the subclasses of TaskGroup. A place where the
    code looks at Python's version first, or names TypeError in a handler.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.lost.guards import is_expected, is_told_apart
from flake8_cancel.rule import Finding, Module, Rule

_OPTION = "return_exceptions"
# What has no such option, and what there is instead.
_INSTEAD = {
    "asyncio.wait": "the errors stay in the tasks it hands back",
    "asyncio.wait_for": "catch the error where it is awaited",
}


class TaskGroupTakesNoOptions(Rule):
    code = "CNL209"
    needs = ()
    file_needs = (("TaskGroup", _OPTION),)
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        message = _mistake(node, module)
        if not message:
            return
        if is_told_apart(module, node) or is_expected(module, node, "builtins.TypeError"):
            return
        yield self.finding(node, message)


def _mistake(call: ast.Call, module: Module) -> str | None:
    options = [keyword.arg for keyword in call.keywords if keyword.arg]
    if not options and not call.args:
        return None
    name = module.name(call.func) or ""
    if name in _INSTEAD and _OPTION in options:
        return f"{name.rpartition('.')[2]}() takes no {_OPTION}; {_INSTEAD[name]}"
    if name != "asyncio.TaskGroup":
        return None
    if _OPTION in options:
        return f"TaskGroup takes no {_OPTION}; catch its ExceptionGroup, or use gather()"
    if options or not all(isinstance(argument, ast.Starred) for argument in call.args):
        return "TaskGroup takes no arguments; give create_task() the options of a task"
    return None
