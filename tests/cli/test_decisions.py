"""The command reports what flake8 with the plugin reports, and takes no other plugin on board."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import CODE, python, run

FORMAT = "--format=%(path)s:%(row)d:%(col)d: %(code)s %(text)s"
FILE_NOQA = "# flake8: noqa\n" + CODE
LINE_NOQA = CODE.replace("cancel_all()", "cancel_all()  # noqa: CNL201")
OTHER_NOQA = CODE.replace("cancel_all()", "cancel_all()  # noqa: E501")
STATEMENT_NOQA = CODE.replace("cancel_all()", "cancel_all() or \\\n            print()  # noqa")
STRICT = CODE + (
    """

async def waits(function):
    task = asyncio.create_task(function())
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
"""
)
FILES = {
    "a.py": CODE,
    "file_noqa.py": FILE_NOQA,
    "line_noqa.py": LINE_NOQA,
    "other_noqa.py": OTHER_NOQA,
    "statement_noqa.py": STATEMENT_NOQA,
    "strict.py": STRICT,
    "script.pyw": CODE,
    "crlf.py": LINE_NOQA.replace("\n", "\r\n") + CODE.replace("\n", "\r\n"),
    "inner/b.py": CODE,
    "inner/folder.py/c.py": CODE,
    ".tox/d.py": CODE,
    "build/e.py": CODE,
}
CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "nothing": ("", ()),
    "ignore": ("ignore = E203", ()),
    "ignore ours": ("ignore = CNL2", ()),
    "select others": ("select = E,F", ()),
    "select one": ("select = CNL201", ()),
    "longest prefix wins": ("select = CNL2\nextend-ignore = CNL201", ()),
    "strict in the configuration": ("extend-select = CNL9", ()),
    "strict on the command line": ("", ("--select", "CNL901")),
    "per-file-ignores": ("per-file-ignores =\n    inner/*: CNL201\n    a.py: CNL", ()),
    "exclude": ("exclude = build", ()),
    "extend-exclude": ("", ("--extend-exclude", "build,inner")),
    "exclude a named file": ("exclude = a.py", ("a.py", "inner")),
    "filename": ("filename = *.pyw", ()),
    "a named file needs no filename pattern": ("", ("script.pyw", "build")),
    "disable-noqa": ("", ("--disable-noqa",)),
    "isolated": ("ignore = CNL", ("--isolated",)),
    "another configuration": ("ignore = CNL", ("--config", "other.ini")),
    "one more configuration": ("", ("--append-config", "other.ini")),
    "options of other plugins": ("inline-quotes = double\nmax-complexity = 3", ()),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with code that the options of flake8 look at in many ways."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    (tmp_path / "other.ini").write_text("[flake8]\nextend-exclude = inner\n")
    return tmp_path


@pytest.mark.parametrize(("configuration", "arguments"), CASES.values(), ids=CASES.keys())
def test_the_same_decisions_as_flake8(project: Path, configuration: str, arguments: tuple[str, ...]) -> None:
    (project / ".flake8").write_text(f"[flake8]\n{configuration}\n")
    theirs = python(project, "-m", "flake8", FORMAT, *arguments)
    ours = run(project, FORMAT, *arguments)
    assert ours.stderr == theirs.stderr == b""
    expected = [line for line in theirs.stdout.decode().splitlines() if " CNL" in line]
    assert ours.stdout.decode().splitlines() == expected
    assert ours.returncode == bool(expected)


def test_the_cases_are_not_all_silent(project: Path) -> None:
    found = run(project, FORMAT).stdout.decode()
    for name in ("a.py", "other_noqa.py", "strict.py", "inner/folder.py/c.py", "crlf.py"):
        assert f"./{name}:" in found
    for name in ("file_noqa.py", "line_noqa.py", "statement_noqa.py", ".tox/d.py"):
        assert f"./{name}:" not in found


@pytest.mark.parametrize("name", ["setup.cfg", "tox.ini", ".flake8"])
def test_every_configuration_file_of_flake8_is_read(project: Path, name: str) -> None:
    (project / name).write_text("[flake8]\nignore = CNL\n")
    assert run(project).returncode == 0


def test_standard_input_is_judged_by_its_display_name(project: Path) -> None:
    (project / ".flake8").write_text("[flake8]\nper-file-ignores = inner/*: CNL201\n")
    assert run(project, "--stdin-display-name", "inner/x.py", "-", stdin=CODE.encode()).returncode == 0
    done = run(project, FORMAT, "--stdin-display-name", "outer/x.py", "-", stdin=CODE.encode())
    assert done.stdout.startswith(b"outer/x.py:7:9: CNL201 ")
    assert done.returncode == 1


def test_no_other_plugin_is_imported(project: Path) -> None:
    script = (
        "import sys\n"
        "from flake8_cancel.cli.main import main\n"
        "assert main(['a.py']) == 1\n"
        "print(*{'pycodestyle', 'pyflakes', 'mccabe', 'libcst', 'multiprocessing'} & set(sys.modules), file=sys.stderr)"
    )
    done = python(project, "-c", script)
    assert done.stderr.strip() == b""
    assert done.returncode == 0


def test_local_plugins_are_not_imported(project: Path) -> None:
    (project / "broken.py").write_text("raise SystemExit('imported')\n")
    (project / ".flake8").write_text("[flake8:local-plugins]\nextension = XYZ = broken:Plugin\npaths = .\n")
    assert b"imported" in python(project, "-m", "flake8", "a.py").stderr
    assert run(project, "a.py").stdout.startswith(b"a.py:7:9: CNL201 ")


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        ("[flake8]\nignore = E203 # comment", "'#'"),
        ("[flake8]\nper-file-ignores = nonsense", "per-file-ignores"),
        ("[flake8]\nignore = E1\nignore = E2", "already exists"),
        ("[flake8]\njobs = many", "--jobs"),
        ("[flake8]\ncancel-target-version = old", "--cancel-target-version"),
    ],
)
def test_a_wrong_configuration(project: Path, configuration: str, reason: str) -> None:
    (project / "wrong.ini").write_text(configuration)
    done = run(project, "--config", "wrong.ini")
    last = done.stderr.decode().splitlines()[-1]
    assert last.startswith("flake8-cancel: ")
    assert reason in last
    assert b"Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_missing_configuration(project: Path) -> None:
    done = run(project, "--config", "nowhere.ini")
    assert done.stderr == b"flake8-cancel: The specified config file does not exist: nowhere.ini\n"
    assert done.returncode == 2


def test_a_wrong_pyproject_is_named_once(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.flake8-cancel]\ntarget-version = 3.11\n")
    done = run(project)
    assert done.stderr.count(b"pyproject.toml: ") == done.stderr.count(b"\n") == 1
    assert done.returncode == 2
