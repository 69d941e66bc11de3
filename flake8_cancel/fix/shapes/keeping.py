"""Keeping a task until it is done, where nothing else does."""

from __future__ import annotations

from typing import Any

import libcst as cst

from flake8_cancel.fix.edit import Edit


def keep_in_set(edit: Edit, creation: cst.CSTNode, name: str = "") -> cst.FlattenSentinel[Any]:
    """Return the lines that make a task and put it in a set of the module until it is done.

    Args:
        edit: the edit.
        creation: the call that makes the task.
        name: the local that it is assigned to; else it gets a new one.
    """
    task, tasks = name or edit.fresh("task"), edit.constant("background_tasks", "set()")
    made = cst.ensure_type(creation, cst.Call).with_changes(lpar=(), rpar=())
    return cst.FlattenSentinel(
        [
            cst.Assign([cst.AssignTarget(cst.Name(task))], made),
            edit.statement("{tasks}.add({task})", task=task, tasks=tasks),
            edit.statement("{task}.add_done_callback({tasks}.discard)", task=task, tasks=tasks),
        ]
    )
