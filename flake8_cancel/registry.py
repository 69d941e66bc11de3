"""Finds the rules: every class with a code in a module below ``rules``. There is no list to keep by hand."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel import rules
from flake8_cancel.words import Needs

if TYPE_CHECKING:
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


class Listed(NamedTuple):
    """A rule as the index lists it; it is not imported until something may be found."""

    code: str
    module: str
    name: str
    needs: Needs
    file_needs: Needs

    def load(self) -> Rule:
        """Return the rule."""
        return _rule(self.module, self.name)


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Return every rule, ordered by code."""
    from flake8_cancel.rule import Rule

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
                rule = _rule(value.__module__, value.__name__)
                found.append(Entry(value.code, name.replace("_", "-"), chapter, summary, documentation, rule))
    return tuple(sorted(found, key=lambda entry: entry.code))


@functools.cache
def chosen(strict: bool) -> tuple[Listed, ...]:
    """Return the rules to run.

    Args:
        strict: whether the strict codes (``CNL9xx``) speak too; see ``wants_strict``.
    """
    # Here, not above: the index is written from the rules that this module finds.
    from flake8_cancel.index import ROWS

    return tuple(Listed(*row) for row in ROWS if strict or not row[0].startswith(STRICT))


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


@functools.cache
def _rule(module: str, name: str) -> Rule:
    rule: Rule = getattr(importlib.import_module(module), name)()
    return rule
