"""Scopes and bindings of one module, and the index of where its names, attributes and calls stand."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from typing import NamedTuple

from flake8_cancel.code.tree import walk

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Form(enum.Enum):
    """How a name, an attribute or an item of a collection gets its value."""

    IMPORTED = "imported"
    ASSIGNED = "assigned"
    AUGMENTED = "augmented"
    DEFINED = "defined"
    PARAMETER = "parameter"
    ELEMENT = "element"
    ENTERED = "entered"
    OTHER = "other"


class Binding(NamedTuple):
    """One place that binds a name or an attribute.

    Attributes:
        form: how the value comes about.
        node: the statement, expression or parameter that binds.
        value: the assigned expression, what is looped over, or the context manager.
        path: where the value stands in what is unpacked: ``(1,)`` is the second part.
        annotation: the annotation written beside the binding.
        text: the imported name.
    """

    form: Form
    node: ast.AST
    value: ast.expr | None = None
    path: tuple[int, ...] = ()
    annotation: ast.expr | None = None
    text: str = ""


class Scope:
    """A module, class, function or comprehension, and what binds names in it."""

    __slots__ = ("bindings", "global_names", "node", "nonlocal_names", "parent", "stars")

    def __init__(self, node: ast.AST, parent: Scope | None) -> None:
        self.node = node
        self.parent = parent
        self.bindings: dict[str, list[Binding]] = {}
        self.global_names: set[str] = set()
        self.nonlocal_names: set[str] = set()
        self.stars: list[str] = []


class Survey:
    """What one walk over the tree found.

    Attributes:
        parents: the node around each node.
        scopes: the scope each node is evaluated in.
        inner: the scope that a function, class or comprehension opens.
        names: every ``ast.Name``, by name.
        attributes: every ``ast.Attribute``, by attribute.
        calls: every call, by the last word of what is called.
        attribute_bindings: every assignment to an attribute.
        item_bindings: every assignment to an item.
        classes: every class.
        returns: the ``return`` statements of each function.
        yields: the ``yield`` expressions of each generator function.
        awaits: every ``await``.
        augmented: every ``x += ...`` and the like.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.module_scope = Scope(tree, None)
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Scope] = {tree: self.module_scope}
        self.inner: dict[ast.AST, Scope] = {tree: self.module_scope}
        self.names: dict[str, list[ast.Name]] = {}
        self.attributes: dict[str, list[ast.Attribute]] = {}
        self.calls: dict[str, list[ast.Call]] = {}
        self.attribute_bindings: list[tuple[ast.Attribute, Binding]] = []
        self.item_bindings: list[tuple[ast.Subscript, Binding]] = []
        self.classes: list[ast.ClassDef] = []
        self.returns: dict[ast.AST, list[ast.Return]] = {}
        self.yields: dict[ast.AST, list[ast.Yield | ast.YieldFrom]] = {}
        self.awaits: list[ast.Await] = []
        self.augmented: list[ast.AugAssign] = []

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around a node, from the inside out."""
        around = self.parents.get(node)
        while around is not None:
            yield around
            around = self.parents.get(around)

    def function(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | None:
        """Return the innermost function whose body holds a node."""
        found = self.frame(node)
        return found if isinstance(found, FUNCTIONS) else None

    def frame(self, node: ast.AST) -> ast.AST:
        """Return the innermost function whose body holds a node, the module where there is none."""
        scope = self.scopes[node]
        while scope.parent and not isinstance(scope.node, FUNCTIONS):
            scope = scope.parent
        return scope.node

    def adopt(self, expression: ast.expr, scope: Scope) -> None:
        """Give the nodes of an expression that was parsed from a string a scope to be looked up in."""
        self.scopes.update(dict.fromkeys(walk(expression), scope))

    def lookup(self, name: str, scope: Scope) -> list[Binding]:
        """Return what may bind a name that is used in a scope, as Python looks it up; nothing for a builtin."""
        place: Scope | None = scope
        while place is not None:
            if name in place.global_names:
                place = self.module_scope
            if name in place.bindings and (place is scope or not isinstance(place.node, ast.ClassDef)):
                return place.bindings[name]
            place = place.parent
        return []
