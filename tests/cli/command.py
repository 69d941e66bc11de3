"""Runs the command, and code it has something to say about."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# CNL201 in line 7, with a safe fix.
CODE = """\
import asyncio


async def stops(work):
    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        group.cancel_all()
"""
LINE = 7
# CNL101 in line 7, with an unsafe fix.
SWALLOWS = """\
import asyncio


async def polls(queue):
    try:
        await queue.get()
    except asyncio.CancelledError:
        print("stopped")
    await queue.join()
"""


def run(
    folder: Path, *arguments: str, stdin: bytes = b"", before: Callable[[], object] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a folder.

    Args:
        folder: the working directory.
        arguments: the command's arguments.
        stdin: what comes in on standard input.
        before: called in the new process before the command begins.
    """
    return python(folder, "-m", "flake8_cancel", *arguments, stdin=stdin, before=before)


def python(
    folder: Path, *arguments: str, stdin: bytes = b"", before: Callable[[], object] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run this Python in a folder."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, input=stdin, capture_output=True, timeout=120, preexec_fn=before
    )


def only_line(text: bytes) -> str:
    """Return the one line that a text must be."""
    lines = text.decode().splitlines()
    assert len(lines) == 1, lines
    return lines[0]
