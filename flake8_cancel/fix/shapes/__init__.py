"""What the fixes of several rules share, as functions over libcst nodes; a rule's ``fix`` calls them."""

from flake8_cancel.fix.shapes.handlers import (
    clause_above,
    remove_handler,
    reraise_at,
    reraise_at_end,
    split_tuple,
    without_classes,
)
from flake8_cancel.fix.shapes.handles import keep_handles, start_as_task
from flake8_cancel.fix.shapes.jumps import jump_behind
from flake8_cancel.fix.shapes.keeping import keep_in_set
from flake8_cancel.fix.shapes.managers import enclosed, unwrapped, without_argument, without_item, without_suppressed
from flake8_cancel.fix.shapes.waiting import (
    cancel_and_wait,
    gather_instead,
    wait_for_all_instead,
    wait_for_task,
    wait_for_tasks,
    wait_instead_of_suppress,
    wait_instead_of_try,
)
from flake8_cancel.fix.shapes.wrapping import wrap_in_finally, wrap_in_with

__all__ = [
    "cancel_and_wait",
    "clause_above",
    "enclosed",
    "gather_instead",
    "jump_behind",
    "keep_handles",
    "keep_in_set",
    "remove_handler",
    "reraise_at",
    "reraise_at_end",
    "split_tuple",
    "start_as_task",
    "unwrapped",
    "wait_for_all_instead",
    "wait_for_task",
    "wait_for_tasks",
    "wait_instead_of_suppress",
    "wait_instead_of_try",
    "without_argument",
    "without_classes",
    "without_item",
    "without_suppressed",
    "wrap_in_finally",
    "wrap_in_with",
]
