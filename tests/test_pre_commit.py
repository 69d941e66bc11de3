"""The hooks through the real pre-commit: ours, and flake8's with the plugin as an additional dependency."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import CODE

ROOT = Path(__file__).parents[1]
PROJECT = ("flake8_cancel", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
FLAKE8 = """\
repos:
  - repo: local
    hooks:
      - id: flake8
        name: flake8
        entry: flake8
        language: python
        types: [python]
        require_serial: true
        additional_dependencies: ["flake8", "{path}"]
"""


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of the project as it stands here, committed or not."""
    repository = tmp_path_factory.mktemp("hooks")
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, repository / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, repository / name)
    return committed(repository)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An empty home for pre-commit, so that what is installed is what stands here."""
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT", "PYTHON"))
    }
    return {**outside, "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("home"))}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's repository with one file to be fixed."""
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    return committed(tmp_path)


def committed(folder: Path) -> Path:
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "All")):
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)
    return folder


def pre_commit(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", *arguments, "--all-files", "--color", "never"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


def test_the_hook_that_checks(hooks: Path, environment: dict[str, str], project: Path) -> None:
    done = pre_commit(project, environment, "try-repo", str(hooks), "flake8-cancel")
    assert "\na.py:7:9: CNL201 " in done.stdout, done.stdout
    assert "- exit code: 1" in done.stdout
    assert (done.returncode, (project / "a.py").read_text()) == (1, CODE)


def test_the_hook_that_fixes(hooks: Path, environment: dict[str, str], project: Path) -> None:
    done = pre_commit(project, environment, "try-repo", str(hooks), "flake8-cancel-fix")
    assert "- files were modified by this hook" in done.stdout, done.stdout
    assert "fixed 1 finding in 1 file" in done.stdout
    assert "cancel_all" not in (project / "a.py").read_text()
    again = pre_commit(project, environment, "try-repo", str(hooks), "flake8-cancel-fix")
    assert again.returncode == 0, again.stdout


def test_the_plugin_in_the_hook_of_flake8(hooks: Path, environment: dict[str, str], project: Path) -> None:
    (project / ".pre-commit-config.yaml").write_text(FLAKE8.format(path=hooks))
    done = pre_commit(project, environment, "run")
    assert "\na.py:7:9: CNL201 " in done.stdout, done.stdout
    assert done.returncode == 1
