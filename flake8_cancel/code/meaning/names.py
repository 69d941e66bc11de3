"""From expressions to qualified names: imports, aliases and constants, by Python's scoping."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence

from flake8_cancel.code import api
from flake8_cancel.code.meaning.scopes import Binding, Form, Survey

# A chain of constants (A = B, B = C, ...) is followed so far.
_LONGEST_CHAIN = 50
_OWN = ("asyncio.", "builtins.")
_YOUNG_BUILTINS = frozenset({"BaseExceptionGroup", "ExceptionGroup"})


class Names:
    """Answers what the names of one module mean; each answer is kept.

    Args:
        survey: what the walk over the module found.
        target: the oldest Python the module must run on.
    """

    def __init__(self, survey: Survey, target: api.Version) -> None:
        self._survey = survey
        self._target = target
        self._names: dict[ast.expr, str | None] = {}

    def name(self, expression: ast.expr | None) -> str | None:
        """Return the qualified name of what an expression certainly is; see ``Module.name``."""
        if not isinstance(expression, (ast.Name, ast.Attribute)):
            return None
        if expression not in self._names:
            self._names[expression] = None  # What refers to itself has no name.
            self._names[expression] = self._name(expression)
        return self._names[expression]

    def bindings(self, name: ast.Name) -> list[Binding]:
        """Return everything in this file that may bind a name where it is used."""
        return self._survey.lookup(name.id, self._survey.scopes[name])

    def constant(self, expression: ast.expr | None) -> ast.expr | None:
        """Return the expression that a name bound once stands for; any other expression stands for itself."""
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(expression, ast.Name):
                return expression
            bindings = self.bindings(expression)
            if len(bindings) != 1 or bindings[0].form is not Form.ASSIGNED or bindings[0].path:
                return expression
            if bindings[0].value is None:
                return expression
            expression = bindings[0].value
        return None

    def _name(self, expression: ast.Name | ast.Attribute) -> str | None:
        attributes: list[str] = []
        base: ast.expr = expression
        while isinstance(base, ast.Attribute):
            attributes.append(base.attr)
            base = base.value
        if not isinstance(base, ast.Name):
            return None
        root = self._root(base)
        return folded(".".join((root, *reversed(attributes)))) if root else None

    def _root(self, name: ast.Name) -> str | None:
        bindings = self.bindings(name)
        if not bindings:
            return self._unbound(name.id)
        real = [binding for binding in bindings if not _is_placeholder(binding)] if len(bindings) > 1 else bindings
        candidates = [self._bound(binding) for binding in real]
        if len(set(candidates)) == 1:
            return candidates[0]
        return self._preferred(real, candidates)

    def _bound(self, binding: Binding) -> str | None:
        if binding.form is Form.IMPORTED:
            return folded(binding.text)
        if binding.form is Form.ASSIGNED and not binding.path:
            return self.name(self.constant(binding.value))
        return None

    def _preferred(self, bindings: Sequence[Binding], candidates: Sequence[str | None]) -> str | None:
        """Choose asyncio's own among sources of one name, when the others only stand in for it on older Pythons."""
        own = {name for name in candidates if name and name.startswith(_OWN)}
        if len(own) != 1:
            return None
        (name,) = own
        others = [found for found in candidates if found != name]
        if all(found and found.partition(".")[0] in api.BACKPORTS for found in others):
            return name
        first = bindings[candidates.index(name)].node
        around = self._survey.parents[first]
        is_there = self._target >= api.BEGAN.get(name, (3, 10))
        if not is_there or not isinstance(around, ast.Try) or first not in around.body:
            return None
        rest = [binding.node for binding, found in zip(bindings, candidates, strict=True) if found != name]
        return name if all(self._in_handler(node, around) for node in rest) else None

    def _in_handler(self, node: ast.AST, around: ast.Try) -> bool:
        return any(handler in around.handlers for handler in self._survey.ancestors(node))

    def _unbound(self, name: str) -> str | None:
        stars = self._survey.module_scope.stars
        if "asyncio" in stars and name in api.ASYNCIO_NAMES:
            return f"asyncio.{name}"
        if hasattr(builtins, name) or name in _YOUNG_BUILTINS:
            return folded(f"builtins.{name}")
        return None


def folded(name: str) -> str:
    """Return the one spelling of a qualified name that has several: ``asyncio.exceptions.CancelledError`` and such."""
    head, _, rest = name.partition(".")
    if head == "asyncio":
        submodule, _, word = rest.partition(".")
        if submodule in api.ASYNCIO_SUBMODULES and word.partition(".")[0] in api.ASYNCIO_NAMES:
            return f"asyncio.{word}"
        return name
    if head == "builtins":
        value = getattr(builtins, rest, None)
        if isinstance(value, type) and issubclass(value, BaseException):
            return f"builtins.{value.__name__}"  # IOError is OSError.
        return name
    return api.SAME.get(name, name)


def _is_placeholder(binding: Binding) -> bool:
    """Tell whether a binding only says that a name is not there: ``timeout = None``, or a bare annotation."""
    if binding.form is not Form.ASSIGNED:
        return False
    return binding.value is None or (isinstance(binding.value, ast.Constant) and binding.value.value is None)
