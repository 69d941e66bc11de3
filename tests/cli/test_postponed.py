"""Modules that wait until something of them is asked for, and are themselves from then on."""

from __future__ import annotations

import subprocess
import sys

import pytest

_POSTPONED = ("importlib.metadata", "inspect", "traceback", "platform", "bz2", "lzma")
_BEGINNING = "import sys, importlib; import flake8_cancel.cli.arguments; from types import ModuleType; "


@pytest.mark.parametrize("name", _POSTPONED)
def test_the_command_does_without(name: str) -> None:
    _run(f"assert type(sys.modules[{name!r}]) is not ModuleType")


@pytest.mark.parametrize(
    "asks",
    [
        "import importlib.metadata; assert importlib.metadata.version('flake8')",
        "from importlib.metadata import version; assert version('flake8')",
        "import importlib.metadata._meta",
        "import flake8.plugins.finder as finder; assert finder.find_plugins.__module__ and list("
        "finder.importlib.metadata.distributions())",
        "import inspect; assert list(inspect.signature(len).parameters) == ['obj']",
        "from inspect import *; assert isfunction(lambda: None)",
        "import dataclasses, pydoc, unittest.mock",
        "import logging; logging.Formatter().formatException((None, None, None))",
        "import shutil; assert {'bztar', 'xztar'} <= {name for name, _ in shutil.get_archive_formats()}",
    ],
)
def test_who_asks_gets_the_module(asks: str) -> None:
    _run(asks)


@pytest.mark.parametrize("name", _POSTPONED)
def test_it_makes_place_for_the_module(name: str) -> None:
    _run(
        f"stand_in = sys.modules[{name!r}]; stand_in.__file__; found = importlib.import_module({name!r}); "
        f"assert type(found) is ModuleType and found is not stand_in and found.__file__ == stand_in.__file__"
    )


def test_what_was_read_before_stays() -> None:
    _run("assert sys.modules['inspect'] is was", before="import inspect; was = inspect; ")


def test_an_error_nobody_takes_is_told_as_ever() -> None:
    done = subprocess.run([sys.executable, "-c", _BEGINNING + "1 / 0"], capture_output=True, text=True)
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def _run(program: str, before: str = "") -> None:
    done = subprocess.run([sys.executable, "-c", before + _BEGINNING + program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
