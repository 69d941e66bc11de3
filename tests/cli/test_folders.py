"""What is remembered of folders: the files that are found are those that are there."""

from __future__ import annotations

import argparse
import os
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from flake8_cancel.cli import files, store
from flake8_cancel.cli.arguments import parse

_LOOKED: list[str] = []
sys.addaudithook(lambda event, arguments: _LOOKED.append(arguments[0]) if event == "os.scandir" else None)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree of which all folders are remembered."""
    root = tmp_path / "tree"
    for name in ("a.py", "notes.txt", "inner/b.py", "inner/deep/c.py", "build/d.py", "empty/nothing.txt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(root)
    # A tick of the clock, not two seconds, so that a test need not wait for these.
    monkeypatch.setattr(store, "_SETTLED", 0.02)
    _settle()
    _found(_options())
    _settle()
    _found(_options())
    return root


def test_a_folder_that_did_not_change_is_not_looked_into(tree: Path) -> None:
    _LOOKED.clear()
    assert _found(_options()) == ["./a.py", "./inner/b.py", "./inner/deep/c.py"]
    assert set(_LOOKED) <= {"./.cache/"}


CHANGES: dict[str, Callable[[Path], object]] = {
    "a new file": lambda root: (root / "inner" / "deep" / "new.py").touch(),
    "a new file where there was none": lambda root: (root / "empty" / "new.py").touch(),
    "a file less": lambda root: (root / "inner" / "b.py").unlink(),
    "another name": lambda root: (root / "inner" / "b.py").rename(root / "inner" / "z.py"),
    "a name that counts": lambda root: (root / "notes.txt").rename(root / "notes.py"),
    "a folder that moved": lambda root: (root / "inner" / "deep").rename(root / "elsewhere"),
    "a new folder": lambda root: [(root / "more").mkdir(), (root / "more" / "x.py").touch()],
    "a folder in the place of a file": lambda root: [(root / "a.py").unlink(), (root / "a.py").mkdir()],
    "a time set back": lambda root: [
        (root / "inner" / "new.py").touch(),
        os.utime(root / "inner", ns=(0, (root / "build").stat().st_mtime_ns)),
    ],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_seen(tree: Path, change: Callable[[Path], object]) -> None:
    before = _found(_options())
    change(tree)
    afresh = _found(_options("--no-cache"))
    assert _found(_options()) == afresh != before
    _settle()
    assert _found(_options()) == _found(_options()) == afresh


def test_a_link_that_leads_elsewhere_is_seen(tree: Path) -> None:
    (tree / "outside").touch()
    (tree / "inner" / "link.py").symlink_to(tree / "outside")
    _settle()
    assert all("./inner/link.py" in _found(_options()) for _ in range(2))
    (tree / "outside").unlink()
    (tree / "outside").mkdir()
    assert "./inner/link.py" not in _found(_options())


@pytest.mark.parametrize("arguments", [["--exclude=inner"], ["--filename=*.txt"], ["--extend-exclude=./a.py"]])
def test_other_patterns_are_seen(tree: Path, arguments: list[str]) -> None:
    afresh = _found(_options("--no-cache", *arguments))
    assert _found(_options(*arguments)) == afresh != _found(_options())


def test_from_another_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "inner" / "inner").mkdir()
    (tree / "inner" / "inner" / "e.py").touch()
    assert _found(_options("inner")) == ["inner/b.py", "inner/deep/c.py", "inner/inner/e.py"]
    _settle()
    _found(_options("inner", f"--cache-dir={tree / '.cache'}"))
    monkeypatch.chdir(tree / "inner")
    assert _found(_options("inner", f"--cache-dir={tree / '.cache'}")) == ["inner/e.py"]


def test_what_is_kept_is_written_once(tree: Path) -> None:
    (kept,) = (tree / ".cache").glob("folders-*.json")
    before = kept.stat().st_ino
    _settle()
    _found(_options())
    _found(_options())
    assert kept.stat().st_ino == before


@pytest.mark.parametrize("damage", ["{}", "[]", '{"./":[]}', "{}\n./\nSTAMP", "{}\n./\nSTAMP/x", '{"./":null}'])
def test_a_damaged_memory_is_none(tree: Path, damage: str) -> None:
    (kept,) = (tree / ".cache").glob("folders-*.json")
    data = damage.replace("STAMP", store.stamp_of(os.stat("./"))).encode()
    head = kept.read_bytes().partition(b"\n")[0]
    kept.write_bytes(f"{zlib.crc32(data):08x}".encode() + head[8:] + b"\n" + data)
    assert _found(_options()) == ["./a.py", "./inner/b.py", "./inner/deep/c.py"]


def _options(*arguments: str) -> argparse.Namespace:
    return parse(["--extend-exclude=build", "--cache-dir=.cache", *arguments])


def _found(options: argparse.Namespace) -> list[str]:
    paths, closed, _ = files.find(options)
    assert closed == []
    return paths


def _settle() -> None:
    time.sleep(0.05)
