"""Treats the files in worker processes. A worker that dies costs the one file it was at."""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.cli.files import STDIN
from flake8_cancel.cli.memory import collect_rarely
from flake8_cancel.cli.outcome import Outcome, Problem
from flake8_cancel.cli.treatment import Treatment

if TYPE_CHECKING:
    from ctypes import c_int
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

# Starting a process costs as much as checking some files.
_FILES_A_WORKER = 16
_LARGEST_BATCH = 32


class _Worker(NamedTuple):
    process: BaseProcess
    connection: Connection
    given: list[str]
    # Which of these it is at, in memory that it shares: a message for every file would take as long as the file.
    at: c_int


def treat_all(paths: Sequence[str], options: argparse.Namespace) -> list[Outcome]:
    """Treat every file, in this process when they are few.

    Args:
        paths: the files.
        options: the options of ``arguments.parse``.

    Returns:
        The outcomes in the order of the files' names.

    Raises:
        arguments.UsageError: flake8 finds the options wrong.
    """
    # Made here in any case: wrong options are found out, and forked workers have the rules imported.
    treatment = Treatment(options)
    count = min(_allowed_workers(options), len(paths) // _FILES_A_WORKER)
    if count < 2 or STDIN in paths:
        outcomes = [treatment(path) for path in paths]
    else:
        outcomes = _treat_there(paths, count, options, treatment)
    return sorted(outcomes, key=lambda outcome: outcome.path)


def _allowed_workers(options: argparse.Namespace) -> int:
    return (os.cpu_count() or 1) if options.jobs.is_auto else int(options.jobs.n_jobs)


def _treat_there(paths: Sequence[str], count: int, options: argparse.Namespace, treatment: Treatment) -> list[Outcome]:
    from multiprocessing.connection import wait

    # What is fixed already would have nothing to tell when it is treated again.
    waiting = collections.deque(_batches(paths, count, 1 if options.fix else _LARGEST_BATCH))
    workers: list[_Worker] = []
    outcomes: list[Outcome] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < count:
                worker = _start(options)
                if worker is None:
                    break
                workers.append(worker)
                _give(worker, waiting)
            if not workers:
                return outcomes + [treatment(path) for paths in waiting for path in paths]
            ready = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in ready]:
                try:
                    outcomes += worker.connection.recv()
                    alive = _give(worker, waiting)
                except (EOFError, OSError):
                    alive = False
                    outcomes.append(_lost(worker))
                    # What it had done is gone with it.
                    if worker.given:
                        waiting.appendleft(worker.given)
                if not alive:
                    workers.remove(worker)
                    _end(worker)
    finally:
        for worker in workers:
            worker.process.terminate()
            _end(worker)
    return outcomes


def _start(options: argparse.Namespace) -> _Worker | None:
    """Start a worker, or return None when the system gives no more processes."""
    import multiprocessing

    ours, its = multiprocessing.Pipe()
    try:
        at = multiprocessing.RawValue("i", 0)
        process = multiprocessing.Process(target=_work, args=(its, ours, at, options), daemon=True)
        process.start()
    except OSError:
        ours.close()
        return None
    finally:
        # The worker holds the only other end, so its death is seen at once.
        its.close()
    return _Worker(process, ours, [], at)


def _batches(paths: Sequence[str], count: int, largest: int) -> Iterator[list[str]]:
    """Yield some files at a time, few in the end, so that all workers end together."""
    begin = 0
    while begin < len(paths):
        end = begin + min(largest, (len(paths) - begin) // (4 * count) + 1)
        yield list(paths[begin:end])
        begin = end


def _give(worker: _Worker, waiting: collections.deque[list[str]]) -> bool:
    """Give an idle worker its next files, and tell whether there were any; given none, it ends."""
    worker.given[:] = waiting.popleft() if waiting else []
    worker.at.value = 0
    # A worker that is dead by now is found out when it is listened to.
    with contextlib.suppress(OSError):
        worker.connection.send(worker.given)
    return bool(worker.given)


def _lost(worker: _Worker) -> Outcome:
    """Return the outcome of the file that a worker died at, which is no longer among those that it was given."""
    worker.process.join()
    code = worker.process.exitcode or 0
    how = f"killed by signal {-code}" if code < 0 else f"exit status {code}"
    # It may have died before it was given any, or behind the last.
    path = worker.given.pop(min(worker.at.value, len(worker.given) - 1))
    return Outcome(path, problems=(Problem(path, f"cannot be checked: the worker process died ({how})"),))


def _end(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.join()


def _work(connection: Connection, parents: Connection, at: c_int, options: argparse.Namespace) -> None:
    # A forked worker has a copy of the parent's end, and would not see the parent die.
    parents.close()
    # The parent hears of an interrupt too, and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_rarely()
    treatment = Treatment(options)
    # An end of the connection is the end of the parent.
    with contextlib.suppress(EOFError, OSError):
        while paths := connection.recv():
            outcomes = []
            for number, path in enumerate(paths):
                at.value = number
                outcomes.append(treatment(path))
            connection.send(outcomes)
