"""From expressions to the functions and classes of this file: methods, aliases, base classes, ``self``."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from flake8_cancel.code.api import CONTEXT_MANAGER_MAKERS
from flake8_cancel.code.meaning.names import Names
from flake8_cancel.code.meaning.scopes import Binding, Form, Survey

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_OVERLOADS = frozenset({"typing.overload", "typing_extensions.overload"})
_PROPERTIES = frozenset({"builtins.property", "functools.cached_property"})
# Decorators that leave what a call gives as it is.
_TRANSPARENT = _PROPERTIES | {
    "abc.abstractmethod",
    "builtins.classmethod",
    "builtins.staticmethod",
    "functools.cache",
    "functools.lru_cache",
    "typing.final",
    "typing.override",
    "typing_extensions.override",
}
_STATIC = frozenset({"builtins.staticmethod"})
_MOST_BASES = 50
# Base classes from elsewhere that give a class no method of a name it would use itself.
_PLAIN_BASES = ("abc.", "builtins.", "enum.", "typing.", "typing_extensions.")


class Definitions:
    """Answers what expressions refer to functions and classes of one module; each answer is kept.

    Args:
        survey: what the walk over the module found.
        names: the names of the module.
    """

    def __init__(self, survey: Survey, names: Names) -> None:
        self._survey = survey
        self._names = names
        self._found: dict[ast.expr, Definition | None] = {}
        self._stored: dict[ast.ClassDef, dict[str, list[Binding]]] | None = None
        self._derived: dict[ast.ClassDef, list[ast.ClassDef]] | None = None

    def definition(self, expression: ast.expr | None) -> Definition | None:
        """Return the one definition of this file that an expression certainly refers to; see ``Module.definition``."""
        expression = self._names.constant(expression)
        if not isinstance(expression, (ast.Name, ast.Attribute, ast.Call)):
            return None
        if expression not in self._found:
            self._found[expression] = None  # What refers to itself is nothing.
            self._found[expression] = self._definition(expression)
        return self._found[expression]

    def receiver_class(self, expression: ast.expr) -> ast.ClassDef | None:
        """Return the class of ``self`` or ``cls``: of the first parameter of a method, however it is called."""
        if not isinstance(expression, ast.Name):
            return None
        bindings = self._names.bindings(expression)
        if len(bindings) != 1 or bindings[0].form is not Form.PARAMETER:
            return None
        function = self._survey.parents[self._survey.parents[bindings[0].node]]
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return None
        owner = self._survey.scopes[function].node
        if not isinstance(owner, ast.ClassDef):
            return None
        if bindings[0].node is not (*function.args.posonlyargs, *function.args.args, None)[0]:
            return None
        return None if self._is_decorated(function, _STATIC) else owner

    def attribute_bindings(self, owner: ast.ClassDef, attribute: str) -> list[Binding]:
        """Return what binds ``self.attribute``: the body and the methods of a class, and of its bases in this file."""
        family = (owner, *self.local_bases(owner))
        body = [binding for one in family for binding in self._survey.inner[one].bindings.get(attribute, ())]
        return body + [binding for one in family for binding in self._in_methods().get(one, {}).get(attribute, ())]

    def local_bases(self, owner: ast.ClassDef) -> tuple[ast.ClassDef, ...]:
        """Return the base classes that this file defines, near ones first, up to one that may define anything."""
        found: list[ast.ClassDef] = []
        waiting = list(reversed(owner.bases))
        while waiting and len(found) < _MOST_BASES:
            base = waiting.pop()
            if isinstance(base, ast.Subscript):
                base = base.value
            definition = self.definition(base)
            if isinstance(definition, ast.ClassDef):
                if definition is not owner and definition not in found:
                    found.append(definition)
                    waiting.extend(reversed(definition.bases))
            elif not (self._names.name(base) or "").startswith(_PLAIN_BASES):
                break
        return tuple(found)

    def derived(self, owner: ast.ClassDef) -> list[ast.ClassDef]:
        """Return the classes of this file that derive from a class of this file."""
        if self._derived is None:
            self._derived = {}
            for one in self._survey.classes:
                for base in self.local_bases(one):
                    self._derived.setdefault(base, []).append(one)
        return self._derived.get(owner, [])

    def are_related(self, first: ast.ClassDef, second: ast.ClassDef) -> bool:
        """Tell whether two classes of this file are one, or one derives from the other."""
        return first is second or first in self.local_bases(second) or second in self.local_bases(first)

    def is_method(self, definition: ast.AST) -> bool:
        """Tell whether the first argument of a function is filled in by the object it is called on."""
        is_in_class = isinstance(self._survey.scopes[definition].node, ast.ClassDef)
        return is_in_class and not self._is_decorated(definition, _STATIC)

    def is_property(self, definition: ast.AST) -> bool:
        """Tell whether a method is read like an attribute."""
        return self._is_decorated(definition, _PROPERTIES)

    def is_manager(self, definition: ast.AST) -> bool:
        """Tell whether a generator function is made a context manager."""
        return self._is_decorated(definition, CONTEXT_MANAGER_MAKERS)

    def is_plain(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Tell whether a call of a function gives what its body gives: no decorator may change it."""
        return all(self._names.name(decorator) in _TRANSPARENT for decorator in function.decorator_list)

    def member(self, owner: ast.ClassDef, name: str) -> Definition | None:
        """Return the method, or class, that a class or its bases in this file certainly define under a name."""
        family = (owner, *self.local_bases(owner))
        if any(name in self._in_methods().get(one, {}) for one in family):
            return None
        for one in family:
            bindings = self._survey.inner[one].bindings.get(name)
            if bindings:
                return self._only(bindings)
        return None

    def qualname(self, definition: Definition) -> str:
        """Return the name of a definition with the functions and classes around it, as ``__qualname__`` has it."""
        parts = [definition.name]
        for around in self._survey.ancestors(definition):
            if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
                parts.append(f"{around.name}.<locals>")
            elif isinstance(around, ast.ClassDef):
                parts.append(around.name)
        return ".".join(reversed(parts))

    def _definition(self, expression: ast.Name | ast.Attribute | ast.Call) -> Definition | None:
        if isinstance(expression, ast.Call):
            is_partial = self._names.name(expression.func) == "functools.partial" and expression.args
            return self.definition(expression.args[0]) if is_partial else None
        if isinstance(expression, ast.Name):
            return self._only(self._names.bindings(expression))
        receiver = expression.value
        owner = self.receiver_class(receiver)
        if owner:
            overridden = any(expression.attr in self._survey.inner[one].bindings for one in self.derived(owner))
            return None if overridden else self.member(owner, expression.attr)
        if _is_super(receiver):
            return self._inherited(expression)
        definition = self.definition(receiver)
        return self.member(definition, expression.attr) if isinstance(definition, ast.ClassDef) else None

    def _inherited(self, expression: ast.Attribute) -> Definition | None:
        """Return the method that ``super().method`` finds in this file."""
        scope = self._survey.scopes[expression]
        while scope.parent and not isinstance(scope.node, ast.ClassDef):
            scope = scope.parent
        bases = self.local_bases(scope.node) if isinstance(scope.node, ast.ClassDef) else ()
        return self.member(bases[0], expression.attr) if bases else None

    def _only(self, bindings: Sequence[Binding]) -> Definition | None:
        """Return the definition among bindings when nothing else may be meant."""
        real = [binding.node for binding in bindings if not self._is_decorated(binding.node, _OVERLOADS)]
        if len(real) != 1 or not isinstance(real[0], (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return None
        return None if self.is_property(real[0]) else real[0]

    def _is_decorated(self, node: ast.AST, names: frozenset[str]) -> bool:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
        return any(self._names.name(decorator) in names for decorator in node.decorator_list)

    def _in_methods(self) -> dict[ast.ClassDef, dict[str, list[Binding]]]:
        """Return, by class and attribute, what assigns to ``self.attribute`` in its methods."""
        if self._stored is None:
            self._stored = {}
            for target, binding in self._survey.attribute_bindings:
                owner = self.receiver_class(target.value)
                if owner:
                    self._stored.setdefault(owner, {}).setdefault(target.attr, []).append(binding)
        return self._stored


def _is_super(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name) and expression.func.id == "super"
