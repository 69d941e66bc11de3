"""The files that are found are those that flake8 finds."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest
from flake8.discover_files import expand_paths

from flake8_cancel.cli import files

FILES = (
    "a.py",
    "b.pyw",
    "build/a.py",
    "build/deep/b.py",
    "src/build.py",
    "src/x.egg/a.py",
    "src/UPPER.PY",
    "src/.hidden/a.py",
    "src/[odd]/a*b.py",
    "src/new\nline.py",
)
PATHS = (
    ["."],
    ["src"],
    ["./src/"],
    ["src/../build"],
    ["a.py", "b.pyw", "missing.py"],
    ["src", "src/build.py"],
    ["-"],
    [".."],
)
EXCLUDED = (
    [],
    ["build"],
    ["*.egg", ".hidden"],
    ["{root}/build"],
    ["{root}/src/*"],
    ["*/deep/*"],
    ["a.py"],
    ["src"],
    ["[b]*"],
    ["."],
)
WANTED = (["*.py"], ["*.py", "*.pyw"], ["src/*"], ["*"], [])


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "tree"
    for name in FILES:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (root / "src" / "link.py").symlink_to(root / "a.py")
    (root / "src" / "folder").symlink_to(root / "build")
    monkeypatch.chdir(root)
    return root


@pytest.mark.parametrize("wanted", WANTED, ids=str)
@pytest.mark.parametrize("excluded", EXCLUDED, ids=str)
def test_finds_what_flake8_finds(tree: Path, excluded: list[str], wanted: list[str]) -> None:
    patterns = [pattern.format(root=tree) for pattern in excluded]
    for paths in PATHS:
        for name in ("stdin", "a.py", "build/x.py"):
            options = argparse.Namespace(
                filenames=paths,
                exclude=patterns,
                extend_exclude=[],
                filename=wanted,
                stdin_display_name=name,
                fix=False,
                no_cache=True,
                cache_dir="",
            )
            found, closed, _ = files.find(options)
            theirs = expand_paths(paths=paths, stdin_display_name=name, filename_patterns=wanted, exclude=patterns)
            once = {os.path.abspath(path): path for path in reversed(list(theirs))}
            assert found == sorted(once.values())
            assert closed == []
