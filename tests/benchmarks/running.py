"""Runs commands and says what they cost."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """What one run of a command took: seconds on the clock, seconds of processors, and megabytes at the most."""

    wall: float
    cpu: float
    memory: float


class Command(NamedTuple):
    """A command, the folder it is run in, and what is done before each run and not measured."""

    arguments: Sequence[str]
    folder: Path
    before: Callable[[], object] = lambda: None


def cost(command: Command) -> Cost:
    """Run a command once. Its output and exit code do not matter: findings are expected."""
    command.before()
    begun = time.perf_counter()
    process = subprocess.Popen(
        command.arguments, cwd=command.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    return Cost(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def paired(runs: int, *commands: Command) -> list[tuple[Cost, ...]]:
    """Run commands in turn, so that a machine that becomes slower becomes so for all; the first round does not count.

    Args:
        runs: how many rounds.
        commands: the commands.
    """
    return [tuple(map(cost, commands)) for _ in range(runs + 1)][1:]


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)
