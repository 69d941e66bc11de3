"""The facade: every question a rule may ask of one module. Answers are computed when first asked, then kept."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.api import Facts

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

    # --- structure -------------------------------------------------------------------------------------------------

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node around a node, None for the module."""
        raise NotImplementedError

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around a node, from the inside out."""
        raise NotImplementedError

    def function(self, node: ast.AST) -> Function | None:
        """Return the innermost function whose body holds the node (decorators and defaults are the outer one's)."""
        raise NotImplementedError

    def in_coroutine(self, node: ast.AST) -> bool:
        """Tell whether the node stands in the body of an ``async def`` (not of a nested ``def`` or ``lambda``)."""
        raise NotImplementedError

    def class_around(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the class whose method holds the node; nested functions of a method count as the method."""
        raise NotImplementedError

    # --- names -----------------------------------------------------------------------------------------------------

    def name(self, expression: ast.expr | None) -> str | None:
        """Return the qualified name of what an expression certainly is, as ``"asyncio.CancelledError"``.

        Imports anywhere (in functions, under ``try``/``except ImportError``, under ``TYPE_CHECKING``), aliases and
        constants of this file are followed with Python's scoping; a name that this file may bind otherwise is None.
        Builtins are ``"builtins.TimeoutError"``; asyncio's own submodules and aliases are folded
        (``asyncio.exceptions.CancelledError`` is ``"asyncio.CancelledError"``, ``asyncio.TimeoutError`` stays).
        What this file itself defines has no qualified name: see ``definition``.
        """
        raise NotImplementedError

    def names(self, expression: ast.expr | None) -> tuple[str | None, ...]:
        """Return the qualified names of a class or a tuple of classes, as in ``except`` and ``isinstance``.

        Tuples are flattened, also by a constant of this file (``ERRORS = (OSError, CancelledError)``) and by
        ``(*ERRORS, ValueError)``; an unknown part is None. A class of this file is the name ``".Its.qualname"``.
        """
        raise NotImplementedError

    def definition(self, expression: ast.expr | None) -> Definition | None:
        """Return the one definition of this file that an expression certainly refers to.

        A name bound once by ``def`` or ``class``, ``self.method`` and ``cls.method`` of the class around (or of its
        bases in this file), ``Class.method``; ``functools.partial(f, ...)`` is ``f``. None when anything else may be meant.
        """
        raise NotImplementedError

    def bases(self, name: str) -> tuple[str | None, ...] | None:
        """Return the qualified names of all base classes, near ones first, of an exception class.

        Args:
            name: as ``names`` returns it; classes of this file, builtins and the classes of ``api.py`` are known.

        Returns:
            the bases without the class itself, with None where one is unknown; None when the class is unknown.
        """
        raise NotImplementedError

    def framework(self) -> str:
        """Return ``"asyncio"``, ``"anyio"``, ``"other"`` (trio, curio, twisted) or ``"none"``, as RULES.md says it."""
        raise NotImplementedError
