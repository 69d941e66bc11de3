"""The command: arguments, files, workers, exit codes. Knows nothing of asyncio."""

from __future__ import annotations

from flake8_cancel.cli.postponed import postpone

# What flake8, logging and shutil read and the command seldom asks for is a third of what starting up takes.
for _name in ("importlib.metadata", "inspect", "traceback", "platform", "bz2", "lzma"):
    postpone(_name)
