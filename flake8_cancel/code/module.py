"""The facade: every question a rule may ask of one module. Answers are computed when first asked, then kept."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from flake8_cancel.code.api import OTHER_FRAMEWORKS, Facts
from flake8_cancel.code.build import AnyFunction
from flake8_cancel.code.classes import Classes
from flake8_cancel.code.definitions import Definitions
from flake8_cancel.code.flow import Flow
from flake8_cancel.code.flows import Flows
from flake8_cancel.code.kinds import Kinds
from flake8_cancel.code.names import Names
from flake8_cancel.code.scopes import FUNCTIONS
from flake8_cancel.code.survey import survey_of
from flake8_cancel.code.values import Kind

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Module:
    """The model of one module.

    Args:
        tree: the syntax tree; never written to, since flake8 shares it with other plugins.
        facts: what the user told about the code.
    """

    def __init__(self, tree: ast.Module, facts: Facts = Facts()) -> None:
        self.tree = tree
        self.facts = facts
        self._survey = survey_of(tree)
        self._names = Names(self._survey, facts.target)
        self._definitions = Definitions(self._survey, self._names)
        self._classes = Classes(self._survey, self._names, self._definitions, facts.target)
        self._kinds = Kinds(self._survey, self._names, self._definitions)
        self._flows = Flows(self)

    # --- structure -------------------------------------------------------------------------------------------------

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node around a node, None for the module."""
        return self._survey.parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around a node, from the inside out."""
        return self._survey.ancestors(node)

    def function(self, node: ast.AST) -> Function | None:
        """Return the innermost function whose body holds the node (decorators and defaults are the outer one's)."""
        scope = self._survey.scopes[node]
        while scope.parent and not isinstance(scope.node, FUNCTIONS):
            scope = scope.parent
        return scope.node if isinstance(scope.node, FUNCTIONS) else None

    def in_coroutine(self, node: ast.AST) -> bool:
        """Tell whether the node stands in the body of an ``async def`` (not of a nested ``def`` or ``lambda``)."""
        return isinstance(self.function(node), ast.AsyncFunctionDef)

    def class_around(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the innermost class whose body holds the node; nested functions of a method count as the method."""
        scope = self._survey.scopes[node]
        while scope.parent and not isinstance(scope.node, ast.ClassDef):
            scope = scope.parent
        return scope.node if isinstance(scope.node, ast.ClassDef) else None

    # --- names -----------------------------------------------------------------------------------------------------

    def name(self, expression: ast.expr | None) -> str | None:
        """Return the qualified name of what an expression certainly is, as ``"asyncio.CancelledError"``.

        Imports anywhere (in functions, under ``try``/``except ImportError``, under ``TYPE_CHECKING``), aliases and
        constants of this file are followed with Python's scoping; a name that this file may bind otherwise is None.
        Builtins are ``"builtins.TimeoutError"``; asyncio's own submodules and aliases are folded
        (``asyncio.exceptions.CancelledError`` is ``"asyncio.CancelledError"``, ``asyncio.TimeoutError`` stays).
        What this file itself defines has no qualified name: see ``definition``.
        """
        return self._names.name(expression)

    def names(self, expression: ast.expr | None) -> tuple[str | None, ...]:
        """Return the qualified names of a class or a tuple of classes, as in ``except`` and ``isinstance``.

        Tuples are flattened, also by a constant of this file (``ERRORS = (OSError, CancelledError)``) and by
        ``(*ERRORS, ValueError)``; an unknown part is None, no expression (a bare ``except``) gives nothing.
        A class of this file is the name ``".Its.qualname"``.
        """
        return self._classes.names(expression)

    def definition(self, expression: ast.expr | None) -> Definition | None:
        """Return the one definition of this file that an expression certainly refers to.

        A name bound once by ``def`` or ``class``, ``self.method`` and ``cls.method`` of the class around (or of its
        bases in this file), ``Class.method``; ``functools.partial(f, ...)`` is ``f``.
        None when anything else may be meant, and for properties.
        """
        return self._definitions.definition(expression)

    def bases(self, name: str) -> tuple[str | None, ...] | None:
        """Return the qualified names of all base classes, near ones first, of an exception class.

        Args:
            name: as ``names`` returns it; classes of this file, builtins and the classes of ``api.py`` are known.

        Returns:
            the bases without the class itself, with None where one is unknown; None when the class is unknown.
        """
        return self._classes.bases(name)

    def framework(self) -> str:
        """Return ``"asyncio"``, ``"anyio"``, ``"other"`` (trio, curio, twisted) or ``"none"``, by its imports.

        ``"other"`` wins over ``"anyio"``, and that over ``"asyncio"``; ``"none"`` is a file that imports none of them.
        """
        tops = {name.partition(".")[0] for name in self._survey.imports}
        if tops & OTHER_FRAMEWORKS:
            return "other"
        return next((name for name in ("anyio", "asyncio") if name in tops), "none")

    # --- values ----------------------------------------------------------------------------------------------------

    def value(self, expression: ast.expr) -> ast.expr | None:
        """Return the expression that a name certainly stands for where it is used; any other stands for itself.

        None when the name has no such expression: a parameter, a loop variable, or one of several assignments.
        """
        return self._kinds.value(expression)

    def kind(self, expression: ast.expr | None) -> Kind | None:
        """Return what a value certainly is: a task, a future, a task group, a lock, a coroutine, a collection, ...

        Known are asyncio's own makers, annotations of parameters, attributes and fields, ``async with ... as``, what
        the order of assignments leaves of a local, every assignment to an attribute of a class of this file, loops over
        collections, and what functions of this file return. ``None`` is left out: a task or None is a task.
        A value that may be something else is None.
        """
        return self._kinds.kind(expression)

    def element_kind(self, expression: ast.expr | None) -> Kind | None:
        """Return what the elements of a collection certainly are, of a dictionary its values.

        Displays, comprehensions, annotations, and everything put in by ``append``, ``add``, ``d[k] = v`` and the like.
        """
        return self._kinds.element_kind(expression)

    # --- the cancellation graph --------------------------------------------------------------------------------------

    def flow(self, function: AnyFunction, assumed: Mapping[str, bool] | None = None) -> Flow | None:
        """Return the cancellation graph of a function, None where it passes a limit.

        Args:
            function: a ``def`` or ``async def`` of this file.
            assumed: parameters that are certainly None (False) or certainly not (True).
        """
        return self._flows.flow(function, assumed or {})

    def left_out(self) -> list[AnyFunction]:
        """Return the functions so far whose graph passed a limit, so that nothing is said of them."""
        return self._flows.left_out
