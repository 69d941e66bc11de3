"""Virtual environments with the tools that are compared, in the versions that are compared."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FLAKE8, ASYNC, RUFF = "flake8==7.5.0", "flake8-async==26.8.1", "ruff==0.17.6"


class Environments(NamedTuple):
    """Folders with the programs: flake8 alone, with this project (ruff beside it), and with flake8-async."""

    alone: Path
    ours: Path
    theirs: Path


def make(folder: Path) -> Environments:
    """Make what is not there yet.

    Args:
        folder: where the environments are kept.

    Raises:
        subprocess.CalledProcessError: pip failed; it has said why.
    """
    programs = Environments(
        _environment(folder / "alone", FLAKE8),
        _environment(folder / "ours", FLAKE8, RUFF, str(ROOT)),
        _environment(folder / "theirs", FLAKE8, ASYNC),
    )
    # As users have it, with its bytecode; anew, for it changes.
    _install(programs.ours, "--force-reinstall", "--no-deps", str(ROOT))
    return programs


def _environment(folder: Path, *what: str) -> Path:
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    done = folder / "installed"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        _install(programs, *what)
        done.touch()
    return programs


def _install(programs: Path, *what: str) -> None:
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", *what], check=True)
