"""Says again what the last run said, where nothing has changed of all that it looked at.

That is every file and folder, the configuration and where it might appear, and this program. Neither flake8 nor its
options are needed for that, which take longer to import than thousands of files to be looked at.
"""

from __future__ import annotations

import os
import sys

from flake8_cancel.cli.store import FOLDER, Store, settled_at, stamp_of, status_of

# Not typing's own, which takes longer to import than a run in which nothing changed.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

_CACHE_DIR = "--cache-dir"
_CONFIGURATIONS = ("setup.cfg", "tox.ini", ".flake8")
_PROJECT = "pyproject.toml"
# What was said is kept beside the paths, and no path is empty.
_SAID = ""


def said_before(argv: Sequence[str]) -> tuple[int, bytes] | None:
    """Return the exit code and the output of the last run with these arguments, None where anything has changed.

    Args:
        argv: the arguments, without the command's name.
    """
    try:
        known = _store(argv).load()
        code, _, output = known.pop(_SAID).partition(" ")
        for path, stamp in known.items():
            if _stamp(path) != stamp:
                return None
        return int(code), output.encode("ascii").decode("unicode_escape").encode("latin-1")
    except (OSError, KeyError, AttributeError, ValueError):
        # There may be no working directory any more.
        return None


def may_be_kept(options: argparse.Namespace) -> bool:
    """Tell whether a run does nothing but look at files and say what it found."""
    acts = options.fix or options.diff or options.output_file or options.no_cache
    return not (acts or options.verbose or "-" in options.filenames or sys.stdout is None)


def keep(
    argv: Sequence[str],
    options: argparse.Namespace,
    began: float,
    looked_at: tuple[Iterable[str], Iterable[str]],
    said: tuple[int, bytes],
) -> None:
    """Keep what a run said that found every file as it was remembered.

    Args:
        argv: the arguments.
        options: what became of them.
        began: when the run began: what changed later may have been looked at before.
        looked_at: the files and the folders.
        said: the exit code and the output.
    """
    if options.cache_dir != _folder(argv):
        return
    stamps: dict[str, str] = {}
    for path in _watched(options, *looked_at):
        status = status_of(path)
        stamps[path] = settled_at(began, status)
        if status and not stamps[path]:
            return
    code, output = said
    stamps[_SAID] = f"{code} {output.decode('latin-1').encode('unicode_escape').decode()}"
    _store(argv).save(stamps, anew=True)


def _store(argv: Sequence[str]) -> Store:
    # Where configuration is looked for ends at the home folder.
    terminal = (sys.stdout.encoding, sys.stdout.isatty()) if sys.stdout else None
    circumstances = (list(argv), os.getcwd(), os.path.expanduser("~"), sys.path, sys.version, sys.executable, terminal)
    return Store(_folder(argv), "run", circumstances)


def _folder(argv: Sequence[str]) -> str:
    """Return the folder that the arguments name, as far as they spell it out."""
    found = FOLDER
    for number, argument in enumerate(argv):
        if argument == _CACHE_DIR and number + 1 < len(argv):
            found = argv[number + 1]
        elif argument.startswith(f"{_CACHE_DIR}="):
            found = argument[len(_CACHE_DIR) + 1 :]
    return found


def _stamp(path: str) -> str:
    status = status_of(path)
    return stamp_of(status) if status else ""


def _watched(options: argparse.Namespace, files: Iterable[str], folders: Iterable[str]) -> Iterator[str]:
    """Yield all that a run depends on, be it there or not."""
    files = list(files)
    # What changes most often comes first.
    yield from folders
    yield from sys.path
    yield from filter(None, (options.config, *(options.append_config or ())))
    for folder in _with_those_above({os.getcwd()}):
        yield from (os.path.join(folder, name) for name in _CONFIGURATIONS)
    for folder in _with_those_above({os.path.dirname(os.path.abspath(path)) for path in files}):
        yield os.path.join(folder, _PROJECT)
    yield from own_files()
    yield from files


def own_files() -> Iterator[str]:
    """Yield the files of this program."""
    # In an archive there are none, and that is in sys.path.
    for folder, inner, names in os.walk(os.path.dirname(os.path.dirname(__file__))):
        inner[:] = [name for name in inner if name != "__pycache__"]
        yield from (os.path.join(folder, name) for name in names if name.endswith(".py"))


def _with_those_above(folders: set[str]) -> Iterator[str]:
    waiting, seen = list(folders), set(folders)
    for folder in waiting:
        yield folder
        above = os.path.dirname(folder)
        if above not in seen:
            seen.add(above)
            waiting.append(above)
