"""What is put into collections after they were made: ``append``, ``add``, ``update``, ``d[k] = v``, ``+=``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.meaning.scopes import Form
from flake8_cancel.code.meaning.values import Kind, Known, elements, joined

if TYPE_CHECKING:
    from flake8_cancel.code.meaning.kinds import Kinds

# By method: which argument is put in, and whether it is itself a collection of what is put in.
_METHODS: dict[str, tuple[int, bool]] = {
    "add": (0, False),
    "append": (0, False),
    "appendleft": (0, False),
    "extend": (0, True),
    "insert": (1, False),
    "setdefault": (1, False),
    "update": (0, True),
}


class _Addition(NamedTuple):
    receiver: ast.expr
    value: ast.expr
    path: tuple[int, ...]
    is_collection: bool
    key: ast.expr | None


class Collected:
    """Answers what collections hold.

    Args:
        kinds: answers what values are.
    """

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._additions: dict[str, list[_Addition]] | None = None

    def filled(self, reference: ast.Name | ast.Attribute, known: Known | None) -> Known | None:
        """Return what is known of a collection when all that is put into it is counted in.

        Args:
            reference: the name or attribute that holds it.
            known: what its bindings tell.
        """
        if known is None or known.kind is not Kind.COLLECTION:
            return known
        additions = self._additions_to(reference)
        if not additions:
            return known
        keys = [self._kinds.known(one.key) for one in additions if one.key]
        element = joined((known.element, *map(self._added, additions)))
        return known._replace(element=element, key=joined(keys) if keys else known.key)

    def is_added_to(self, reference: ast.Name | ast.Attribute) -> bool:
        """Tell whether anything is put in after the collection was made."""
        return bool(self._additions_to(reference))

    def _additions_to(self, reference: ast.Name | ast.Attribute) -> list[_Addition]:
        word = reference.id if isinstance(reference, ast.Name) else reference.attr
        return [one for one in self._index().get(word, ()) if self._is_same(reference, one.receiver)]

    def _added(self, addition: _Addition) -> Known | None:
        known = self._kinds.known(addition.value)
        if addition.path:
            return None
        if not addition.is_collection or known is None or known.kind is Kind.NOTHING:
            return known
        return elements(known) if known.kind in (Kind.COLLECTION, Kind.TUPLE) else None

    def _is_same(self, first: ast.expr, second: ast.expr) -> bool:
        """Tell whether two names are one variable, or two attributes belong to one class of this file."""
        if isinstance(first, ast.Name) and isinstance(second, ast.Name):
            bindings = self._kinds.names.bindings(first)
            return bool(bindings) and bindings is self._kinds.names.bindings(second)
        if isinstance(first, ast.Attribute) and isinstance(second, ast.Attribute):
            owners = [self._kinds.known(one.value) for one in (first, second)]
            classes = [owner.definition for owner in owners if owner and owner.definition]
            return len(classes) == 2 and self._kinds.definitions.are_related(*classes)
        return False

    def _index(self) -> dict[str, list[_Addition]]:
        """Return everything that is put into collections, by the last word of what holds the collection."""
        if self._additions is None:
            self._additions = {}
            for method, (position, is_collection) in _METHODS.items():
                for call in self._kinds.survey.calls.get(method, ()):
                    if isinstance(call.func, ast.Attribute) and len(call.args) > position:
                        value = call.args[position]
                        self._note(_Addition(call.func.value, value, (), is_collection, None))
            for target, binding in self._kinds.survey.item_bindings:
                if binding.form is Form.ASSIGNED and binding.value and not isinstance(target.slice, ast.Slice):
                    self._note(_Addition(target.value, binding.value, binding.path, False, target.slice))
            for statement in self._kinds.survey.augmented:
                self._note(_Addition(statement.target, statement.value, (), True, None))
        return self._additions

    def _note(self, addition: _Addition) -> None:
        assert self._additions is not None
        receiver = addition.receiver
        if isinstance(receiver, ast.Name):
            self._additions.setdefault(receiver.id, []).append(addition)
        elif isinstance(receiver, ast.Attribute):
            self._additions.setdefault(receiver.attr, []).append(addition)
