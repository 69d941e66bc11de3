"""A method is called that asyncio's TaskGroup does not have.

Why:
    ``asyncio.TaskGroup`` has ``create_task()``, and since Python 3.15 ``cancel()``; ``cancel_all()`` it never had, and
    ``start_soon()``, ``spawn()`` and ``cancel_scope`` belong to anyio, trio and curio. The call raises AttributeError
    inside the group's block: the tasks are cancelled by accident, and an ExceptionGroup comes out of the block.

Bad:
    import asyncio


    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            await asyncio.sleep(2)
            group.cancel_all()

Good:
    import asyncio


    async def main():
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work())
            await asyncio.sleep(2)
            task.cancel()

Fix:
    Safe, since the call could only fail. ``cancel_all()`` becomes ``cancel()`` where the target is Python 3.15. Below
    it a task gets a name and is cancelled by it; several tasks, and those made in a loop or branch, go to a list and
    are cancelled in a loop. There is no fix when some tasks of the group may be out of reach: when the group is handed
    on, or a task is made in a comprehension or nested function. ``start_soon(f, *args)`` becomes
    ``create_task(f(*args))``.

Not found:
    A group that this file does not show to be asyncio's own: an unannotated parameter, an instance of a subclass. A use
    under a test of ``hasattr()``, ``isinstance()`` or ``sys.version_info``, or where the AttributeError may be caught;
    and an attribute that the file itself gives to the group.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import TASK_GROUP_METHODS
from flake8_cancel.code.lost.guards import is_added, is_guarded
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.group_tasks import reach
from flake8_cancel.code.tree import walk
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_CAN_CANCEL = TASK_GROUP_METHODS["cancel"]
_CANCEL_ALL = frozenset({"cancel", "cancel_all"})
# What people look for, by the word they try.
_CANCELLING = frozenset({"abort", "cancel_remaining", "cancel_scope", "cancel_tasks", "kill", "shutdown", "stop"})
_STARTING = frozenset({"add", "add_task", "create", "ensure_future", "run", "spawn", "start", "start_soon", "submit"})
_WAITING = frozenset({"aclose", "close", "gather", "join", "wait", "wait_closed"})
_LISTING = frozenset({"children", "exceptions", "result", "results", "tasks"})


class NoSuchTaskGroupMethod(Rule):
    code = "CNL201"
    needs = ()
    file_needs = ("TaskGroup",)
    visits = (ast.Attribute,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Attribute)
        if node.attr.startswith("_") or not isinstance(node.ctx, ast.Load):
            return
        if node.attr == "create_task" or (node.attr == "cancel" and module.facts.target >= _CAN_CANCEL):
            return
        if module.kind(node.value) is not Kind.TASK_GROUP:
            return
        if is_guarded(module, node) or is_added(module, node, "asyncio.TaskGroup"):
            return
        parent = module.parent(node)
        call = parent if isinstance(parent, ast.Call) and parent.func is node else None
        message = f"TaskGroup has no {_missing(node, call)}; {_way_out(node.attr, module)}"
        repair = self._mend(node, call, module) if call else None
        yield self.finding(call or node, message, repair=repair)

    def _mend(self, method: ast.Attribute, call: ast.Call, module: Module) -> Repair | None:
        if method.attr == "start_soon":
            return self.repair(call, True, words=("start",)) if _can_start(call, module) else None
        if method.attr not in _CANCEL_ALL or call.args or call.keywords:
            return None
        if module.facts.target >= _CAN_CANCEL:
            around = module.parent(call)
            if not isinstance(around, ast.Await):
                return self.repair(call, True, (call,), ("cancel",))
            is_alone = isinstance(module.parent(around), ast.Expr)
            return self.repair(around, True, (call,), ("cancel",)) if is_alone else None
        reached = reach(module, call, _CANCEL_ALL)
        if reached is None:
            return None
        words = ("name" if reached.by_name else "list", str(len(reached.cancels)))
        return self.repair(reached.block, True, (*reached.cancels, *reached.creations), words)

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import keep_handles, start_as_task

        if edit.words[0] == "start":
            return start_as_task(cst.ensure_type(node, cst.Call))
        if edit.words[0] == "cancel":
            call = cst.ensure_type(edit.nodes[0], cst.Call)
            return call.with_changes(func=call.func.with_changes(attr=cst.Name("cancel")))
        way, count = edit.words
        cancels, creations = edit.nodes[: int(count)], edit.nodes[int(count) :]
        return keep_handles(edit, cst.ensure_type(node, cst.With), cancels, creations, way == "name")


def _missing(node: ast.Attribute, call: ast.Call | None) -> str:
    name = f"{node.attr}()" if call else node.attr
    return f"{name} before Python 3.15" if node.attr == "cancel" else name


def _way_out(name: str, module: Module) -> str:
    can_cancel = module.facts.target >= _CAN_CANCEL
    if name in _CANCELLING | _CANCEL_ALL:
        return "use cancel()" if can_cancel else "cancel its tasks one by one"
    if name in _STARTING:
        return "use create_task(f(...))"
    if name in _WAITING:
        return "the end of its block waits for its tasks"
    if name in _LISTING:
        return "keep what create_task() returns"
    return "it has create_task() and cancel() alone" if can_cancel else "it has create_task() alone"


def _can_start(call: ast.Call, module: Module) -> bool:
    """Tell whether the call names a function and its arguments, and the function may be a coroutine function."""
    if not call.args or not isinstance(call.args[0], (ast.Name, ast.Attribute)):
        return False
    if any(keyword.arg != "name" for keyword in call.keywords) or isinstance(module.parent(call), ast.Await):
        return False
    definition = module.definition(call.args[0])
    if isinstance(definition, ast.AsyncFunctionDef):
        return not any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in walk(definition))
    if definition is not None:
        return bool(definition.decorator_list)
    return not (module.name(call.args[0]) or "").startswith("builtins.")
