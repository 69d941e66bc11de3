"""The facade: every question a rule may ask of one module. Answers are computed when first asked, then kept."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping, Sequence

from flake8_cancel.code.api import OTHER_FRAMEWORKS, Facts
from flake8_cancel.code.graph.build import AnyFunction
from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.flows import Flows
from flake8_cancel.code.graph.testing import holds_tests
from flake8_cancel.code.lost.losses import Loss, loss_at
from flake8_cancel.code.meaning.references import Things
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.model import Model
from flake8_cancel.code.ownership.task_making import makers
from flake8_cancel.code.timeouts.mistimed import mistaken_timeout
from flake8_cancel.code.tree import imported

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_DEFAULTS = Facts()


class Module:
    """The model of one module.

    Args:
        tree: the syntax tree; never written to, since flake8 shares it with other plugins.
        facts: what the user told about the code.
    """

    def __init__(self, tree: ast.Module, facts: Facts = _DEFAULTS) -> None:
        self.tree = tree
        self.facts = facts
        self._flows = Flows(self)
        self._losses: dict[tuple[Catcher, bool], Loss | None] = {}
        self._task_makers: dict[ast.AST, list[ast.Call]] | None = None

    @functools.cached_property
    def _model(self) -> Model:
        # Many a rule sees from the tree alone that it has nothing to ask.
        return Model(self.tree, self.facts)

    # --- structure -------------------------------------------------------------------------------------------------

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node around a node, None for the module."""
        return self._model.survey.parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around a node, from the inside out."""
        return self._model.survey.ancestors(node)

    def statement(self, node: ast.AST) -> ast.stmt:
        """Return the innermost statement that an expression stands in; a statement is its own."""
        return next(one for one in (node, *self.ancestors(node)) if isinstance(one, ast.stmt))

    def function(self, node: ast.AST) -> Function | None:
        """Return the innermost function whose body holds the node (decorators and defaults are the outer one's)."""
        return self._model.survey.function(node)

    def in_coroutine(self, node: ast.AST) -> bool:
        """Tell whether the node stands in the body of an ``async def`` (not of a nested ``def`` or ``lambda``)."""
        return isinstance(self.function(node), ast.AsyncFunctionDef)

    def class_around(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the innermost class whose body holds the node; nested functions of a method count as the method."""
        scope = self._model.survey.scopes[node]
        while scope.parent and not isinstance(scope.node, ast.ClassDef):
            scope = scope.parent
        return scope.node if isinstance(scope.node, ast.ClassDef) else None

    def calls(self, word: str) -> Sequence[ast.Call]:
        """Return the calls of the functions and methods of one name, whatever they belong to, as the text has them."""
        return self._model.survey.calls.get(word, [])

    def task_makers(self, function: ast.AST) -> Sequence[ast.Call]:
        """Return the calls of a function that make tasks which it alone has, as ``asyncio.create_task`` does."""
        if self._task_makers is None:
            self._task_makers = makers(self, self._model.survey.calls)
        return self._task_makers.get(function, ())

    def awaits(self) -> Sequence[ast.Await]:
        """Return every ``await`` of the file."""
        return self._model.survey.awaits

    def yields(self, function: ast.AST) -> Sequence[ast.Yield | ast.YieldFrom]:
        """Return the ``yield`` expressions of a generator function, in the order of the text."""
        return self._model.survey.yields.get(function, [])

    # --- names -----------------------------------------------------------------------------------------------------

    def name(self, expression: ast.expr | None) -> str | None:
        """Return the qualified name of what an expression certainly is, as ``"asyncio.CancelledError"``.

        Imports anywhere (in functions, under ``try``/``except ImportError``, under ``TYPE_CHECKING``), aliases and
        constants of this file are followed with Python's scoping; a name that this file may bind otherwise is None.
        Builtins are ``"builtins.TimeoutError"``; asyncio's own submodules and aliases are folded
        (``asyncio.exceptions.CancelledError`` is ``"asyncio.CancelledError"``, ``asyncio.TimeoutError`` stays).
        What this file itself defines has no qualified name: see ``definition``.
        """
        return self._model.names.name(expression)

    def names(self, expression: ast.expr | None) -> tuple[str | None, ...]:
        """Return the qualified names of a class or a tuple of classes, as in ``except`` and ``isinstance``.

        Tuples are flattened, also by a constant of this file (``ERRORS = (OSError, CancelledError)``) and by
        ``(*ERRORS, ValueError)``; an unknown part is None, no expression (a bare ``except``) gives nothing.
        A class of this file is the name ``".Its.qualname"``.
        """
        return self._model.classes.names(expression)

    def definition(self, expression: ast.expr | None) -> Definition | None:
        """Return the one definition of this file that an expression certainly refers to.

        A name bound once by ``def`` or ``class``, ``self.method`` and ``cls.method`` of the class around (or of its
        bases in this file), ``Class.method``; ``functools.partial(f, ...)`` is ``f``. None if unsure, for properties.
        """
        return self._model.definitions.definition(expression)

    def called(self, call: ast.Call) -> Definition | None:
        """Return what ``definition`` tells of a call; methods of instances of this file's classes are known too."""
        return self._model.kinds.called(call)

    def may_call(self, call: ast.Call) -> Sequence[Definition]:
        """Return the methods of this file that a call may call, by what this file itself gives for its receiver."""
        return self._model.origins.methods(call)

    def is_plain(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Tell whether a call of a function of this file gives what its body gives: no decorator may change it."""
        return self._model.definitions.is_plain(function)

    def uses(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
        """Return the expressions that refer to a function of this file, or may."""
        return list(self._model.starts.uses(function))

    def bases(self, name: str) -> tuple[str | None, ...] | None:
        """Return the qualified names of all base classes, near ones first, of an exception class.

        Args:
            name: as ``names`` returns it; classes of this file, builtins and the classes of ``api.py`` are known.

        Returns:
            the bases without the class itself, with None where one is unknown; None when the class is unknown.
        """
        return self._model.classes.bases(name)

    @functools.cached_property
    def imported(self) -> set[str]:
        """The packages that the file imports anywhere, by their first names."""
        return imported(self.tree)

    @functools.cached_property
    def holds_tests(self) -> bool:
        """Whether the file is there for its tests: see ``code.graph.testing``."""
        return holds_tests(self)

    def framework(self) -> str:
        """Return ``"asyncio"``, ``"anyio"``, ``"other"`` (trio, curio, twisted) or ``"none"``, by its imports.

        ``"other"`` wins over ``"anyio"``, and that over ``"asyncio"``; ``"none"`` is a file that imports none of them.
        """
        tops = self.imported
        if tops & OTHER_FRAMEWORKS:
            return "other"
        return next((name for name in ("anyio", "asyncio") if name in tops), "none")

    # --- values ----------------------------------------------------------------------------------------------------

    def value(self, expression: ast.expr) -> ast.expr | None:
        """Return the expression that a name certainly stands for where it is used; any other stands for itself.

        None when the name has no such expression: a parameter, a loop variable, or one of several assignments.
        """
        return self._model.kinds.value(expression)

    def kind(self, expression: ast.expr | None) -> Kind | None:
        """Return what a value certainly is: a task, a future, a task group, a lock, a coroutine, a collection, ...

        Known are asyncio's own makers, annotations, ``async with ... as``, what the order of assignments leaves of a
        local, every assignment to an attribute of a class of this file, loops over collections, and what functions
        return. ``None`` is left out: a task or None is a task. A value that may be something else is None.
        """
        return self._model.kinds.kind(expression)

    def element_kind(self, expression: ast.expr | None) -> Kind | None:
        """Return what the elements of a collection certainly are, of a dictionary its values.

        Displays, comprehensions, annotations, and everything put in by ``append``, ``add``, ``d[k] = v`` and the like.
        """
        return self._model.kinds.element_kind(expression)

    def origins(self, expression: ast.expr) -> frozenset[ast.Call]:
        """Return the calls of this file that made the futures that an expression may be, or waits for.

        Followed are names, attributes, records, collections, queues, arguments and results. Two expressions that share
        an origin may be the same future.
        """
        return self._model.origins.of(expression)

    def returns(self) -> Iterator[ast.Return]:
        """Yield every ``return`` of the file."""
        for found in self._model.survey.returns.values():
            yield from found

    # --- owners ----------------------------------------------------------------------------------------------------

    def reference(self, expression: ast.AST) -> str | None:
        """Return a readable key of a chain of names: ``task``, ``self._task``, ``self.tasks[key]``.

        The first parameter of a method is ``self``, however it is called. Two expressions of one function with one key
        refer to the same value unless it was rebound between them. None for anything but names, attributes and items.
        """
        return self._model.references.reference(expression)

    def cancels(self, function: ast.AST) -> list[ast.Call]:
        """Return the calls of ``.cancel()`` and ``.cancel(message)`` in a function (or the module), as they stand."""
        return self._model.owners.cancels(function)

    def cancelled_before(self, expression: ast.expr, node: ast.AST | None = None) -> bool:
        """Tell whether all that an expression refers to, or would wait for if awaited, is cancelled before a place.

        Before: earlier in the text of the same function, or anywhere in another function that reaches the same thing
        (an attribute of ``self``, a closure, a global). Loops that cancel each element, aliases, and helpers of this
        file that cancel their parameter count.

        Args:
            expression: a task, a collection in ``gather(*tasks)`` or ``wait(tasks)``, ...
            node: the place; the expression itself when left out.
        """
        return self._model.owners.cancelled_before(expression, node)

    def awaited(self, expression: ast.expr) -> Things | None:
        """Return what awaiting an expression waits for: each thing is the set of keys that it goes by in this file.

        ``gather``, ``wait``, ``wait_for``, ``shield`` and helpers of this file that only wait for their parameters are
        seen through. Two things are the same when they share a key. None when something unknown is waited for.
        """
        return self._model.owners.awaited(expression)

    def only_waits_for_cancelled(self, statements: Sequence[ast.AST]) -> bool:
        """Tell whether a block suspends, and only to wait for what ``cancelled_before`` is true of.

        This is the idiom of cancelling a task and waiting for it; helpers of this file that do both count too.
        """
        return self._model.owners.only_waits_for_cancelled(statements)

    def own_task(self, expression: ast.expr) -> bool:
        """Tell whether an expression is certainly a task that this function made, or for ``self.x`` this class."""
        return self._model.owners.own_task(expression)

    def started_only_as_task(self, function: ast.AST | None) -> bool:
        """Tell whether this file uses a coroutine function, and each time only to start it as a task."""
        return self._model.starts.started_only_as_task(function)

    def starts(self, use: ast.expr) -> bool:
        """Tell whether a function is started as a task where it is used."""
        return self._model.starts.starts(use)

    def canceller_takes_no_cancellation(self, function: ast.AST | None) -> bool:
        """Tell whether this file cancels a task of a coroutine function and awaits it with no handler around."""
        return self._model.starts.canceller_takes_no_cancellation(function)

    def run_by(self, waited: ast.expr) -> list[ast.AsyncFunctionDef]:
        """Return the coroutine functions of this file that the tasks run, or may run, that an expression waits for."""
        return self._model.starts.run_by(waited)

    # --- the cancellation graph --------------------------------------------------------------------------------------

    def flow(self, function: AnyFunction, assumed: Mapping[str, bool] | None = None) -> Flow | None:
        """Return the cancellation graph of a function, None where it passes a limit.

        Args:
            function: a ``def`` or ``async def`` of this file.
            assumed: parameters that are certainly None (False) or certainly not (True).
        """
        return self._flows.flow(function, assumed or {})

    def loss(self, catcher: Catcher, waiting: bool = False) -> Loss | None:
        """Return the worst way in which a handler, or a ``with`` item that suppresses, loses a cancellation.

        Args:
            catcher: a handler or an item.
            waiting: whether to ask of the blocks that only wait for cancelled tasks, else of all others.

        A handler that is evidently there for a timeout, which it does not take, is a mistake of its own and loses none.
        """
        key = catcher, waiting
        if key not in self._losses:
            is_for_timeout = isinstance(catcher, ast.ExceptHandler) and mistaken_timeout(self, catcher) is not None
            self._losses[key] = None if is_for_timeout else loss_at(self, catcher, waiting)
        return self._losses[key]

    def left_out(self) -> list[AnyFunction]:
        """Return the functions so far whose graph passed a limit, so that nothing is said of them."""
        return self._flows.left_out
