"""Bad input: one clear line that names the file and the reason, exit code 2, and every other file is still treated."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flake8_cancel.cli import write
from tests.cli.command import CODE, LINE, only_line, run

LOST_BRACKETS = "x = " + "(" * 10_000 + ")" * 10_000 + "\n"
# Bytes of a file, and how the line about it goes on after the file's name.
UNREADABLE = {
    "syntax error": (b"def f(:\n", ":1:7: cannot be parsed: invalid syntax"),
    "syntax of a later Python": (b"import a\nlazy from b import c\n", ":2:6: cannot be parsed: invalid syntax"),
    "syntax error among words that rules look for": (
        CODE.encode() + b"async def\n",
        f":{LINE + 1}:10: cannot be parsed: ",
    ),
    "undecodable": (b'"\xff"\n', ": cannot be decoded: "),
    "NUL bytes": (b"x = 1\0\n", ": cannot be decoded: it contains NUL bytes"),
    "unknown encoding": (b"# coding: klingon\n", ": cannot be decoded: unknown encoding: klingon"),
    "wrong encoding": (
        "# coding: ascii\nx = 'ä'\n".encode(),
        ": cannot be decoded: byte 21 cannot be decoded as ascii",
    ),
    "nested brackets": (LOST_BRACKETS.encode(), ":1:205: cannot be parsed: too many nested parentheses"),
    "a parser out of memory": (b"-" * 100_000 + b"1\n", ": cannot be checked: Python's parser ran out of memory"),
    "lone surrogates": (b"# coding: unicode_escape\nx = '\\ud800'\n", ": cannot be parsed: it holds characters"),
}
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a file that has a fixable finding, before and after the bad one."""
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "z.py").write_text(CODE)
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    return tmp_path


def assert_one_line(project: Path, start: str, *arguments: str, before: Callable[[], object] | None = None) -> None:
    """Check and fix a.py, z.py and what the arguments name: one line on stderr, and a.py and z.py are treated."""
    checked = run(project, "a.py", *arguments, "z.py", before=before)
    assert only_line(checked.stderr).startswith(start)
    assert [line.partition(":")[0] for line in checked.stdout.decode().splitlines() if " CNL201 " in line] == [
        "a.py",
        "z.py",
    ]
    assert checked.returncode == 2
    fixed = run(project, "--fix", "a.py", *arguments, "z.py", before=before)
    assert only_line(fixed.stderr).startswith(start)
    assert fixed.stdout == b"fixed 2 findings in 2 files\n"
    assert fixed.returncode == 2


