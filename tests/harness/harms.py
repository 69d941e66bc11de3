"""What can be wrong at the end of a run, judged from outside. A proof names those it looks for in ``HARMS``.

A check is a function that takes the finished run and raises ``Harm``. A proof may bring its own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator

from tests.harness.fakes import held
from tests.harness.run import CANCELLED, GOES_ON, RAISED, WAITS, Run

Check = Callable[[Run], None]


class Harm(Exception):
    """What the mistake does to the program; raised by a proof alone."""


def cancellation_lost(run: Run) -> None:
    """The task was cancelled, and it does not end cancelled."""
    if run.cancelled and run.end != CANCELLED:
        raise Harm(f"the cancellation was lost: the task {run.end} {run.error or ''}")


def cancelled_by_nobody(run: Run) -> None:
    """Nobody cancelled the task, and it ends cancelled."""
    if not run.cancelled and run.end == CANCELLED:
        raise Harm("the task ends cancelled, but nobody cancelled it")


def never_ends(run: Run) -> None:
    """The run neither ends nor is cancelled."""
    if run.end in (GOES_ON, WAITS):
        raise Harm(f"the task never ends: it {run.end}")


def resource_held(run: Run) -> None:
    """Something that was acquired in the run is not free at its end.

    Known are the fakes' calls (``fakes.ACQUIRES``, ``fakes.RELEASES``) and asyncio's own locks and semaphores among the
    arguments, the attributes of ``self`` and the module's globals. A run that still waits is not judged.
    """
    if run.end in (GOES_ON, WAITS):
        return
    if taken := held(run.log):
        raise Harm(f"not given back: {taken[0].name}")
    for name, thing in _things(run):
        if isinstance(thing, (asyncio.Lock, asyncio.Semaphore)) and thing.locked():
            raise Harm(f"still held: {name}")


def task_left(run: Run) -> None:
    """The function has ended, and a task that it started runs on."""
    if run.end not in (GOES_ON, WAITS) and run.left:
        raise Harm(f"a task is left: {run.left[0].get_coro()}")


def process_left(run: Run) -> None:
    """The function has ended, and a process that it started runs on; one that was killed gets a moment to die."""
    if run.end in (GOES_ON, WAITS):
        return
    deadline = time.monotonic() + 0.3
    for process in run.processes:
        while process.get_returncode() is None and _is_alive(process.get_pid()):
            if time.monotonic() > deadline:
                raise Harm(f"a process is left: {process.get_pid()}")
            time.sleep(0.01)


def complaint(run: Run) -> None:
    """Asyncio had to tell the loop's exception handler of an error: nobody else heard of it."""
    if run.complaints:
        found = run.complaints[0]
        raise Harm(f"{found['message']}: {found.get('exception')!r}")


def call_fails(*types: type[BaseException]) -> Check:
    """Return a check for the chapter of calls that cannot work: the call's own error is the harm.

    Args:
        types: the errors that it raises; also looked for inside exception groups.
    """

    def call_fails(run: Run) -> None:
        if run.end == RAISED and run.error is not None:
            for error in leaves(run.error):
                if isinstance(error, types):
                    raise Harm(f"the call fails: {error!r}")

    return call_fails


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors inside an exception group, or the error itself."""
    members = getattr(error, "exceptions", None)
    if members is None:
        yield error
        return
    for member in members:
        yield from leaves(member)


def _is_alive(pid: int) -> bool:
    try:
        # A look only: whoever waits for the process still finds it.
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def _things(run: Run) -> Iterator[tuple[str, object]]:
    yield from run.given.items()
    yield from getattr(run.owner, "__dict__", {}).items()
    yield from vars(run.module).items()
