"""Where a lost cancellation only ends a task: nobody in this file awaits the function that loses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.lost.elsewhere import left_to_others
from flake8_cancel.code.lost.losses import ENDS, GOES_ON, VALUE, Loss, in_loop

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def ends_task(module: Module, catcher: Catcher, loss: Loss) -> bool:
    """Tell whether a loss is the end of what this file only ever starts as a task, or leaves to others to run.

    A task's function may do something more, to clean up or to answer, but it comes to its end: no loop takes another
    turn. Who cancelled the task gets what he wanted, except for the word that it was cancelled.

    Args:
        module: the module.
        catcher: the handler or ``with`` item that loses the cancellation.
        loss: how it is lost.
    """
    if loss.kind not in (ENDS, GOES_ON, VALUE) or loss.for_ever or in_loop(module, catcher, loss):
        return False
    function = module.function(catcher)
    return module.started_only_as_task(function) or (loss.kind == ENDS and left_to_others(module, function))
