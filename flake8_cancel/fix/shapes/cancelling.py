"""Tasks that are cancelled in a loop, and waited for behind it, all at once."""

from __future__ import annotations

from typing import Any, cast

import libcst as cst

from flake8_cancel.code.ownership.cancel_loops import ALL, SOME
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.lines import Item, parted
from flake8_cancel.fix.shapes.waiting import wait_for_tasks


def wait_behind_loop(
    edit: Edit,
    loop: cst.For,
    cancel: cst.CSTNode,
    task: cst.BaseExpression,
    which: str,
    instead: cst.CSTNode | None = None,
) -> cst.FlattenSentinel[Any]:
    """Return a loop that cancels tasks, and behind it the wait for those that it has cancelled.

    A wait inside of the loop would leave the later ones running as long as the earlier ones clean up, and for good if
    the function is cancelled there.

    Args:
        edit: the edit.
        loop: the loop, the outermost if it stands in others.
        cancel: the small statement in it that cancels one of them.
        task: what that statement cancels, a name.
        which: what it cancels, a word of ``code.ownership.cancel_loops``.
        instead: the statement that is to cancel it, if not that one.
    """
    each = cst.ensure_type(task, cst.Name).value
    instead = instead or cancel
    blank, own = parted(loop.leading_lines)
    if which == ALL:
        loop = edit.replace(loop, {cancel: instead})
        return cst.FlattenSentinel([loop, *wait_for_tasks(edit, loop.iter, each)])
    if which == SOME:
        tasks = cst.Name(edit.fresh("cancelled"))
        first: Item = edit.statement("{tasks} = []", tasks=tasks)
        keep = edit.statement("{tasks}.append({task})", tasks=tasks, task=task)
        loop = edit.replace(loop, {cancel: cst.FlattenSentinel([instead, keep])})
    else:
        tasks = cst.Name(edit.fresh("tasks"))
        first = edit.statement("{tasks} = {list}({every})", tasks=tasks, list=edit.name("list"), every=loop.iter)
        loop = edit.replace(loop, {cancel: instead}).with_changes(iter=tasks)
    first = cast(Any, first).with_changes(leading_lines=blank)
    return cst.FlattenSentinel([first, loop.with_changes(leading_lines=own), *wait_for_tasks(edit, tasks, each)])
