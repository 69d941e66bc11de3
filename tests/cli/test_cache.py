"""What is remembered between runs: never more than is true, and never at the price of an error."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import flake8_cancel
from flake8_cancel.cli.arguments import parse
from flake8_cancel.cli.cache import Cache
from flake8_cancel.cli.outcome import Outcome
from flake8_cancel.cli.store import digest
from tests.cli.command import CODE, run
from tests.cli.test_bad_input import without_privileges

FOLDER = ".flake8_cancel_cache"
RIGHT = CODE.replace("cancel_all()", "create_task(work())")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file that has a finding and one that has none, both checked once."""
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "b.py").write_text(RIGHT)
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    monkeypatch.chdir(tmp_path)
    assert run(tmp_path).returncode == 1
    return tmp_path


def remembered(path: str, *arguments: str) -> Outcome | None:
    """Return what a run with these arguments would remember of a file."""
    return Cache(parse(arguments)).recall(path)


def stored(project: Path, kind: str = "files") -> list[Path]:
    return list((project / FOLDER).glob(f"{kind}-*.json"))


def test_what_is_remembered_is_what_was_found(project: Path) -> None:
    afresh = run(project, "--no-cache", "--output-format", "json")
    again = run(project, "--output-format", "json")
    assert (again.returncode, again.stdout, again.stderr) == (1, afresh.stdout, afresh.stderr)
    assert run(project).stdout == run(project, "--no-cache").stdout
    assert remembered("./a.py") is not None


def test_a_file_that_nobody_touched_is_not_read(project: Path) -> None:
    # What changed just now might change again in the same tick of the clock.
    time.sleep(2.1)
    assert run(project).returncode == 1
    (_, found_in, *clean) = stored(project)[0].read_text().split("\n")
    found = os.stat("a.py")
    known, _, _ = json.loads(found_in)["./a.py"]
    stamp = hash((found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino))
    assert known.startswith(f"{stamp} ")
    assert clean[clean.index("./b.py") + 1].endswith(f" {digest(RIGHT.encode())}")
    assert remembered("./a.py") is not None


def test_touching_a_file_costs_nothing(project: Path) -> None:
    os.utime("a.py")
    assert remembered("./a.py") is not None


def test_another_content_is_seen_though_size_and_time_are_the_same(project: Path) -> None:
    time.sleep(2.1)
    run(project)
    before = os.stat("a.py")
    Path("a.py").write_text(CODE.replace("work", "play"))
    os.utime("a.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.stat("a.py").st_size == before.st_size
    assert remembered("./a.py") is None


@pytest.mark.parametrize(
    "arguments",
    [("--ignore=E",), ("--extend-select=CNL9",), ("--cancel-target-version=3.12",), ("--per-file-ignores=a.py:CNL2",)],
)
def test_other_options_are_seen(project: Path, arguments: tuple[str, ...]) -> None:
    assert remembered("./a.py", *arguments) is None
    assert remembered("./a.py", "--jobs=1", "--output-format=json", "--count", "--exit-zero") is not None


def test_other_settings_of_the_project_are_seen(project: Path) -> None:
    (project / "c.py").write_text(CODE.replace("cancel_all", "cancel"))
    assert b"c.py:7:9: CNL201 " in run(project).stdout
    (project / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.15"\n')
    assert b"c.py" not in run(project).stdout


def test_the_settings_of_every_folder_are_seen(project: Path) -> None:
    (project / "inner" / "deep").mkdir(parents=True)
    (project / "inner" / "deep" / "c.py").write_text(CODE)
    run(project)
    run(project, "inner/../a.py")
    (project / "inner" / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.12"\n')
    assert remembered("./inner/deep/c.py") is None
    assert remembered("./a.py") is not None
    assert remembered("inner/../a.py") is not None


def test_another_rule_is_seen(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.py").write_text(CODE)
    shutil.copytree(Path(flake8_cancel.__file__).parent, tmp_path / "flake8_cancel")
    command = [sys.executable, "-m", "flake8_cancel"]
    for changed in (False, True):
        if changed:
            os.utime(tmp_path / "flake8_cancel" / "rules" / "api" / "cancel_awaited.py")
        subprocess.run(
            command, cwd=tmp_path / "project", env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True
        )
    assert len(stored(tmp_path / "project")) == 2


def instead(data: bytes, kept: bytes) -> bytes:
    """Return what would be written of something else in the same circumstances."""
    return data.partition(b"\n")[0].replace(data[:8], f"{zlib.crc32(kept):08x}".encode()) + b"\n" + kept


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut off": lambda data: data[: len(data) // 2],
    "a letter changed": lambda data: data.replace(b"cancel_all", b"cancel_ell"),
    "garbage": lambda data: b"\x80\x04\x95garbage",
    "other circumstances": lambda data: data.replace(b"cancel_target_version", b"cancel_target_virsion"),
    "no object": lambda data: instead(data, b"[1]"),
    "another shape": lambda data: instead(data, b'{"./a.py":[null]}'),
    "nothing of a file": lambda data: instead(data, b'{"./a.py":null}'),
    "too little of a file": lambda data: instead(data, b"{}\n./a.py\n1"),
    "half a file": lambda data: instead(data, b"{}\n./a.py"),
    "no text": lambda data: instead(data, b"{}\n./a.py\n\xff"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_memory_is_none(project: Path, damage: Callable[[bytes], bytes]) -> None:
    right = run(project)
    for path in stored(project):
        data = path.read_bytes()
        assert damage(data) != data
        path.write_bytes(damage(data))
        assert remembered("./a.py") is None
    again = run(project)
    assert (again.returncode, again.stdout, again.stderr) == (right.returncode, right.stdout, right.stderr)
    assert remembered("./a.py") is not None


def test_a_file_in_the_place_of_the_folder(project: Path) -> None:
    (project / "occupied").write_text("")
    done = run(project, "--cache-dir", "occupied")
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    tmp_path.chmod(0o555)
    done = run(tmp_path, before=without_privileges)
    assert (done.returncode, done.stderr) == (1, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


def test_without(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    assert run(tmp_path, "--no-cache").returncode == 1
    assert run(tmp_path, "--cache-dir", "inner/cache").returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "inner"]
    assert (tmp_path / "inner" / "cache" / ".gitignore").read_text() == "*\n"


def test_what_is_remembered_can_be_fixed(project: Path) -> None:
    done = run(project, "--fix")
    assert done.stdout == b"fixed 1 finding in 1 file\n"
    assert run(project).returncode == 0


def test_what_cannot_be_checked_is_not_remembered(project: Path) -> None:
    Path("bad.py").write_text("def f(:\n")
    assert [run(project).returncode for _ in range(2)] == [2, 2]


def test_what_is_kept_is_bounded(project: Path) -> None:
    for number in range(10):
        run(project, "--ignore", f"X{number}")
    assert len(stored(project)) == 8


def test_a_run_over_one_file_forgets_no_other(project: Path) -> None:
    run(project, "./b.py")
    assert remembered("./a.py") is not None


def test_two_runs_at_once(project: Path) -> None:
    right = run(project).stdout
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            for path in stored(project):
                path.unlink()
            assert {done.stdout for done in pool.map(lambda _: run(project), range(4))} == {right}


def test_a_run_that_is_killed_leaves_nothing_wrong(project: Path) -> None:
    right = run(project).stdout
    for moment in range(8):
        for path in stored(project):
            path.unlink()
        process = subprocess.Popen([sys.executable, "-m", "flake8_cancel"], cwd=project, stdout=subprocess.DEVNULL)
        time.sleep(0.15 + moment / 20)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert run(project).stdout == right
