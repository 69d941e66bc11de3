"""The plugin through the front door: the real flake8, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import flake8_cancel

# CNL201 in line 6, CNL901 from line 11 on.
CODE = """\
import asyncio


async def stops():
    async with asyncio.TaskGroup() as group:
        group.cancel_all()


async def waits(function):
    task = asyncio.create_task(function())
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
"""
API, STRICT = "CNL201", "CNL901"
CONFIGURATION_FILES = ("setup.cfg", "tox.ini", ".flake8")

# A worker process that is spawned, as on macOS and Windows, sets the plugin up anew.
SPAWNING = """\
import multiprocessing
import sys

from flake8.main.cli import main

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with one file of code, and a pyproject.toml so that none further up is looked at."""
    (tmp_path / "code.py").write_text(CODE)
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    return tmp_path


def flake8(folder: Path, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return run(folder, "-m", "flake8", *arguments, text=text)


def run(folder: Path, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, timeout=120)


def codes(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The codes that flake8 reports of ours, in order; anything on stderr is a failure."""
    assert done.stderr == ""
    found = [line.split(" ", 2)[1] for line in done.stdout.splitlines()]
    assert done.returncode == bool(found)
    return [code for code in found if code.startswith("CNL")]


def configure(folder: Path, lines: str, name: str = ".flake8") -> None:
    (folder / name).write_text(f"[flake8]\n{lines}\n")


def test_a_finding_is_reported(project: Path) -> None:
    done = flake8(project)
    assert done.stdout.startswith("./code.py:6:9: CNL201 ")
    assert done.stdout.count("\n") == 1
    assert done.returncode == 1


def test_columns_count_characters_from_one(project: Path) -> None:
    (project / "code.py").write_text(
        "import asyncio\n\n\nasync def stops():\n"
        "    async with asyncio.TaskGroup() as group:\n        'é本😀'; group.cancel_all()\n",
        encoding="utf-8",
    )
    assert flake8(project, "--select", "CNL").stdout.startswith("./code.py:6:16: CNL201 ")


def test_standard_input_is_checked(project: Path) -> None:
    assert flake8(project, "-", text=CODE).stdout.startswith("stdin:6:9: CNL201 ")
    named = flake8(project, "--stdin-display-name", "else/where.py", "-", text=CODE)
    assert named.stdout.startswith("else/where.py:6:9: CNL201 ")


def test_the_version_is_shown(project: Path) -> None:
    assert f"flake8-cancel: {flake8_cancel.__version__}" in flake8(project, "--version").stdout.replace("\n", " ")


# --- selection is flake8's ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONFIGURATION_FILES)
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("select = E,F", []),
        ("select = CNL2", [API]),
        ("ignore = CNL201", []),
        ("extend-ignore = CNL2", []),
        ("extend-select = CNL9", [API, STRICT]),
        ("per-file-ignores =\n    code.py: CNL201", []),
        ("per-file-ignores =\n    other.py: CNL201", [API]),
        ("exclude = code.py", []),
    ],
)
def test_configuration_acts_as_for_any_plugin(project: Path, name: str, lines: str, expected: list[str]) -> None:
    configure(project, lines, name)
    assert codes(flake8(project)) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--select", "E,F"], []),
        (["--select", "CNL"], [API]),
        (["--ignore", "CNL"], []),
        (["--extend-ignore", "CNL201"], []),
        (["--select", "CNL,CNL9", "--ignore", "CNL2"], [STRICT]),
        (["--per-file-ignores", "code.py:CNL201"], []),
    ],
)
def test_arguments_act_as_for_any_plugin(project: Path, arguments: list[str], expected: list[str]) -> None:
    assert codes(flake8(project, *arguments)) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "group.cancel_all()  COMMENT",
        "group.cancel_all(  COMMENT\n        )",
        'group.cancel_all("""\n        """)  COMMENT',
        "group. \\\n            cancel_all()  COMMENT",
    ],
    ids=["one line", "first of a bracket", "last of a string", "last of a continued line"],
)
def test_noqa_acts_where_flake8_lets_it(project: Path, statement: str) -> None:
    expected = {"# noqa": [], "# noqa: CNL201": [], "# noqa: CNL": [], "# noqa: E501": [API]}
    for comment, found in expected.items():
        (project / "code.py").write_text(CODE.replace("group.cancel_all()", statement.replace("COMMENT", comment)))
        assert codes(flake8(project)) == found
    assert codes(flake8(project, "--disable-noqa")) == [API]


def test_a_file_can_be_left_out_by_a_comment(project: Path) -> None:
    (project / "code.py").write_text("# flake8: noqa\n" + CODE)
    assert codes(flake8(project)) == []


