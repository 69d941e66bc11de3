"""What the fixes of several rules share, as functions over libcst nodes; a rule's ``fix`` calls them."""

from flake8_cancel.fix.shapes.cancelling import wait_behind_loop
from flake8_cancel.fix.shapes.grouping import cancel_what_is_left, in_task_group
from flake8_cancel.fix.shapes.handlers import (
    beside,
    clause_above,
    clause_below,
    remove_handler,
    reraise_at,
    reraise_at_end,
    split_tuple,
    without_classes,
)
from flake8_cancel.fix.shapes.handles import keep_handles, start_as_task
from flake8_cancel.fix.shapes.jumps import jump_behind, turned
from flake8_cancel.fix.shapes.keeping import keep_in_set, keep_shielded
from flake8_cancel.fix.shapes.managers import (
    enclosed,
    tried_around,
    unwrapped,
    without_argument,
    without_item,
    without_suppressed,
)
from flake8_cancel.fix.shapes.waiting import (
    cancel_and_wait,
    gather_instead,
    wait_for_all_instead,
    wait_for_task,
    wait_for_tasks,
    wait_instead_of_suppress,
    wait_instead_of_try,
)
from flake8_cancel.fix.shapes.wrapping import finished, wrap_in_except, wrap_in_finally, wrap_in_with

__all__ = [
    "beside",
    "cancel_and_wait",
    "cancel_what_is_left",
    "clause_above",
    "clause_below",
    "enclosed",
    "finished",
    "gather_instead",
    "in_task_group",
    "jump_behind",
    "keep_handles",
    "keep_in_set",
    "keep_shielded",
    "remove_handler",
    "reraise_at",
    "reraise_at_end",
    "split_tuple",
    "start_as_task",
    "tried_around",
    "turned",
    "unwrapped",
    "wait_behind_loop",
    "wait_for_all_instead",
    "wait_for_task",
    "wait_for_tasks",
    "wait_instead_of_suppress",
    "wait_instead_of_try",
    "without_argument",
    "without_classes",
    "without_item",
    "without_suppressed",
    "wrap_in_except",
    "wrap_in_finally",
    "wrap_in_with",
]