def without_privileges() -> None:
    """Let files' permissions count for root too, from the next program on."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            assert libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0


def with_small_files() -> None:
    """Let no file grow over 4096 bytes, as on a full disk; Python ignores the signal and gets the error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize(("data", "told"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_that_is_no_python(project: Path, data: bytes, told: str) -> None:
    (project / "bad.py").write_bytes(data)
    assert_one_line(project, f"bad.py{told}", "bad.py")
    assert (project / "bad.py").read_bytes() == data


def test_syntax_errors_of_a_folder(project: Path) -> None:
    for name, text in {"plain": "def f(:\n", "words": CODE + "async def\n", "fine": "def f(a): pass\n"}.items():
        (project / f"{name}.py").write_text(text)
    done = run(project)
    assert [line.partition(": ")[0] for line in done.stderr.decode().splitlines()] == [
        "./plain.py:1:7",
        f"./words.py:{LINE + 1}:10",
    ]
    assert done.stdout.count(b" CNL201 ") == 2
    assert done.returncode == 2


def test_what_only_the_compiler_refuses_is_parsed(project: Path) -> None:
    (project / "twice.py").write_text("def f(a, a): return b\nnonlocal c\n")
    done = run(project)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the parser has no such limit")
def test_a_parser_out_of_recursion(project: Path) -> None:
    (project / "bad.py").write_text("x = " + " + ".join("a" * 20_000) + "\n")
    assert_one_line(project, "bad.py: cannot be checked: its code is nested too deeply", "bad.py")


def test_a_missing_path(project: Path) -> None:
    assert_one_line(project, "gone.py: cannot be read: no such file or directory", "gone.py")


def test_a_file_that_may_not_be_read(project: Path) -> None:
    (project / "bad.py").write_text(CODE)
    (project / "bad.py").chmod(0)
    assert_one_line(project, "bad.py: cannot be read: permission denied", "bad.py", before=without_privileges)


def test_a_folder_that_may_not_be_read(project: Path) -> None:
    (project / "closed").mkdir(mode=0)
    (project / "closed_and_excluded").mkdir(mode=0)
    told = f".{os.sep}closed: folder cannot be read: permission denied"
    done = run(project, "--extend-exclude", "closed_and_excluded", before=without_privileges)
    assert only_line(done.stderr) == told
    assert b"a.py:7:9: CNL201 " in done.stdout
    assert done.returncode == 2


@pytest.mark.parametrize("mode", [0o444, 0o555], ids=["file", "folder"])
def test_a_file_that_may_not_be_written(project: Path, mode: int) -> None:
    (project / "closed").mkdir()
    (project / "closed" / "b.py").write_text(CODE)
    (project / "closed" / ("b.py" if mode == 0o444 else "")).chmod(mode)
    done = run(project, "--fix", before=without_privileges)
    assert only_line(done.stderr) == f".{os.sep}closed{os.sep}b.py: cannot be written: permission denied"
    assert done.stdout.decode().splitlines()[0].startswith("./closed/b.py:7:9: CNL201 ")
    assert b"fixed 2 findings in 2 files, 1 finding left in 1 file" in done.stdout
    assert done.returncode == 2
    assert [path.name for path in (project / "closed").iterdir()] == ["b.py"]
    assert (project / "closed" / "b.py").read_text() == CODE


def test_a_folder_with_the_name_of_a_file(project: Path) -> None:
    (project / "x.py").mkdir()
    (project / "x.py" / "b.py").write_text(CODE)
    done = run(project, "x.py")
    assert done.stdout.startswith(b"x.py/b.py:7:9: CNL201 ")
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_circle_of_links(project: Path) -> None:
    (project / "bad.py").symlink_to("bad.py")
    assert_one_line(project, "bad.py: cannot be read: its symbolic links run in a circle", "bad.py")


def test_a_link_to_nothing(project: Path) -> None:
    (project / "bad.py").symlink_to("gone")
    assert_one_line(project, "bad.py: cannot be read: no such file or directory", "bad.py")


def test_a_folder_that_holds_itself(project: Path) -> None:
    (project / "inner").symlink_to(".", target_is_directory=True)
    done = run(project)
    assert done.stdout.count(b" CNL201 ") == 2
    assert done.stderr == b""


def test_a_named_pipe_is_not_waited_for(project: Path) -> None:
    os.mkfifo(project / "bad.py")
    assert_one_line(project, "bad.py: cannot be read: not a regular file", "bad.py")


def test_a_device(project: Path) -> None:
    assert_one_line(project, "/dev/null: cannot be read: not a regular file", "/dev/null")


def test_a_name_that_cannot_be_printed(project: Path) -> None:
    name = b"b\xff\n.py"
    with open(os.fsencode(project) + b"/" + name, "wb") as file:
        file.write(CODE.encode())
    done = run(project, "--format", "%(path)s", "--extend-exclude", "a.py,z.py")
    assert (done.stdout, done.stderr) == (b"./b\\xff\\n.py\n", b"")
    with open(os.fsencode(project) + b"/" + name, "wb") as file:
        file.write(b"\xff")
    done = run(project, "--extend-exclude", "a.py,z.py")
    assert only_line(done.stderr).startswith("./b\\xff\\n.py: cannot be decoded: ")


def test_five_megabytes_are_checked(project: Path) -> None:
    (project / "large.py").write_text(f"x = '{'y' * 93}'\n" * 50_000 + CODE)
    done = run(project, "large.py")
    assert done.stdout.startswith(b"large.py:50007:9: CNL201 ")
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_full_disk(project: Path) -> None:
    text = CODE + "# a comment\n" * 500
    (project / "bad.py").write_text(text)
    done = run(project, "--fix", before=with_small_files)
    assert only_line(done.stderr) == f".{os.sep}bad.py: cannot be written: file too large"
    assert b"fixed 2 findings in 2 files" in done.stdout
    assert done.returncode == 2
    assert (project / "bad.py").read_text() == text
    assert sorted(path.name for path in project.iterdir()) == ["a.py", "bad.py", "pyproject.toml", "z.py"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_report_that_cannot_be_written(project: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "flake8_cancel"], cwd=project, stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert done.stderr == b"flake8-cancel: the report cannot be written: No space left on device\n"
    assert done.returncode == 2


def test_an_output_file_that_cannot_be_written(project: Path) -> None:
    done = run(project, "--output-file", "a.py/report")
    assert only_line(done.stderr).startswith("flake8-cancel: the report cannot be written: ")
    assert done.returncode == 2


def test_a_reader_that_has_seen_enough(project: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "flake8_cancel"], cwd=project, stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_closed_standard_input(project: Path) -> None:
    done = run(project, "-", before=lambda: os.close(0))
    assert done.stderr == b"stdin: cannot be read: standard input is closed\n"
    assert done.returncode == 2


def test_a_file_that_changed_since_it_was_read_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"newer\n")
    with pytest.raises(write.UnwrittenError, match="it changed since it was read"):
        write.replace(str(path), b"old\n", b"mended\n")
    assert path.read_bytes() == b"newer\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_vanished_since_it_was_read_stays_away(tmp_path: Path) -> None:
    with pytest.raises(write.UnwrittenError, match="no such file or directory"):
        write.replace(str(tmp_path / "a.py"), b"old\n", b"mended\n")
    assert list(tmp_path.iterdir()) == []


def test_mode_and_links_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "inner" / "a.py", tmp_path / "link.py"
    path.parent.mkdir()
    path.write_bytes(b"old\n")
    path.chmod(0o754)
    link.symlink_to(path)
    write.replace(str(link), b"old\n", b"mended\n")
    assert path.read_bytes() == b"mended\n"
    assert path.stat().st_mode & 0o7777 == 0o754
    assert link.is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old\n")
    os.chown(path, 1234, 2345)
    path.chmod(0o4755)
    write.replace(str(path), b"old\n", b"mended\n")
    after = path.stat()
    assert (after.st_uid, after.st_gid, after.st_mode & 0o7777) == (1234, 2345, 0o4755)
