"""What the last run said is said again as long as nothing changes, and not a moment longer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import flake8_cancel
from flake8_cancel.cli import unchanged
from tests.cli.command import CODE, run

RIGHT = "import asyncio\n"
CACHE = ".flake8_cancel_cache"


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of which the last run knew every file."""
    project = tmp_path_factory.mktemp("remembered") / "project"
    (project / "inner" / "deep").mkdir(parents=True)
    (project / "a.py").write_text(CODE)
    (project / "inner" / "deep" / "b.py").write_text(RIGHT)
    (project / "inner" / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    # What changed just now might change again in the same tick of the clock; so does the folder, by the first run.
    run(project)
    _settle()
    run(project)
    _settle()
    run(project)
    return project


def _settle() -> None:
    time.sleep(2.1)


def is_kept(project: Path) -> bool:
    return bool(list((project / CACHE).glob("run-*.json")))


SAYS_AGAIN = """
import sys
sys.path[0] = ""
from flake8_cancel.cli.main import main
code = main(sys.argv[1:])
print(code, "flake8" in sys.modules, file=sys.stderr)
"""


def says_again(project: Path, *arguments: str) -> tuple[bytes, bytes]:
    """Return what a run says, and with which exit code and whether it needed flake8 for that."""
    command = [sys.executable, "-c", SAYS_AGAIN, *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, check=True)
    return done.stdout, done.stderr.strip()


def said_again(project: Path, *arguments: str) -> tuple[bytes, bytes]:
    """Run until what was said is said again: other tests may just now write where Python looks for modules."""
    for _ in range(12):
        output, end = says_again(project, *arguments)
        if end.endswith(b"False"):
            break
        time.sleep(0.5)
    return output, end


@pytest.fixture(scope="module")
def said(remembered: Path) -> bytes:
    """Return what is said when nothing changed, once it is."""
    return said_again(remembered)[0]


def test_the_same_is_said_without_flake8(remembered: Path, said: bytes) -> None:
    assert b"CNL201" in said
    assert said == run(remembered, "--no-cache").stdout
    assert said_again(remembered) == (said, b"1 False")
    assert is_kept(remembered)


def test_other_arguments_say_something_else(remembered: Path, said: bytes) -> None:
    for arguments in (("--exit-zero",), ("-q",), ("--ignore=CNL",), ("inner",), ("--output-format=json",)):
        expected = run(remembered, "--no-cache", *arguments)
        first, _ = says_again(remembered, *arguments)
        output, end = said_again(remembered, *arguments)
        assert first == output == expected.stdout
        assert end == b"%d False" % expected.returncode


def test_what_acts_is_done_again(remembered: Path, said: bytes, tmp_path: Path) -> None:
    for argument in ("--no-cache", "--verbose", "--diff", f"--output-file={tmp_path / 'report'}", "--version"):
        for _ in range(2):
            _, end = says_again(remembered, argument)
            assert not end.endswith(b"False")


def _write(path: str, text: str) -> Callable[[], object]:
    return lambda: Path(path).write_text(text)


def _replace(path: str) -> None:
    before = os.stat(path)
    Path(path).write_text(Path(path).read_text().replace("cancel_all", "cancel_ell"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[], object]] = {
    "a file": _write("inner/deep/b.py", CODE),
    "a file of the same size and time": lambda: _replace("a.py"),
    "a new file": _write("inner/c.py", CODE),
    "a file that is gone": lambda: os.unlink("a.py"),
    "a file that cannot be parsed": _write("inner/deep/b.py", "def"),
    "a new folder": lambda: shutil.copytree("inner", "other"),
    "configuration": _write("setup.cfg", "[flake8]\nignore = CNL201\n"),
    "configuration above": lambda: Path("../.flake8").write_text("[flake8]\nignore = CNL201\n"),
    "settings": _write("inner/pyproject.toml", "[tool.flake8-cancel]\nwrong = 1\n"),
    "settings further down": _write("inner/deep/pyproject.toml", "[tool.flake8-cancel]\nwrong = 1\n"),
    "settings above": lambda: Path("../pyproject.toml").write_text("[tool.flake8-cancel]\nwrong = 1\n"),
    "the memory": lambda: [path.write_bytes(path.read_bytes()[:-3]) for path in Path(CACHE).glob("run-*.json")],
    "its number": lambda: [
        path.write_bytes(path.read_bytes().replace(b"\n1 ", b"\n0 ")) for path in Path(CACHE).glob("run-*.json")
    ],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_is_seen(
    remembered: Path, said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]
) -> None:
    # A copy is another folder, so it is remembered anew.
    shutil.copytree(remembered, tmp_path / "around" / "project", ignore=shutil.ignore_patterns(CACHE))
    monkeypatch.chdir(tmp_path / "around" / "project")
    project = Path.cwd()
    (project / CACHE).mkdir()
    _settle()
    assert said_again(project)[1] == b"1 False"
    change()
    expected = run(project, "--no-cache")
    output, end = says_again(project)
    assert output == expected.stdout
    assert end.endswith(b"%d True" % expected.returncode)


def test_the_program_is_looked_at_too() -> None:
    assert set(unchanged.own_files()) == {str(path) for path in Path(flake8_cancel.__file__).parent.rglob("*.py")}


def test_too_late_a_change_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    for _ in range(3):
        run(tmp_path)
    assert not is_kept(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="links take a privilege there")
def test_a_folder_with_a_link_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "b.py").symlink_to("a.py")
    run(tmp_path)
    _settle()
    for _ in range(3):
        run(tmp_path)
    assert not is_kept(tmp_path)
