"""Own tasks that are not left alone: held by a task group, or cancelled and waited for in a ``finally``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import libcst as cst
from libcst import matchers

from flake8_cancel.fix.edit import Edit, NoFixError
from flake8_cancel.fix.lines import Item, block_of, moved_left
from flake8_cancel.fix.shapes.blocks import block_with, one_by_one
from flake8_cancel.fix.shapes.managers import enclosed
from flake8_cancel.fix.splice import spliced

_Node = TypeVar("_Node", bound=cst.CSTNode)


def in_task_group(
    edit: Edit,
    owner: _Node,
    first: cst.CSTNode,
    last: cst.CSTNode,
    calls: Sequence[cst.CSTNode],
    coroutines: Sequence[cst.CSTNode] = (),
) -> _Node:
    """Return a compound statement in which a task group stands around some statements and makes their tasks.

    Args:
        edit: the edit.
        owner: a statement around the block, as a rule the function.
        first: the first statement of the group.
        last: the last one.
        calls: the calls that make tasks.
        coroutines: the coroutines that are to be its tasks too.

    Raises:
        NoFixError: the statements do not stand in one block.
    """
    block = block_with(owner, first)
    items, (begin, end) = one_by_one(block, (first, last))
    group = edit.fresh("group")
    made = {call: _made_by(cst.ensure_type(call, cst.Call), group) for call in calls}
    made |= {call: _made_of(cst.ensure_type(call, cst.Call), group) for call in coroutines}
    inside = [cast(Any, edit.replace(item, made)) for item in items[begin : end + 1]]
    wrapped = enclosed(inside, cst.Call(edit.name("asyncio.TaskGroup")), group)
    return _with_items(owner, block, [*items[:begin], wrapped, *items[end + 1 :]])


def cancel_what_is_left(edit: Edit, statement: cst.CSTNode, tasks: cst.CSTNode) -> list[Item]:
    """Return the lines in which a wait is tried, and then all of its tasks are cancelled and waited for.

    Args:
        edit: the edit.
        statement: the small statement that waits.
        tasks: what it waits for: a name, or a collection that is made there.

    Raises:
        NoFixError: it is something else.
    """
    if not isinstance(tasks, cst.BaseExpression) or not isinstance(statement, cst.BaseSmallStatement):
        raise NoFixError("the wait is part of something else")
    lines: list[Item] = []
    waiting = cast(Any, statement)
    only = _only_name(tasks)
    if only is not None:
        final = [
            edit.statement("{task}.cancel()", task=only),
            edit.statement("await {wait}([{task}])", wait=edit.name("asyncio.wait"), task=only),
        ]
    else:
        name: cst.BaseExpression = tasks
        if not isinstance(tasks, cst.Name):
            name = cst.Name(edit.fresh("tasks"))
            lines.append(edit.statement("{name} = {tasks}", name=name, tasks=_moved_out(tasks, statement)))
            waiting = edit.replace(waiting, {tasks: name})
        each = edit.fresh("task")
        final = [
            edit.statement("for {task} in {tasks}:\n    {task}.cancel()\n", task=each, tasks=name),
            edit.statement("await {wait}({tasks})", wait=edit.name("asyncio.wait"), tasks=name),
        ]
    tried = block_of([cst.SimpleStatementLine([waiting.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)])])
    return [*lines, cst.Try(tried, finalbody=cst.Finally(block_of(final)))]


def _moved_out(argument: cst.BaseExpression, statement: cst.CSTNode) -> cst.BaseExpression:
    """Return the first argument of a call as it is written when it stands behind a name."""
    calls = [cast("cst.Call", node) for node in matchers.findall(statement, matchers.Call())]
    before = [call.whitespace_before_args for call in calls if call.args and call.args[0].value is argument]
    return moved_left(argument, before[0]) if before else argument


def _only_name(tasks: cst.BaseExpression) -> cst.Name | None:
    """Return the name that is all a collection is made of."""
    elements = tasks.elements if isinstance(tasks, (cst.List, cst.Set, cst.Tuple)) else ()
    only = elements[0].value if len(elements) == 1 else None
    return only if isinstance(only, cst.Name) else None


def _made_by(call: cst.Call, group: str) -> cst.Call:
    return call.with_changes(func=cst.Attribute(cst.Name(group), cst.Name("create_task")))


def _made_of(coroutine: cst.Call, group: str) -> cst.Call:
    return cst.Call(cst.Attribute(cst.Name(group), cst.Name("create_task")), [cst.Arg(coroutine)])


def _with_items(owner: _Node, block: cst.BaseSuite, items: Sequence[Item]) -> _Node:
    changed = block.with_changes(body=items) if isinstance(block, cst.IndentedBlock) else block_of(items)
    return spliced(owner, {block: changed})
