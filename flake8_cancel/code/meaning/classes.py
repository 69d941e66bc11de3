"""Exception classes: what ``except`` and ``isinstance`` name, and their base classes."""

from __future__ import annotations

import ast
import builtins

from flake8_cancel.code import api
from flake8_cancel.code.meaning.definitions import Definitions
from flake8_cancel.code.meaning.names import Names
from flake8_cancel.code.meaning.scopes import Survey

_MOST_BASES = 50


class Classes:
    """Answers what classes are named and how they derive; each answer is kept.

    Args:
        survey: what the walk over the module found.
        names: the names of the module.
        definitions: the definitions of the module.
        target: the oldest Python the module must run on.
    """

    def __init__(self, survey: Survey, names: Names, definitions: Definitions, target: api.Version) -> None:
        self._survey = survey
        self._names = names
        self._definitions = definitions
        self._target = target
        self._bases: dict[str, tuple[str | None, ...] | None] = {}
        self._local: dict[str, list[ast.ClassDef]] | None = None

    def names(self, expression: ast.expr | None) -> tuple[str | None, ...]:
        """Return the qualified names of a class or a tuple of classes; see ``Module.names``."""
        found: list[str | None] = []
        waiting = [expression] if expression else []
        seen: set[ast.expr] = set()
        while waiting:
            part = self._names.constant(waiting.pop())
            if part is None:
                found.append(None)
            elif part in seen:
                continue
            elif isinstance(part, (ast.Tuple, ast.List)):
                waiting.extend(reversed(part.elts))
            elif isinstance(part, ast.Starred):
                waiting.append(part.value)
            elif isinstance(part, ast.BinOp) and isinstance(part.op, (ast.Add, ast.BitOr)):
                waiting.extend((part.right, part.left))
            else:
                found.append(self._name(part))
            if part:
                seen.add(part)
        return tuple(found)

    def bases(self, name: str) -> tuple[str | None, ...] | None:
        """Return the qualified names of all base classes of an exception class; see ``Module.bases``."""
        if name not in self._bases:
            local = self._local_class(name)
            self._bases[name] = self._bases_of(local) if local else self._known_bases(name)
        return self._bases[name]

    def _name(self, expression: ast.expr) -> str | None:
        if isinstance(expression, ast.Call):
            name = self._names.name(expression.func) or ""
            # Projects pass it on under its own name.
            return api.CANCELLED if name.rpartition(".")[2] in api.CANCELLED_MAKERS else None
        definition = self._definitions.definition(expression)
        if isinstance(definition, ast.ClassDef):
            return f".{self._definitions.qualname(definition)}"
        return self._names.name(expression)

    def _bases_of(self, owner: ast.ClassDef) -> tuple[str | None, ...]:
        """Return the bases of a class of this file, by width: near ones first."""
        found: dict[str | None, None] = {}
        waiting = [owner]
        while waiting and len(found) < _MOST_BASES:
            one = waiting.pop(0)
            for expression in one.bases:
                for base in self.names(expression) or (None,):
                    if base in found:
                        continue
                    found[base] = None
                    local = self._local_class(base) if base else None
                    if local:
                        waiting.append(local)
                    elif base:
                        found.update(dict.fromkeys(self._known_bases(base) or (None,)))
        found.pop(f".{self._definitions.qualname(owner)}", None)
        found.pop("builtins.object", None)
        return tuple(found)

    def _known_bases(self, name: str) -> tuple[str | None, ...] | None:
        """Return the bases of a class that is not of this file."""
        if self._target >= api.TIMEOUT_ALIASES.get(name, (99, 0)):
            return ("builtins.TimeoutError", *_builtin_bases("TimeoutError"))
        found: list[str | None] = []
        for _ in range(_MOST_BASES):
            if name not in api.EXCEPTION_BASES:
                break
            found.extend(api.EXCEPTION_BASES[name])
            name = api.EXCEPTION_BASES[name][-1]
        module, _, word = name.partition(".")
        if module == "builtins" and isinstance(getattr(builtins, word, None), type):
            found.extend(base for base in _builtin_bases(word) if base not in found)
            return tuple(found)
        return tuple(found) if found else None

    def _local_class(self, name: str) -> ast.ClassDef | None:
        if not name.startswith("."):
            return None
        if self._local is None:
            self._local = {}
            for one in self._survey.classes:
                self._local.setdefault(f".{self._definitions.qualname(one)}", []).append(one)
        found = self._local.get(name, [])
        return found[0] if len(found) == 1 else None


def _builtin_bases(word: str) -> tuple[str, ...]:
    return tuple(f"builtins.{base.__name__}" for base in getattr(builtins, word).__mro__[1:-1])
