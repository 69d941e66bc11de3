"""What becomes of the tasks of ``asyncio.all_tasks()`` in the coroutine that asks for them, itself among them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import LOGGING_VERBS
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_RUNNING_LOOP = frozenset({"asyncio.get_event_loop", "asyncio.get_running_loop"})
_COPIES = frozenset({"builtins.frozenset", "builtins.list", "builtins.set", "builtins.sorted", "builtins.tuple"})
_LOOKS = frozenset({"builtins.len", "builtins.print"})
_STATES = frozenset({"cancelled", "done"})
_COMPREHENSIONS = (ast.GeneratorExp, ast.ListComp, ast.SetComp)
_LEAVING_OUT = (ast.Assert, ast.Continue, ast.Raise)


class Treated(NamedTuple):
    """One thing that is done to all tasks.

    Attributes:
        node: where; for what only looks at them, the look.
        is_cancelled: whether they are cancelled.
        is_awaited: whether they are waited for.
        needs_one: whether there must be a task, for ``asyncio.wait`` takes no empty set.
    """

    node: ast.AST
    is_cancelled: bool = False
    is_awaited: bool = False
    needs_one: bool = False


def treated(module: Module, call: ast.Call) -> list[Treated] | None:
    """Return what is done to all tasks of the running loop; None where some may be left out, or anything is unclear.

    Args:
        module: the module.
        call: a call of ``all_tasks``, in coroutine code.
    """
    if call.keywords or not all(_is_running_loop(module, argument) for argument in call.args):
        return None
    return _followed(module, call)


def _is_running_loop(module: Module, argument: ast.expr) -> bool:
    value = module.value(argument)
    return isinstance(value, ast.Call) and module.name(value.func) in _RUNNING_LOOP


def _followed(module: Module, tasks: ast.expr) -> list[Treated] | None:
    """Follow a collection of all tasks to where it is used."""
    match module.parent(tasks):
        case ast.For(iter=values, target=ast.Name(id=name), body=body) if values is tasks:
            return list(_in_loop(body, name)) or [Treated(tasks)]
        case ast.comprehension() as part:
            return _in_comprehension(module, part, tasks)
        case ast.Starred() as starred:
            return _in_call(module, module.parent(starred), tasks, starred)
        case ast.Call() as around:
            return _in_call(module, around, tasks, None)
        case ast.Assign(targets=[ast.Name() as name]) | ast.AnnAssign(target=ast.Name() as name):
            return _by_name(module, name, tasks)
        case ast.If(test=test) | ast.UnaryOp(op=ast.Not(), operand=test) if test is tasks:
            return []
    return None


def _by_name(module: Module, name: ast.Name, tasks: ast.expr) -> list[Treated] | None:
    function = module.function(name)
    assert function is not None
    found: list[Treated] = []
    for use in walk(function):
        if not isinstance(use, ast.Name) or use.id != name.id or use is name:
            continue
        if not isinstance(use.ctx, ast.Load) or module.function(use) is not function or module.value(use) is not tasks:
            return None
        followed = _followed(module, use)
        if followed is None:
            return None
        found.extend(followed)
    return sorted(found, key=_place)


def _in_call(
    module: Module, call: ast.AST | None, tasks: ast.expr, starred: ast.Starred | None
) -> list[Treated] | None:
    if not isinstance(call, ast.Call) or call.args[:1] != [starred or tasks]:
        return None
    name = module.name(call.func)
    if starred:
        return [Treated(call, is_awaited=True)] if name == "asyncio.gather" and _is_awaited(module, call) else None
    if name in _COPIES:
        return _followed(module, call)
    if name == "asyncio.wait":
        return [Treated(call, is_awaited=True, needs_one=True)] if _is_awaited(module, call) else None
    is_log = isinstance(call.func, ast.Attribute) and call.func.attr in LOGGING_VERBS
    return [Treated(call)] if is_log or name in _LOOKS else None


def _is_awaited(module: Module, call: ast.Call) -> bool:
    parent = module.parent(call)
    if isinstance(parent, ast.Call) and module.name(parent.func) == "asyncio.wait_for":
        parent = module.parent(parent)
    return isinstance(parent, ast.Await)


def _in_comprehension(module: Module, part: ast.comprehension, tasks: ast.expr) -> list[Treated] | None:
    around = module.parent(part)
    if part.iter is not tasks or not isinstance(part.target, ast.Name) or not isinstance(around, _COMPREHENSIONS):
        return None
    name = part.target.id
    if len(around.generators) > 1 or not all(_asks_for_state(condition, name) for condition in part.ifs):
        return None
    if isinstance(around.elt, ast.Name) and around.elt.id == name:
        return _followed(module, around)
    cancels = isinstance(around.elt, ast.Call) and _is_cancel(around.elt, name)
    return [Treated(around, is_cancelled=True)] if cancels and not isinstance(around, ast.GeneratorExp) else None


def _in_loop(body: Sequence[ast.stmt], name: str) -> Iterator[Treated]:
    """Yield what a loop does to every task, up to the first statement that may leave one out."""
    if any(isinstance(node, (ast.Break, ast.Return)) for statement in body for node in walk(statement)):
        return
    for statement in body:
        match statement:
            case ast.Expr(value=ast.Call() as call) if _is_cancel(call, name):
                yield Treated(statement, is_cancelled=True)
            case ast.Expr(value=ast.Await(value=ast.Name(id=awaited))) if awaited == name:
                yield Treated(statement, is_awaited=True)
            case ast.If(test=test, body=inner, orelse=[]) if _asks_for_state(test, name):
                yield from _in_loop(inner, name)
            case ast.Try(body=inner):
                yield from _in_loop(inner, name)
        if any(isinstance(node, _LEAVING_OUT) for node in walk(statement)):
            return


def _is_cancel(call: ast.Call, name: str) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id=task), attr="cancel"):
            return task == name
    return False


def _asks_for_state(test: ast.expr, name: str) -> bool:
    """Tell whether a condition is that a task is not done, which the current one never is."""
    match test:
        case ast.UnaryOp(
            op=ast.Not(), operand=ast.Call(func=ast.Attribute(value=ast.Name(id=task), attr=attribute), args=[])
        ):
            return task == name and attribute in _STATES
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_asks_for_state(value, name) for value in values)
    return False


def _place(found: Treated) -> tuple[int, int]:
    return found.node.lineno, found.node.col_offset  # type: ignore[attr-defined]
