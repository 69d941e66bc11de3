"""What the user told: flake8's options, then the nearest pyproject.toml, then the running Python."""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_cancel.code.api import Facts, Version
from flake8_cancel.settings import SettingsError, facts_for, lower_bound, python_version

RUNNING = sys.version_info[:2]
NOTHING_GIVEN = argparse.Namespace(cancel_target_version=None, cancel_cleanup_calls=None, cancel_resource_makers=None)
EVERYTHING_GIVEN = argparse.Namespace(
    cancel_target_version=(3, 9), cancel_cleanup_calls=["halt"], cancel_resource_makers=["Pool.take"]
)


def facts_with(folder: Path, pyproject: str, options: argparse.Namespace = NOTHING_GIVEN) -> Facts:
    (folder / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    return facts_for(str(folder / "code.py"), options)


@pytest.mark.parametrize(
    ("specifier", "oldest"),
    [
        (">=3.8", (3, 8)),
        (">=3.8,<4", (3, 8)),
        (" < 4 , >= 3.10 ", (3, 10)),
        (">=3.9.2", (3, 9)),
        ("~=3.9", (3, 9)),
        ("~=3.9.1", (3, 9)),
        ("==3.11.*", (3, 11)),
        ("==3.11", (3, 11)),
        (">3.7", (3, 7)),
        (">=3", (3, 0)),
        (">=3.12rc1", (3, 12)),
        (">=3.8,>=3.10", (3, 10)),
        (">=3.9,!=3.9.1", (3, 9)),
        ("<4", None),
        ("!=3.9.*", None),
        ("", None),
        ("3.11", None),
        ("the newest", None),
    ],
)
def test_lower_bound_of_a_specifier(specifier: str, oldest: Version | None) -> None:
    assert lower_bound(specifier) == oldest


@pytest.mark.parametrize("text", ["3", "3.11.2", "py311", "3.x", ""])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="no version of Python"):
        python_version(text)


def test_the_option_wins_over_everything(tmp_path: Path) -> None:
    pyproject = """
        [project]
        requires-python = ">=3.12"
        [tool.flake8-cancel]
        target-version = "3.13"
        cleanup-calls = ["wind_down"]
        resource-makers = ["Pool.lend"]
    """
    expected = Facts((3, 9), frozenset({"halt"}), frozenset({"Pool.take"}))
    assert facts_with(tmp_path, pyproject, EVERYTHING_GIVEN) == expected


def test_the_tool_table_wins_over_requires_python(tmp_path: Path) -> None:
    pyproject = """
        [project]
        requires-python = ">=3.12"
        [tool.flake8-cancel]
        target-version = "3.13"
        cleanup-calls = ["wind_down"]
        resource-makers = ["Pool.lend"]
    """
    expected = Facts((3, 13), frozenset({"wind_down"}), frozenset({"Pool.lend"}))
    assert facts_with(tmp_path, pyproject) == expected


def test_requires_python_is_the_target(tmp_path: Path) -> None:
    assert facts_with(tmp_path, '[project]\nrequires-python = ">=3.8,<4"\n') == Facts(target=(3, 8))


@pytest.mark.parametrize("pyproject", ["", '[project]\nrequires-python = "<4"\n', "[tool.flake8-cancel]\n"])
def test_the_running_python_is_the_target_where_nothing_says_more(tmp_path: Path, pyproject: str) -> None:
    assert facts_with(tmp_path, pyproject) == Facts(target=RUNNING)


def test_the_nearest_file_alone_counts(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    (inner / "deep").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.8"\n')
    assert facts_for(str(inner / "deep" / "code.py"), NOTHING_GIVEN) == Facts(target=(3, 8))

    nearer = tmp_path / "nearer"
    (nearer / "deep").mkdir(parents=True)
    (nearer / "pyproject.toml").write_text("[tool.other]\n")
    assert facts_for(str(nearer / "deep" / "code.py"), NOTHING_GIVEN) == Facts(target=RUNNING)


def test_a_folder_of_that_name_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.8"\n')
    (tmp_path / "inner" / "pyproject.toml").mkdir(parents=True)
    assert facts_for(str(tmp_path / "inner" / "code.py"), NOTHING_GIVEN) == Facts(target=(3, 8))


@pytest.mark.parametrize("name", ["-", "stdin", "not/there/code.py", "code.py"])
def test_a_name_without_a_file_counts_as_one_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.8"\n')
    monkeypatch.chdir(tmp_path)
    assert facts_for(name, NOTHING_GIVEN) == Facts(target=(3, 8))


def test_a_file_is_read_once_for_its_folder(tmp_path: Path) -> None:
    before = facts_with(tmp_path, '[project]\nrequires-python = ">=3.8"\n')
    (tmp_path / "pyproject.toml").unlink()
    assert facts_for(str(tmp_path / "other.py"), NOTHING_GIVEN) == before


@pytest.mark.parametrize(
    ("pyproject", "reason"),
    [
        ("[tool.flake8-cancel]\nselect = ['CNL']\n", "has no key 'select', only target-version, cleanup-calls"),
        ("[tool.flake8-cancel]\ntarget-version = 3.10\n", "target-version in [tool.flake8-cancel] must be a string"),
        ("[tool.flake8-cancel]\ntarget-version = 'new'\n", "'new' is no version of Python such as '3.11'"),
        ("[tool.flake8-cancel]\ncleanup-calls = 'halt'\n", "cleanup-calls in [tool.flake8-cancel] must be a list"),
        ("[tool.flake8-cancel]\nresource-makers = [1]\n", "resource-makers in [tool.flake8-cancel] must be a list"),
        ("[tool]\nflake8-cancel = true\n", "tool.flake8-cancel must be a table"),
        ("tool = 1 # flake8-cancel\n", "tool must be a table"),
        ("[project]\nrequires-python = 3.8\n", "requires-python in [project] must be a string"),
        ("[tool.flake8-cancel\n", "line 1"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_reason(tmp_path: Path, pyproject: str, reason: str) -> None:
    with pytest.raises(SettingsError) as raised:
        facts_with(tmp_path, pyproject)
    message = str(raised.value)
    assert message.startswith(f"{tmp_path / 'pyproject.toml'}: ")
    assert reason in message
    assert "\n" not in message


def test_bytes_that_are_no_text_are_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.flake8-cancel]\n# \xff\n")
    with pytest.raises(SettingsError, match=r"pyproject\.toml: 'utf-8' codec"):
        facts_for(str(tmp_path / "code.py"), NOTHING_GIVEN)


def test_a_broken_file_that_does_not_speak_to_us_is_not_our_business(tmp_path: Path) -> None:
    assert facts_with(tmp_path, "[tool.other\n") == Facts(target=RUNNING)


def test_the_error_can_travel_between_processes() -> None:
    error = pickle.loads(pickle.dumps(SettingsError("pyproject.toml: why")))
    assert isinstance(error, SettingsError)
    assert str(error) == "pyproject.toml: why"


@pytest.mark.parametrize(("pyproject", "loaded"), [("[tool.other]\n", False), ("[tool.flake8-cancel]\n", True)])
def test_the_toml_parser_is_loaded_only_where_a_file_speaks_to_us(tmp_path: Path, pyproject: str, loaded: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(pyproject)
    program = (
        "import argparse, sys; from flake8_cancel.settings import facts_for;"
        "facts_for('code.py', argparse.Namespace("
        "cancel_target_version=None, cancel_cleanup_calls=None, cancel_resource_makers=None));"
        "print('tomllib' in sys.modules or 'tomli' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(loaded)
