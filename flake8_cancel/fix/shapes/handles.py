"""Keeping the handles of tasks, so that what cannot be cancelled as a group is cancelled one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import libcst as cst
from libcst import matchers

from flake8_cancel.fix.edit import Edit, NoFixError
from flake8_cancel.fix.lines import as_block, parted
from flake8_cancel.fix.splice import Replacement, spliced


def keep_handles(
    edit: Edit, owner: cst.With, cancels: Sequence[cst.CSTNode], creations: Sequence[cst.CSTNode], by_name: bool
) -> cst.With:
    """Return a ``with`` block that keeps the tasks it creates and cancels them one by one.

    Args:
        edit: the edit.
        owner: the ``async with`` statement of the group.
        cancels: the expression statements that were to cancel them all.
        creations: the calls that create tasks, in their order.
        by_name: whether there is one task, and a name for it will do; else they go to a list made before the first.

    Raises:
        NoFixError: a task is created inside of a larger expression.
    """
    owner = owner.with_changes(body=as_block(owner.body))
    block = cst.ensure_type(owner.body, cst.IndentedBlock)
    statements = [_statement_of(owner, creation) for creation in creations]
    if by_name:
        return _keep_one(edit, owner, cancels, creations[0], statements[0])
    tasks, task = edit.fresh("tasks"), edit.fresh("task")
    replacements: dict[cst.CSTNode, Replacement] = {
        statement: _collected(edit, tasks, task, creation, statement)
        for creation, statement in zip(creations, statements, strict=True)
    }
    for cancel in cancels:
        replacements[cancel] = edit.statement("for {task} in {tasks}:\n    {task}.cancel()\n", task=task, tasks=tasks)
    first = next(number for number, line in enumerate(block.body) if _holds(line, list(replacements)))
    changed = spliced(owner, replacements)
    return changed.with_changes(body=_with_list(edit, cst.ensure_type(changed.body, cst.IndentedBlock), first, tasks))


def start_as_task(call: cst.Call) -> cst.Call:
    """Return ``group.start_soon(function, *arguments, name=name)`` as ``group.create_task(function(*arguments), ...)``.

    Args:
        call: the call, which names no other keyword.

    Raises:
        NoFixError: a comment stands among its arguments.
    """
    if matchers.findall(call, matchers.Comment()):
        raise NoFixError("a comment stands among the arguments")
    function, *rest = (argument.with_changes(comma=cst.MaybeSentinel.DEFAULT) for argument in call.args)
    coroutine = cst.Call(function.value, [argument for argument in rest if not argument.keyword])
    named = [argument for argument in rest if argument.keyword]
    method = cst.ensure_type(call.func, cst.Attribute).with_changes(attr=cst.Name("create_task"))
    return call.with_changes(
        func=method, args=[cst.Arg(coroutine), *named], whitespace_before_args=cst.SimpleWhitespace("")
    )


def _keep_one(
    edit: Edit, owner: cst.With, cancels: Sequence[cst.CSTNode], creation: cst.CSTNode, statement: cst.CSTNode
) -> cst.With:
    match statement:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value) if value is creation:
            return spliced(owner, {cancel: _cancelling(name) for cancel in cancels})
    name = edit.fresh("task")
    kept = _hoisted(name, creation, statement)
    return spliced(owner, {statement: cst.FlattenSentinel(kept), **{cancel: _cancelling(name) for cancel in cancels}})


def _collected(edit: Edit, tasks: str, task: str, creation: cst.CSTNode, statement: cst.CSTNode) -> Replacement:
    """Return a creating statement that puts its task in the list too."""
    match statement:
        case cst.Expr(value=value) if value is creation:
            return statement.with_changes(value=_appending(tasks, creation))
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value) if value is creation:
            return cst.FlattenSentinel([statement, cst.Expr(_appending(tasks, cst.Name(name)))])
    assigned, *rest = _hoisted(task, creation, statement)
    return cst.FlattenSentinel([assigned, cst.Expr(_appending(tasks, cst.Name(task))), *rest])


def _hoisted(name: str, creation: cst.CSTNode, statement: cst.CSTNode) -> list[cst.CSTNode]:
    """Return a statement with its creation done before it, under a name."""
    assigned = cst.Assign([cst.AssignTarget(cst.Name(name))], cast(cst.BaseExpression, creation))
    if isinstance(statement, cst.Expr) and statement.value is creation:
        return [assigned]
    return [assigned, spliced(statement, {creation: cst.Name(name)})]


def _appending(tasks: str, value: cst.CSTNode) -> cst.Call:
    return cst.Call(cst.Attribute(cst.Name(tasks), cst.Name("append")), [cst.Arg(cast(cst.BaseExpression, value))])


def _cancelling(name: str) -> cst.Expr:
    return cst.Expr(cst.Call(cst.Attribute(cst.Name(name), cst.Name("cancel"))))


def _with_list(edit: Edit, block: cst.IndentedBlock, index: int, tasks: str) -> cst.IndentedBlock:
    """Return a block that makes the list before one of its lines."""
    line = cast(Any, block.body[index])
    blank, own = parted(line.leading_lines)
    made = edit.statement("{tasks} = []", tasks=tasks).with_changes(leading_lines=blank)
    below = line.with_changes(leading_lines=own)
    return block.with_changes(body=[*block.body[:index], made, below, *block.body[index + 1 :]])


def _statement_of(owner: cst.CSTNode, creation: cst.CSTNode) -> cst.BaseSmallStatement:
    """Return the statement that does nothing before the creation, and uses its value or an await of it alone."""
    for statement in _small_statements(owner):
        value = getattr(statement, "value", None)
        if value is creation or (isinstance(value, cst.Await) and value.expression is creation):
            return statement
    raise NoFixError("a task is created inside of an expression")


def _small_statements(node: cst.CSTNode) -> Iterator[cst.BaseSmallStatement]:
    for child in node.children:
        if isinstance(child, cst.BaseSmallStatement):
            yield child
        else:
            yield from _small_statements(child)


def _holds(node: cst.CSTNode, wanted: Sequence[cst.CSTNode]) -> bool:
    return node in wanted or any(_holds(child, wanted) for child in node.children)
