"""Worker processes: how many there are, and what happens when one dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import CODE, only_line, python, run

FILES = 64
LONG = CODE * 20
SPAWNING = """\
import multiprocessing
import sys

from flake8_cancel.cli.main import main

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for number in range(FILES):
        (tmp_path / f"f{number:02}.py").write_text(CODE)
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    return tmp_path


def test_the_report_does_not_depend_on_the_number_of_workers(project: Path) -> None:
    (project / "f10.py").write_text("async def\n" + CODE)
    alone, many = (run(project, "--jobs", jobs) for jobs in ("1", "4"))
    assert alone.stdout.count(b" CNL201 ") == FILES - 1
    assert (many.returncode, many.stdout, many.stderr) == (alone.returncode, alone.stdout, alone.stderr)
    assert alone.returncode == 2


def test_workers_may_be_spawned(project: Path) -> None:
    (project / "command.pyw").write_text(SPAWNING)
    done = python(project, "command.pyw", "--jobs", "2")
    assert done.stdout == run(project, "--jobs", "1").stdout
    assert (done.returncode, done.stderr) == (1, b"")


def test_few_files_start_no_workers(project: Path) -> None:
    script = (
        "import sys\n"
        "from flake8_cancel.cli.main import main\n"
        "main(sys.argv[1:])\n"
        "print('multiprocessing' in sys.modules, file=sys.stderr)"
    )
    few = [f"f{number:02}.py" for number in range(10)]
    assert python(project, "-c", script, "--jobs", "8", *few).stderr == b"False\n"
    assert python(project, "-c", script, "--jobs", "8").stderr == b"True\n"


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="the workers are found in /proc")
def test_a_worker_that_is_killed_costs_one_file(project: Path) -> None:
    for path in project.glob("*.py"):
        path.write_text(LONG)
    command = [sys.executable, "-m", "flake8_cancel", "--jobs", "2", "--format", "%(path)s"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        os.kill(first_child(process.pid), signal.SIGKILL)
        out, err = process.communicate(timeout=120)
    line = only_line(err)
    lost, _, reason = line.partition(": ")
    assert reason == "cannot be checked: the worker process died (killed by signal 9)"
    assert process.returncode == 2
    everything = {f"./{path.name}" for path in project.glob("*.py")}
    assert set(out.decode().split()) == everything - {lost}


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="the workers are found in /proc")
def test_workers_do_not_outlive_the_command(project: Path) -> None:
    for path in project.glob("*.py"):
        path.write_text(LONG)
    command = [sys.executable, "-m", "flake8_cancel", "--jobs", "2"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        child = first_child(process.pid)
        process.kill()
        # The pipes end when the last worker has closed them.
        process.communicate(timeout=120)
    deadline = time.monotonic() + 60
    while Path(f"/proc/{child}/cwd").is_symlink() and Path(f"/proc/{child}/status").read_text().count("zombie") == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def first_child(pid: int) -> int:
    """Wait for a process to have a child, and return the child's number."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.001)
    raise AssertionError("no worker was started")
