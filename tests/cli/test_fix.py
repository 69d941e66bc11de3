"""``--fix``, ``--diff`` and standard input."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import CODE, SWALLOWS, only_line, run

LARGE = CODE + "# a comment that makes the file larger\n" * 30_000


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    return tmp_path


def test_a_safe_fix_is_written(project: Path) -> None:
    done = run(project, "--fix", "a.py")
    assert done.stdout == b"fixed 1 finding in 1 file\n"
    assert (done.returncode, done.stderr) == (0, b"")
    assert "cancel_all" not in (project / "a.py").read_text()
    assert run(project, "a.py").returncode == 0


def test_an_unsafe_fix_waits_for_its_option(project: Path) -> None:
    path = project / "b.py"
    path.write_text(SWALLOWS)
    done = run(project, "--fix", "b.py")
    assert done.stdout.endswith(b"\n1 finding in 1 file, 1 fixable with --fix --unsafe-fixes\n")
    assert (done.returncode, path.read_text()) == (1, SWALLOWS)
    done = run(project, "--fix", "--unsafe-fixes", "b.py")
    assert (done.returncode, done.stdout) == (0, b"fixed 1 finding in 1 file\n")
    assert path.read_text() == SWALLOWS.replace('("stopped")\n', '("stopped")\n        raise\n')


def test_what_is_not_selected_is_not_fixed(project: Path) -> None:
    (project / "noqa.py").write_text(CODE.replace("cancel_all()", "cancel_all()  # noqa"))
    for arguments in (("--ignore", "CNL201", "a.py"), ("noqa.py",), ("--exclude", "a.py", "a.py")):
        done = run(project, "--fix", *arguments)
        assert (done.returncode, done.stdout) == (0, b"")
    assert (project / "a.py").read_text() == CODE


@pytest.mark.parametrize("arguments", [("--unfixable", "CNL201"), ("--fixable", "CNL1"), ("--fixable", "CNL1,CNL3")])
def test_codes_may_be_kept_from_fixing(project: Path, arguments: tuple[str, ...]) -> None:
    done = run(project, "--fix", *arguments, "a.py")
    assert done.stdout.startswith(b"a.py:7:9: CNL201 ")
    assert done.returncode == 1
    assert (project / "a.py").read_text() == CODE


def test_fixable_takes_beginnings(project: Path) -> None:
    assert run(project, "--fix", "--fixable", "CNL1,CNL20", "a.py").returncode == 0


def test_a_fix_may_be_made_to_fail_the_run(project: Path) -> None:
    assert run(project, "--fix", "--exit-non-zero-on-fix", "a.py").returncode == 1
    assert run(project, "--fix", "--exit-non-zero-on-fix", "a.py").returncode == 0


def test_exit_zero(project: Path) -> None:
    assert run(project, "--exit-zero", "a.py").returncode == 0


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_diff_is_what_fixing_would_do_and_writes_nothing(project: Path, end: str) -> None:
    before = (CODE.replace("\n", end) if end else CODE.rstrip("\n")).encode()
    (project / "a.py").write_bytes(before)
    done = run(project, "--diff", "a.py")
    assert done.stderr == b"would fix 1 finding\n"
    assert done.returncode == 1
    assert (project / "a.py").read_bytes() == before
    subprocess.run(["git", "apply", "-p0", "--whitespace=nowarn"], cwd=project, input=done.stdout, check=True)
    patched = (project / "a.py").read_bytes()
    (project / "a.py").write_bytes(before)
    run(project, "--fix", "a.py")
    assert (project / "a.py").read_bytes() == patched != before


def test_diff_wins_over_fix(project: Path) -> None:
    assert run(project, "--fix", "--diff", "a.py").stdout.startswith(b"--- a.py\n+++ a.py\n")
    assert (project / "a.py").read_text() == CODE


def test_a_diff_of_nothing(project: Path) -> None:
    done = run(project, "--diff", "--ignore", "CNL", "a.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_standard_input_is_checked(project: Path) -> None:
    done = run(project, "-", stdin=CODE.encode())
    assert done.stdout.startswith(b"stdin:7:9: CNL201 ")
    assert done.returncode == 1


def test_standard_input_is_fixed_to_standard_output(project: Path) -> None:
    run(project, "--fix", "a.py")
    done = run(project, "--fix", "-", stdin=CODE.encode())
    assert done.stdout == (project / "a.py").read_bytes()
    assert done.stderr == b"fixed 1 finding in 1 file\n"
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    [
        (b"import asyncio\r\n", (), 0),
        (b"x = (\n", (), 2),
        (b"\xff\n", (), 2),
        (CODE.encode(), ("--unfixable", "CNL"), 1),
        (CODE.encode(), ("--exclude", "x.py", "--stdin-display-name", "x.py"), 0),
        (b"# flake8: noqa\n" + CODE.encode(), (), 0),
    ],
)
def test_standard_input_that_is_not_fixed_goes_through(
    project: Path, text: bytes, arguments: tuple[str, ...], code: int
) -> None:
    done = run(project, "--fix", *arguments, "-", stdin=text)
    assert (done.stdout, done.returncode) == (text, code)


def test_a_large_file_is_fixed_when_it_is_named(project: Path) -> None:
    (project / "large").mkdir()
    large = project / "large" / "b.py"
    large.write_text(LARGE)
    done = run(project, "--fix", "large")
    told = f"{os.path.join('large', 'b.py')}: larger than 1 MB and not fixed; to fix it, name it on the command line"
    assert only_line(done.stderr) == told
    assert done.returncode == 1
    assert large.read_text() == LARGE
    done = run(project, "--fix", "large/b.py")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "cancel_all" not in large.read_text()


def test_a_file_with_two_names_is_fixed_once(project: Path) -> None:
    (project / "b.py").symlink_to("a.py")
    assert run(project, "--fix").stdout == b"fixed 1 finding in 1 file\n"
    assert (project / "b.py").is_symlink()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_many_files_are_fixed(project: Path, jobs: str) -> None:
    for number in range(40):
        (project / f"f{number}.py").write_text(CODE)
    done = run(project, "--fix", "--jobs", jobs)
    assert done.stdout == b"fixed 41 findings in 41 files\n"
    assert (done.returncode, done.stderr) == (0, b"")
    assert not [path for path in project.glob("*.py") if "cancel_all" in path.read_text()]
    assert len(list(project.iterdir())) == 42
