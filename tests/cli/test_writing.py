"""Files are written whole or not at all, whatever happens to the command meanwhile."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flake8_cancel.cli import write
from tests.cli.command import CODE, run

FILES = 40
KILLS = 20
PADDING = "# a comment, so that writing takes a while\n" * 500
OLD = CODE + PADDING
COMMAND = [sys.executable, "-m", "flake8_cancel", "--fix", "--no-cache", "--jobs"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for number in range(FILES):
        (tmp_path / f"f{number:02}.py").write_text(OLD)
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    return tmp_path


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What becomes of each file."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "a.py").write_text(OLD)
    assert run(folder, "--fix", "--cancel-target-version=3.11", "a.py").returncode == 0
    return (folder / "a.py").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="a process group is killed by a signal")
def test_killed_at_any_moment_every_file_is_old_or_new(project: Path, new: str) -> None:
    chance = random.Random(1)
    mixed = 0
    for turn in range(KILLS):
        for path in project.glob("*.py"):
            path.write_text(OLD)
        with subprocess.Popen(
            [*COMMAND, str(1 + turn % 2)],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            wait_for(project, new, process, chance.randrange(FILES))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=120)
        texts = [path.read_text() for path in sorted(project.glob("f*.py"))]
        assert len(texts) == FILES
        assert set(texts) <= {OLD, new}
        mixed += len(set(texts)) == 2
    assert mixed > KILLS // 4, "the command was hardly ever killed while it wrote"
    # What a killed run leaves behind is hidden, is no source, and holds up nobody.
    left = {path.name for path in project.iterdir()} - {f"f{number:02}.py" for number in range(FILES)}
    assert {name for name in left if not (name.startswith(".") and name.endswith(".tmp"))} == {"pyproject.toml"}
    done = subprocess.run([*COMMAND, "2"], cwd=project, capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    assert {path.read_text() for path in project.glob("f*.py")} == {new}


def wait_for(project: Path, new: str, process: subprocess.Popen[bytes], number: int) -> None:
    """Wait until one file is mended, or the command has ended."""
    path = project / f"f{number:02}.py"
    size = len(new.encode())
    while path.stat().st_size != size and process.poll() is None:
        time.sleep(0.001)


def test_two_runs_at_once_lose_nothing(project: Path, new: str) -> None:
    both = [
        subprocess.Popen([*COMMAND, "1"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)
    ]
    told = b"".join(process.communicate(timeout=120)[1] for process in both).decode().splitlines()
    assert [line for line in told if not line.endswith("cannot be written: it changed since it was read")] == []
    assert {path.read_text() for path in project.glob("f*.py")} == {new}
    assert not list(project.glob(".*.tmp"))


def test_a_file_that_changed_since_it_was_read_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"theirs\n")
    with pytest.raises(write.UnwrittenError, match="it changed since it was read"):
        write.replace(str(path), b"old\n", b"new\n")
    assert path.read_bytes() == b"theirs\n"
    assert list(tmp_path.iterdir()) == [path]


def test_mode_and_links_stay(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    path, link = tmp_path / "inner" / "a.py", tmp_path / "b.py"
    path.write_bytes(b"old\n")
    path.chmod(0o754)
    link.symlink_to(path)
    write.replace(str(link), b"old\n", b"new\n")
    assert link.is_symlink()
    assert path.read_bytes() == b"new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o754
    assert list((tmp_path / "inner").iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives files away")
def test_the_owner_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old\n")
    os.chown(path, 12345, 23456)
    write.replace(str(path), b"old\n", b"new\n")
    after = path.stat()
    assert (after.st_uid, after.st_gid, path.read_bytes()) == (12345, 23456, b"new\n")
