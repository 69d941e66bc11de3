"""What annotations say of the values they stand beside."""

from __future__ import annotations

import ast

from flake8_cancel.code.meaning.definitions import Definitions
from flake8_cancel.code.meaning.names import Names
from flake8_cancel.code.meaning.scopes import Survey
from flake8_cancel.code.meaning.values import CLASSES, NONE, Kind, Known, joined

_TYPING = ("typing.", "typing_extensions.", "builtins.", "collections.abc.", "collections.", "weakref.")
_WRAPPERS = frozenset({"Annotated", "ClassVar", "Final", "InitVar", "Required", "NotRequired"})
_SEQUENCES = frozenset(
    {
        "AbstractSet",
        "Collection",
        "Deque",
        "FrozenSet",
        "Iterable",
        "Iterator",
        "List",
        "MutableSequence",
        "MutableSet",
        "Sequence",
        "Set",
        "WeakSet",
        "deque",
        "frozenset",
        "list",
        "set",
    }
)
_MAPPINGS = frozenset(
    {
        "DefaultDict",
        "Dict",
        "Mapping",
        "MutableMapping",
        "OrderedDict",
        "WeakKeyDictionary",
        "WeakValueDictionary",
        "defaultdict",
        "dict",
    }
)
_RESULTS = frozenset({Kind.TASK, Kind.FUTURE, Kind.COROUTINE, Kind.THREAD_FUTURE})
# A union of unions, or a string inside a string, is followed so far.
_DEEPEST = 10


class Annotations:
    """Answers what annotations say.

    Args:
        survey: what the walk over the module found.
        names: the names of the module.
        definitions: the definitions of the module.
    """

    def __init__(self, survey: Survey, names: Names, definitions: Definitions) -> None:
        self._survey = survey
        self._names = names
        self._definitions = definitions
        self._parsed: dict[ast.Constant, ast.expr | None] = {}
        self._known: dict[ast.expr, Known | None] = {}

    def known(self, annotation: ast.expr | None) -> Known | None:
        """Return what a value is that is annotated so, None when the annotation leaves it open."""
        if annotation is None:
            return None
        if annotation not in self._known:
            self._known[annotation] = self._read(annotation, 0)
        return self._known[annotation]

    def _read(self, annotation: ast.expr | None, depth: int) -> Known | None:
        if annotation is None or depth > _DEEPEST:
            return None
        if isinstance(annotation, ast.Constant):
            if annotation.value is None:
                return NONE
            return self._read(self._unquoted(annotation), depth + 1)
        if isinstance(annotation, ast.BinOp):
            return joined((self._read(annotation.left, depth + 1), self._read(annotation.right, depth + 1)))
        if isinstance(annotation, ast.Subscript):
            return self._generic(annotation, depth + 1)
        return self._instance(annotation) or self._plain(self._names.name(annotation) or "")

    def _plain(self, name: str) -> Known | None:
        if name in CLASSES:
            return Known(CLASSES[name])
        module, _, word = name.rpartition(".")
        if f"{module}." in _TYPING:
            if word == "Coroutine":
                return Known(Kind.COROUTINE)
            if word in _SEQUENCES or word in _MAPPINGS:
                return Known(Kind.COLLECTION)
        return None

    def _instance(self, annotation: ast.expr) -> Known | None:
        definition = self._definitions.definition(annotation)
        return Known(Kind.INSTANCE, definition=definition) if isinstance(definition, ast.ClassDef) else None

    def _generic(self, annotation: ast.Subscript, depth: int) -> Known | None:
        name = self._names.name(annotation.value) or ""
        module, _, word = name.rpartition(".")
        inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        instance = self._instance(annotation.value)
        if instance:
            return instance
        plain = self._plain(name)
        if plain and plain.kind in _RESULTS:
            return plain._replace(element=self._read(inner[-1], depth) if inner else None)
        if plain and plain.kind is not Kind.COLLECTION:
            return plain
        if f"{module}." not in _TYPING and name != "dataclasses.InitVar":
            return None
        if word == "Optional":
            return joined((NONE, self._read(inner[0], depth)))
        if word == "Union":
            return joined(self._read(one, depth) for one in inner)
        if word in _WRAPPERS:
            return self._read(inner[0], depth)
        if word in _SEQUENCES:
            return Known(Kind.COLLECTION, self._read(inner[0], depth))
        if word in _MAPPINGS and len(inner) == 2:
            return Known(Kind.COLLECTION, self._read(inner[1], depth), self._read(inner[0], depth))
        if word in ("tuple", "Tuple"):
            if len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is ...:
                return Known(Kind.COLLECTION, self._read(inner[0], depth))
            return Known(Kind.TUPLE, parts=tuple(self._read(one, depth) for one in inner))
        return None

    def _unquoted(self, annotation: ast.Constant) -> ast.expr | None:
        """Return the annotation that a string holds."""
        if annotation not in self._parsed:
            self._parsed[annotation] = self._parse(annotation)
        return self._parsed[annotation]

    def _parse(self, annotation: ast.Constant) -> ast.expr | None:
        if not isinstance(annotation.value, str):
            return None
        try:
            expression = ast.parse(annotation.value.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None  # It is a string that is no annotation.
        self._survey.adopt(expression, self._survey.scopes[annotation])
        return expression