# --- the strict codes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(
    ("lines", "arguments", "speaks"),
    [
        ("", [], False),
        ("ignore = E203", [], False),
        ("select = E,F,CNL", [], False),
        ("extend-select = CNL", [], False),
        ("", ["--select", "CNL"], False),
        ("extend-select = CNL9", [], True),
        ("ignore = E203\nextend-select = CNL9", [], True),
        ("select = E,CNL901", [], True),
        ("", ["--select", "CNL901"], True),
        ("", ["--extend-select", "CNL9"], True),
    ],
)
def test_strict_codes_speak_when_they_are_named(
    project: Path, lines: str, arguments: list[str], speaks: bool, jobs: str
) -> None:
    # flake8 starts worker processes for two files and more.
    (project / "second.py").write_text(CODE)
    configure(project, lines)
    found = codes(flake8(project, "--jobs", jobs, *arguments))
    assert found.count(STRICT) == (2 if speaks else 0)


def test_options_reach_workers_that_are_spawned(project: Path) -> None:
    (project / "second.py").write_text(CODE)
    (project / "spawning").mkdir()
    (project / "spawning" / "main.py").write_text(SPAWNING)
    configure(project, "exclude = spawning\nselect = CNL901")
    assert codes(run(project, "spawning/main.py", "--jobs", "2")) == [STRICT, STRICT]


# --- our options ----------------------------------------------------------------------------------------------------


def test_options_are_documented(project: Path) -> None:
    help_text = flake8(project, "--help").stdout
    for option in ("--cancel-target-version", "--cancel-cleanup-calls", "--cancel-resource-makers"):
        assert option in help_text


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_target_decides(project: Path, jobs: str) -> None:
    # TaskGroup.cancel() is new in 3.15.
    for name in ("code.py", "second.py"):
        (project / name).write_text(CODE.replace("cancel_all", "cancel"))
    assert codes(flake8(project, "--jobs", jobs)) == [API, API]

    assert codes(flake8(project, "--jobs", jobs, "--cancel-target-version", "3.15")) == []

    (project / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.15"\n')
    assert codes(flake8(project, "--jobs", jobs)) == []

    for name in CONFIGURATION_FILES:
        configure(project, "cancel-target-version = 3.11", name)
        assert codes(flake8(project, "--jobs", jobs)) == [API, API]
        (project / name).unlink()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_wrong_pyproject_is_one_clear_line(project: Path, jobs: str) -> None:
    (project / "second.py").write_text(CODE)
    (project / "pyproject.toml").write_text("[tool.flake8-cancel]\nselect = ['CNL']\n")
    done = flake8(project, "--jobs", jobs)
    assert done.returncode == 1
    assert done.stderr == ""
    header, message = done.stdout.splitlines()
    assert header == "There was a critical error during execution of Flake8:"
    assert message.startswith(f"{project / 'pyproject.toml'}: [tool.flake8-cancel] has no key 'select'")


@pytest.mark.parametrize("place", ["argument", "configuration"])
def test_a_wrong_option_is_one_clear_line(project: Path, place: str) -> None:
    if place == "configuration":
        configure(project, "cancel-target-version = new")
    done = flake8(project, *(["--cancel-target-version", "new"] if place == "argument" else []))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error: argument --cancel-target-version: invalid python_version value: 'new'" in done.stderr
    assert "Traceback" not in done.stderr


# --- what it costs --------------------------------------------------------------------------------------------------


def test_importing_the_plugin_loads_nothing_slow(project: Path) -> None:
    program = (
        "import sys; import flake8.main.application; before = set(sys.modules);"
        "import flake8_cancel.plugin; print(*sorted(set(sys.modules) - before))"
    )
    assert run(project, "-c", program).stdout.split() == [
        "flake8_cancel",
        "flake8_cancel.code",
        "flake8_cancel.code.api",
        "flake8_cancel.plugin",
        "flake8_cancel.settings",
    ]


def test_checking_a_file_loads_neither_libcst_nor_the_command(project: Path) -> None:
    program = (
        "import sys; from flake8.main.cli import main; main(['--jobs=1', '--extend-select=CNL9']);"
        "print(*sorted(sys.modules))"
    )
    *findings, modules = run(project, "-c", program).stdout.splitlines()
    assert len(findings) == 2
    loaded = modules.split()
    assert "flake8_cancel.registry" in loaded
    unwanted = ("libcst", "flake8_cancel.cli", "flake8_cancel.fix", "flake8_cancel.codemod")
    assert [name for name in loaded if name.startswith(unwanted)] == []
