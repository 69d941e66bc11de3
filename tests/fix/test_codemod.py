"""The fixes as a command of libcst's own tool, run as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.fix.driving import text

SWALLOWS = text(
    """
    import asyncio


    async def f():
        while True:
            try:
                await asyncio.sleep( 1 )
            except asyncio.CancelledError:{}
                pass
    """
)
LETS_THROUGH = text(
    """
    import asyncio


    async def f():
        while True:
            await asyncio.sleep( 1 )
    """
)


def codemod(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["-m", "libcst.tool", "codemod", "-x", "--no-format", "--jobs=1"]
    name = "flake8_cancel.codemod.FixCancellation"
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, *command, name, *options, str(path)], cwd=root, capture_output=True, text=True, check=False
    )


def test_a_file_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "swallows.py"
    path.write_bytes(SWALLOWS.format("").encode().replace(b"\n", b"\r\n"))
    assert codemod(path, "--unsafe-fixes").returncode == 0
    assert path.read_bytes() == LETS_THROUGH.encode().replace(b"\n", b"\r\n")


def test_a_line_under_noqa_stays(tmp_path: Path) -> None:
    path = tmp_path / "swallows.py"
    path.write_text(SWALLOWS.format("  # noqa: CNL101"))
    assert codemod(path, "--unsafe-fixes").returncode == 0
    assert path.read_text() == SWALLOWS.format("  # noqa: CNL101")


def test_an_unsafe_fix_waits_to_be_asked_for(tmp_path: Path) -> None:
    ends = SWALLOWS.format("").replace("while True:", "if 1:")
    path = tmp_path / "ends.py"
    path.write_text(ends)
    assert codemod(path).returncode == 0
    assert path.read_text() == ends
    assert codemod(path, "--unsafe-fixes").returncode == 0
    assert path.read_text() == LETS_THROUGH.replace("while True:", "if 1:")
