"""How the functions of a file are started, and who cancels them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code import api
from flake8_cancel.code.lost.keeping import parameter_given
from flake8_cancel.code.meaning.kinds import Kinds
from flake8_cancel.code.meaning.references import References, Things
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.owners import Owners
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import words

_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Starred, ast.Dict, ast.IfExp, ast.BoolOp, ast.keyword)
_WAITS = frozenset({"asyncio.gather", "asyncio.wait"})
# What is not unknown.
_KNOWN = frozenset({"asyncio", "builtins", "contextlib", "functools", "inspect", "unittest"})
# Servers run their callback as a task for each connection.
_SERVERS = frozenset({"asyncio.start_server", "asyncio.start_unix_server"})
# What has it in its name makes tasks of several coroutines, and raises its waiter's cancellation.
_GATHER = "gather"
_TAKES_CANCELLED = frozenset({api.CANCELLED, "builtins.BaseException"})


class Starts:
    """Answers how functions are started and who cancels them.

    Args:
        kinds: the kinds of the module.
        references: what the expressions of the module refer to.
        owners: who cancels what.
    """

    def __init__(self, kinds: Kinds, references: References, owners: Owners) -> None:
        self._kinds = kinds
        self._references = references
        self._owners = owners
        # Asked once for each task of a function, and a function may make many.
        self._known_starters: dict[ast.AsyncFunctionDef, list[ast.Call]] = {}
        self._known_keys: dict[ast.AsyncFunctionDef, frozenset[str]] = {}

    def started_only_as_task(self, function: ast.AST | None) -> bool:
        """Tell whether all that this file does with a function is to start it; see ``Module.started_only_as_task``.

        ``create_task``, ``start_soon`` and the like and wrappers of this file start it; ``partial`` is seen through.
        """
        if not isinstance(function, ast.AsyncFunctionDef):
            return False
        # A task group of anyio or trio that starts a function hands it this.
        if any(argument.arg == "task_status" for argument in (*function.args.args, *function.args.kwonlyargs)):
            return True
        uses = list(self.uses(function))
        return bool(uses) and all(map(self.starts, uses))

    def starts(self, use: ast.expr) -> bool:
        """Tell whether a function is started as a task where it is used."""
        return self._starter(use) is not None

    def canceller_takes_no_cancellation(self, function: ast.AST | None) -> bool:
        """Tell whether a canceller has no handler; see ``Module.canceller_takes_no_cancellation``.

        As long as the function swallows its cancellation the canceller goes on; if it lets it through, it raises there.
        """
        if not isinstance(function, ast.AsyncFunctionDef):
            return False
        keys = self._keys_of(function)
        for node in self._kinds.survey.awaits if keys else ():
            things = self._owners.awaited(node.value) or ()
            is_task = any(thing & keys for thing in things) and not self._hides_outcome(node.value)
            if is_task and self._owners.cancelled_before(node.value) and not self._is_guarded(node):
                return True
        return False

    def run_by(self, waited: ast.expr) -> list[ast.AsyncFunctionDef]:
        """Return the coroutine functions of this file whose tasks are waited for; see ``Module.run_by``."""
        named = [self._kinds.value(node) for node in walk(waited) if isinstance(node, ast.Name)]
        made = {value for value in named if isinstance(value, ast.Call)}
        keys: frozenset[str] = frozenset().union(*(self._owners.awaited(waited) or ()))
        return [
            function
            for function in self._kinds.survey.inner
            if isinstance(function, ast.AsyncFunctionDef)
            and (
                (made and not made.isdisjoint(self._starters(function))) or not keys.isdisjoint(self._keys_of(function))
            )
        ]

    def uses(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
        """Yield the expressions that refer to a function, or may; see ``Module.uses``."""
        definitions = self._kinds.definitions
        is_method = isinstance(self._kinds.survey.scopes[function].node, ast.ClassDef)
        for name in self._kinds.survey.names.get(function.name, ()):
            if isinstance(name.ctx, ast.Load) and definitions.definition(name) is function:
                yield name
        for attribute in self._kinds.survey.attributes.get(function.name, ()) if is_method else ():
            definition = definitions.definition(attribute)
            if definition is function or (definition is None and self._may_be(attribute, function)):
                yield attribute

    # --- starts ------------------------------------------------------------------------------------------------------

    def _may_be(self, attribute: ast.Attribute, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Tell whether an attribute may be a method: of something unknown, or of ``self`` where it is one."""
        owner = self._kinds.definitions.receiver_class(attribute.value)
        if owner is not None:
            return self._kinds.definitions.member(owner, function.name) is function
        call = self._kinds.survey.parents[attribute]
        if isinstance(call, ast.Call) and call.func is attribute and self._kinds.called(call) is function:
            return True
        return self._kinds.known(attribute.value) is None and not self._is_module(attribute.value)

    def _is_module(self, expression: ast.expr) -> bool:
        """Tell whether a name is what ``from . import name`` gives, or Python's own: it has functions of its own."""
        name = self._kinds.names.name(expression) or ""
        return (name.startswith(".") and name.count(".") == 1) or name.partition(".")[0] in _KNOWN

    def _starter(self, use: ast.expr) -> ast.Call | None:
        """Return the call that starts a function as a task where it is used so."""
        node: ast.AST = use
        parents = self._kinds.survey.parents
        parent = parents[node]
        if isinstance(parent, ast.Call) and node is not parent.func and self._is_partial(parent):
            node, parent = parent, parents[parent]
        if isinstance(parent, ast.Call) and node is parent.func:
            node, parent = parent, parents[parent]
        return self._started_by(node, parent) or self._started_by_name(parent) or self._gathered(node)

    def _gathered(self, coroutine: ast.AST) -> ast.Call | None:
        """Return the call of ``gather``, or of what has its name, that is given a collection of such coroutines."""
        for around in self._kinds.survey.ancestors(coroutine):
            if isinstance(around, ast.Call):
                return around if _GATHER in words(self._called(around)) else None
            if isinstance(around, ast.Assign):
                use = self._only_use(around)
                return self._gathered(use) if use else None
            if not isinstance(around, (ast.Starred, ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp)):
                return None
        return None

    def _started_by(self, node: ast.AST, parent: ast.AST) -> ast.Call | None:
        if isinstance(parent, ast.keyword):
            node, parent = parent, self._kinds.survey.parents[parent]
        if not isinstance(parent, ast.Call) or node is parent.func:
            return None
        return parent if self._starts_tasks(parent) or self._hands_over(node, parent) else None

    def _hands_over(self, given: ast.AST, call: ast.Call) -> bool:
        """Tell whether a coroutine goes to something unknown that nobody waits for: who runs it runs it as a task."""
        coroutine = given.value if isinstance(given, ast.keyword) else given
        name = self._kinds.names.name(call.func) or ""
        if not isinstance(coroutine, ast.Call):
            return False
        if any(isinstance(one, ast.Attribute) and one.attr in api.TASK_STARTING_METHODS for one in call.args):
            return True
        helper = self._kinds.definitions.definition(call.func)
        if isinstance(helper, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return self._starts_parameter(helper, call, coroutine)
        if helper or self._called(call).partition("_")[0] == "run" or name.partition(".")[0] in _KNOWN:
            return False
        for around in self._kinds.survey.ancestors(call):
            if isinstance(around, (ast.Assign, ast.AnnAssign)):
                return not self._is_awaited(around)
            if isinstance(around, (ast.Expr, ast.Lambda)):
                return True
            if not isinstance(around, (ast.Call, *_DISPLAYS, ast.ListComp, ast.SetComp)):
                return False
        return False

    def _starts_parameter(
        self, helper: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, coroutine: ast.Call
    ) -> bool:
        """Tell whether all that a helper of this file does with a coroutine is to start it."""
        parameter = parameter_given(helper, call, coroutine)
        uses = [
            name
            for name in self._kinds.survey.names.get(parameter or "", ())
            if isinstance(name.ctx, ast.Load) and helper in self._kinds.survey.ancestors(name)
        ]
        return bool(uses) and all(self._started_by(use, self._kinds.survey.parents[use]) for use in uses)

    def _is_awaited(self, assignment: ast.Assign | ast.AnnAssign) -> bool:
        """Tell whether what is assigned to a local is awaited, and so may be nothing but a wrapper of a coroutine."""
        targets = assignment.targets if isinstance(assignment, ast.Assign) else [assignment.target]
        bindings = [self._kinds.names.bindings(target) for target in targets if isinstance(target, ast.Name)]
        return any(
            isinstance(wait.value, ast.Name) and any(self._kinds.names.bindings(wait.value) is one for one in bindings)
            for wait in self._kinds.survey.awaits
        )

    def _started_by_name(self, assignment: ast.AST) -> ast.Call | None:
        """Return the call that starts a coroutine that was put into a local first and does nothing else with it."""
        use = self._only_use(assignment) if isinstance(assignment, ast.Assign) else None
        return self._started_by(use, self._kinds.survey.parents[use]) if use else None

    def _only_use(self, assignment: ast.Assign) -> ast.Name | None:
        """Return the only place where a local is used that is bound but once."""
        target = assignment.targets[0]
        if not isinstance(target, ast.Name) or len(assignment.targets) > 1:
            return None
        bindings = self._kinds.names.bindings(target)
        uses = [
            use
            for use in self._kinds.survey.names.get(target.id, ())
            if isinstance(use.ctx, ast.Load) and self._kinds.names.bindings(use) is bindings
        ]
        return uses[0] if len(bindings) == len(uses) == 1 else None

    def _starts_tasks(self, call: ast.Call) -> bool:
        if self._kinds.kind(call) is Kind.TASK or self._kinds.names.name(call.func) in _SERVERS:
            return True
        called = self._called(call)
        return called in api.TASK_STARTING_METHODS or _GATHER in words(called)

    def _called(self, call: ast.Call) -> str:
        """Return the last name of what is called, by which it is known wherever it was imported from."""
        if isinstance(call.func, ast.Attribute):
            return call.func.attr
        return (self._kinds.names.name(call.func) or "").rpartition(".")[2]

    def _is_partial(self, call: ast.Call) -> bool:
        return self._kinds.names.name(call.func) == "functools.partial"

    # --- cancelled and awaited without a handler ----------------------------------------------------------------------

    def _starters(self, function: ast.AsyncFunctionDef) -> list[ast.Call]:
        """Return the calls that start a function as a task."""
        if function not in self._known_starters:
            self._known_starters[function] = list(filter(None, map(self._starter, self.uses(function))))
        return self._known_starters[function]

    def _keys_of(self, function: ast.AsyncFunctionDef) -> frozenset[str]:
        """Return the keys of the things that hold tasks of a function."""
        if function not in self._known_keys:
            things = (thing for call in self._starters(function) for held in self._holders(call) for thing in held)
            self._known_keys[function] = frozenset().union(*things)
        return self._known_keys[function]

    def _holders(self, call: ast.Call) -> Iterator[Things]:
        """Yield what the result of a call is assigned or added to."""
        child: ast.AST = call
        for around in self._kinds.survey.ancestors(call):
            if isinstance(around, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
                targets = around.targets if isinstance(around, ast.Assign) else [around.target]
                for target in targets:
                    is_display = child is not call
                    found = (self._references.elements if is_display else self._references.things)(target)
                    yield found or ()
                return
            if isinstance(around, ast.Call) and isinstance(around.func, ast.Attribute):
                yield self._references.elements(around.func.value) or ()
                return
            if not isinstance(around, (*_DISPLAYS, ast.ListComp, ast.SetComp)):
                return
            child = around

    def _hides_outcome(self, waited: ast.expr) -> bool:
        """Tell whether a wait does not raise what the task raised: ``wait``, or ``gather`` that returns exceptions."""
        for call in walk(waited):
            if isinstance(call, ast.Call) and self._kinds.names.name(call.func) in _WAITS:
                returned = [one.value for one in call.keywords if one.arg == "return_exceptions"]
                if self._kinds.names.name(call.func) == "asyncio.wait" or any(map(_is_true, returned)):
                    return True
        return False

    def _is_guarded(self, node: ast.Await) -> bool:
        """Tell whether a handler around an await, or ``suppress``, takes a CancelledError."""
        child: ast.AST = node
        for around in self._kinds.survey.ancestors(node):
            if isinstance(around, FUNCTIONS):
                return False
            handlers = getattr(around, "handlers", [])
            if handlers and child in around.body:  # type: ignore[attr-defined]
                caught = [one.type for one in handlers]
                if None in caught or any(self._names(one) & _TAKES_CANCELLED for one in caught):
                    return True
            if isinstance(around, ast.With):
                calls = [item.context_expr for item in around.items if isinstance(item.context_expr, ast.Call)]
                if any(self._names(one) & _TAKES_CANCELLED for call in calls for one in call.args):
                    return True
            child = around
        return False

    def _names(self, classes: ast.expr) -> set[str | None]:
        parts = classes.elts if isinstance(classes, ast.Tuple) else [classes]
        return {self._kinds.names.name(self._kinds.names.constant(part)) for part in parts}


def _is_true(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is True
