"""Keeping a task until it is done, where nothing else does."""

from __future__ import annotations

from typing import Any

import libcst as cst
from libcst import matchers

from flake8_cancel.code.ownership.dropping import UNANNOTATED
from flake8_cancel.fix.edit import Edit, NoFixError


def keep_in_set(
    edit: Edit, creation: cst.CSTNode, name: str = "", statement: cst.CSTNode | None = None
) -> cst.FlattenSentinel[Any]:
    """Return the lines that make a task and put it in a set of the module until it is done.

    Args:
        edit: the edit.
        creation: the call that makes the task.
        name: the local that it is assigned to; else it gets a new one.
        statement: the statement of the call; the annotation of an assignment stays.
    """
    task = name or edit.fresh("task")
    # Task is covariant, so that every task may go in, and discard() may be called with it.
    holds = "" if UNANNOTATED in edit.words else "{set}[{task}[object]]"
    tasks = edit.constant("_background_tasks", "set()", holds, set="set", task="asyncio.Task")
    made = cst.ensure_type(creation, cst.Call).with_changes(lpar=(), rpar=())
    assigned: cst.BaseSmallStatement = cst.Assign([cst.AssignTarget(cst.Name(task))], made)
    if isinstance(statement, cst.AnnAssign):
        assigned = statement.with_changes(target=cst.Name(task), value=made)
    return cst.FlattenSentinel(
        [
            assigned,
            edit.statement("{tasks}.add({task})", task=task, tasks=tasks),
            edit.statement("{task}.add_done_callback({tasks}.discard)", task=task, tasks=tasks),
        ]
    )


def keep_shielded(
    edit: Edit, statement: cst.CSTNode, shield: cst.CSTNode, *, is_task: bool
) -> cst.FlattenSentinel[Any]:
    """Return the lines that keep what a statement shields in a set of the module until it is done, and wait for it.

    Args:
        edit: the edit.
        statement: the statement.
        shield: the call of ``shield()`` in it, which evaluates nothing before its argument.
        is_task: whether the argument is a task already, or a coroutine.

    Raises:
        NoFixError: a comment stands between ``shield()`` and the task.
    """
    call = cst.ensure_type(shield, cst.Call)
    work = call.args[0].value
    around = call.with_deep_changes(call.args[0], value=cst.Name("task"))
    if is_task and matchers.findall(around, matchers.Comment()):
        raise NoFixError("a comment stands between shield() and the task")
    # The call that makes the task is laid out as that of shield() was.
    made = work if is_task else call.with_changes(func=edit.name("asyncio.create_task"))
    kept = keep_in_set(edit, made)
    task = cst.ensure_type(cst.ensure_type(kept.nodes[0], cst.Assign).targets[0].target, cst.Name)
    waiter: cst.BaseExpression = cst.Call(call.func, [cst.Arg(task.deep_clone())], lpar=call.lpar, rpar=call.rpar)
    if isinstance(statement, cst.Expr) and statement.value is shield:
        waiter = cst.Await(waiter)
    waiting = edit.replace(statement, {shield: waiter})
    return cst.FlattenSentinel([*kept.nodes, waiting])
