"""The pinned packages: fetched once, kept in a cache, never installed or run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

LIST = Path(__file__).with_name("packages.txt")
# The wheels of one platform, so that everybody checks the same files.
_TAGS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014", "manylinux1")
_PLATFORM = tuple(f"--platform={tag}_x86_64" for tag in _TAGS)
_CHOICE = ("--no-deps", "--only-binary=:all:", "--implementation=cp", "--python-version=3.12", *_PLATFORM)


class FetchError(Exception):
    """A package cannot be fetched; the message names it and says why."""


class Package(NamedTuple):
    """A package of the index in one version."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def listed() -> list[Package]:
    """Return the packages of the list, by name."""
    lines = (line.partition("#")[0].strip() for line in LIST.read_text().splitlines())
    return sorted(Package(*line.split("==")) for line in lines if line)


def default_cache() -> Path:
    """Return the folder where caches live on this machine."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flake8-cancel-ecosystem"


def fetch(package: Package, cache: Path) -> Path:
    """Return the folder that holds the Python files of a package, fetched with pip where it is not there yet.

    Args:
        package: the package.
        cache: the folder to keep it in.

    Raises:
        FetchError: pip does not give it.
    """
    folder = cache / f"{package.name}-{package.version}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        wheel = _download(package, Path(scratch))
        unpacked = Path(scratch) / "unpacked"
        _unpack(wheel, unpacked)
        # At once or not at all: a run that is stopped leaves no half of a package.
        shutil.rmtree(folder, ignore_errors=True)
        unpacked.rename(folder)
    return folder


def _download(package: Package, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", *_CHOICE, f"--dest={folder}", str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        reason = re.sub(r"\s+", " ", done.stderr.strip().rpartition("ERROR: ")[2]) or "pip gave no wheel"
        raise FetchError(f"{package}: {reason}")
    return wheels[0]


def _unpack(wheel: Path, folder: Path) -> None:
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            path = PurePosixPath(name)
            if path.suffix == ".py" and not path.is_absolute() and ".." not in path.parts:
                archive.extract(name, folder)
