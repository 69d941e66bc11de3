"""What a name means at a place of one file: which imports can be used there, and which names are free."""

from __future__ import annotations

import ast
import builtins
import itertools
from collections.abc import Iterator
from typing import NamedTuple

from flake8_cancel.fix.constants import Constant, is_defined, is_free

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_DECLARED_GLOBAL, _DECLARED_NONLOCAL = "global", "nonlocal"


class Place(NamedTuple):
    """A place in a text, as ``ast`` counts: lines from 1, columns in UTF-8 bytes from 0."""

    line: int
    column: int


class Binding(NamedTuple):
    """One place that binds a name.

    Attributes:
        meaning: the qualified name of what an import binds, ``"global"`` or ``"nonlocal"`` for a declaration, or None.
        statement: the statement that stands directly in the scope's body and holds it.
        certain: whether the scope cannot be run through without it.
    """

    meaning: str | None
    statement: ast.AST
    certain: bool


class Names:
    """The names of one module.

    Args:
        tree: the module, parsed from the text that is to be changed.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._bindings: dict[ast.AST, dict[str, list[Binding]]] = {}
        self._mentioned: dict[ast.AST, set[str]] = {}

    def visible(self, name: str, place: Place) -> str | None:
        """Return what a name surely is at a place: the qualified name of an import, "" if it is bound otherwise.

        Args:
            name: the bare name.
            place: where it is to be used.

        Returns:
            None when nothing at that place binds it.
        """
        scopes = _scopes(self._tree, place)
        within = scopes[-1]
        for scope in reversed(scopes):
            if isinstance(scope, ast.ClassDef) and scope is not within:
                continue
            found = self._bound(scope).get(name)
            meanings = {binding.meaning for binding in found or ()}
            if not found or (_DECLARED_NONLOCAL in meanings) or (_DECLARED_GLOBAL in meanings):
                continue
            if len(meanings) == 1 and any(binding.certain and _before(binding, scope, place) for binding in found):
                return meanings.pop() or ""
            return ""
        return None

    def bound_to(self, meaning: str, place: Place) -> str | None:
        """Return a name that surely is something imported, at a place.

        Args:
            meaning: the qualified name of the thing.
            place: where the name is to be used.
        """
        names = [
            name
            for scope in reversed(_scopes(self._tree, place))
            for name, bindings in self._bound(scope).items()
            if any(binding.meaning == meaning for binding in bindings)
        ]
        return next((name for name in names if self.visible(name, place) == meaning), None)

    def can_import(self, name: str, meaning: str, place: Place) -> bool:
        """Tell whether an import at the top of the module may bind a name, and is then seen at a place.

        Args:
            name: the name to be bound.
            meaning: the qualified name of what it would be.
            place: where it is to be used.
        """
        if hasattr(builtins, name) or any(name in self._bound(scope) for scope in _scopes(self._tree, place)[1:]):
            return False
        return {binding.meaning for binding in self._bound(self._tree).get(name, ())} <= {meaning}

    def fresh(self, word: str, place: Place) -> str:
        """Return a name that the outermost function around a place does not mention, nor the module bind.

        The name is then taken: asked again for the same function, there comes another one.

        Args:
            word: the name to begin with.
            place: where it is to be bound.
        """
        outermost = next((scope for scope in _scopes(self._tree, place) if isinstance(scope, _Function)), self._tree)
        mentioned = self._mentions(outermost)
        names = itertools.chain((word,), (f"{word}_{number}" for number in itertools.count(2)))
        free = next(name for name in names if name not in mentioned and name not in self._bound(self._tree))
        mentioned.add(free)
        return free

    def has_star_import(self) -> bool:
        """Tell whether the module imports names that it does not say."""
        imports = (node for node in ast.walk(self._tree) if isinstance(node, ast.ImportFrom))
        return any(alias.name == "*" for node in imports for alias in node.names)

    def constant(self, word: str, value: str) -> tuple[Constant, bool]:
        """Return a constant that the module has or can have at its top, and whether it has it by now.

        Args:
            word: its name if that means nothing else anywhere in the module; else a number is added. One that the
                module has may be public though the word is not.
            value: the expression of its value.
        """
        public = Constant(word.lstrip("_"), value)
        if is_defined(self._tree, public):
            return public, True
        for name in itertools.chain((word,), (f"{word}_{number}" for number in itertools.count(2))):
            constant = Constant(name, value)
            if is_defined(self._tree, constant):
                return constant, True
            if is_free(self._tree, name):
                return constant, False
        raise AssertionError

    def qualname(self, place: Place) -> str:
        """Return the qualified name of the innermost function or class around a place, "" in the module."""
        return ".".join(scope.name for scope in _scopes(self._tree, place) if not isinstance(scope, ast.Module))

    def _bound(self, scope: _Scope) -> dict[str, list[Binding]]:
        if scope not in self._bindings:
            bound: dict[str, list[Binding]] = {}
            for name, binding in _bindings(scope):
                bound.setdefault(name, []).append(binding)
            self._bindings[scope] = bound
        return self._bindings[scope]

    def _mentions(self, scope: _Scope) -> set[str]:
        if scope not in self._mentioned:
            self._mentioned[scope] = {name for node in ast.walk(scope) for name in _names_in(node)}
        return self._mentioned[scope]


def _scopes(tree: ast.Module, place: Place) -> list[_Scope]:
    """Return the scopes around a place, the module first; comprehensions and lambdas count as part of theirs."""
    scopes: list[_Scope] = [tree]
    waiting: list[ast.AST] = [tree]
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            if not _holds(child, place):
                continue
            if isinstance(child, (*_Function, ast.ClassDef)):
                scopes.append(child)
            waiting.append(child)
    return scopes


def _holds(node: ast.AST, place: Place) -> bool:
    if not isinstance(node, ast.stmt | ast.ExceptHandler):
        # Handlers and cases hold statements; no other part of a statement does.
        return isinstance(node, ast.match_case)
    return (node.lineno, node.col_offset) <= place < (node.end_lineno or 0, node.end_col_offset or 0)


def _before(binding: Binding, scope: _Scope, place: Place) -> bool:
    """Tell whether a binding of a function comes before a place in it; a module has run before its functions do."""
    if isinstance(scope, ast.Module):
        return True
    return isinstance(binding.statement, ast.stmt) and (binding.statement.end_lineno or 0) < place.line


def _bindings(scope: _Scope) -> Iterator[tuple[str, Binding]]:
    """Yield what a scope binds or declares, functions and classes in it by their name alone."""
    if isinstance(scope, _Function):
        for node in ast.walk(scope.args):
            if isinstance(node, ast.arg):
                yield node.arg, Binding(None, scope, True)
    for statement in scope.body:
        yield from _bindings_of(statement, statement, True)


def _bindings_of(node: ast.AST, statement: ast.stmt, certain: bool) -> Iterator[tuple[str, Binding]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            yield bound, Binding(alias.name if alias.asname else bound, statement, certain)
        return
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            meaning = f"{node.module}.{alias.name}" if not node.level else None
            yield alias.asname or alias.name, Binding(meaning, statement, certain)
        return
    declared = _DECLARED_GLOBAL if isinstance(node, ast.Global) else _DECLARED_NONLOCAL
    meaning = declared if isinstance(node, ast.Global | ast.Nonlocal) else None
    if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
        for name in _names_in(node):
            yield name, Binding(meaning, statement, certain)
    if isinstance(node, (*_Function, ast.ClassDef)):
        return
    if isinstance(node, ast.If) and _is_type_checking(node.test):
        # What is imported for annotations is not there when the code runs.
        for child in node.orelse:
            yield from _bindings_of(child, statement, certain)
        return
    for field, value in ast.iter_fields(node):
        # The body of a `try` or `with` is run; what depends on a condition may not be.
        runs = certain and isinstance(node, ast.Try | ast.With | ast.AsyncWith) and field in {"body", "finalbody"}
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _bindings_of(child, statement, runs)


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _names_in(node: ast.AST) -> tuple[str, ...]:
    """Return the names that a node itself mentions, without those of its children."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.arg):
        return (node.arg,)
    if isinstance(node, ast.alias):
        return ((node.asname or node.name).partition(".")[0],)
    if isinstance(node, ast.Global | ast.Nonlocal):
        return tuple(node.names)
    if isinstance(node, ast.MatchMapping):
        return (node.rest,) if node.rest else ()
    if isinstance(
        node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar
    ):
        return (node.name,) if node.name else ()
    return ()
