"""Finds the rules: every class with a code in a module below ``rules``. There is no list to keep."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from typing import NamedTuple

from flake8_cancel import rules
from flake8_cancel.rule import Rule

STRICT = "CNL9"


class Entry(NamedTuple):
    """A rule and what is derived from its place: ``name`` is the file's, ``chapter`` the folder's."""

    code: str
    name: str
    chapter: str
    summary: str
    documentation: str
    rule: Rule


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Return every rule, ordered by code."""
    found = []
    for module_info in pkgutil.walk_packages(rules.__path__, rules.__name__ + "."):
        if module_info.ispkg:
            continue
        module = importlib.import_module(module_info.name)
        documentation = inspect.getdoc(module) or ""
        chapter, name = module_info.name.split(".")[-2:]
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__:
                summary = documentation.partition("\n")[0]
                found.append(Entry(value.code, name.replace("_", "-"), chapter, summary, documentation, value()))
    return tuple(sorted(found, key=lambda entry: entry.code))


def chosen(strict: bool) -> tuple[Rule, ...]:
    """Return the rules to run.

    Args:
        strict: whether the strict codes (``CNL9xx``) speak too; see ``wants_strict``.
    """
    return tuple(entry.rule for entry in entries() if strict or not entry.code.startswith(STRICT))


def wants_strict(*selections: object) -> bool:
    """Tell whether one of flake8's selections names the strict codes.

    flake8 forgets ``extend_default_ignore`` as soon as a project writes ``ignore =``, and ``--select CNL`` overrules
    it, so only an entry that begins with ``CNL9`` counts.

    Args:
        selections: the values of ``select`` and ``extend_select``: sequences of codes, or None.
    """
    return any(
        str(code).startswith(STRICT) for codes in selections if isinstance(codes, (list, tuple)) for code in codes
    )
