"""The command: arguments, files, workers, exit codes. Knows nothing of asyncio."""

from __future__ import annotations

from flake8_cancel.cli.postponed import postpone

# flake8 looks for plugins with them, the command does not, and reading them is a third of what starting up takes.
postpone("importlib.metadata")
postpone("inspect")
