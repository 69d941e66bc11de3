"""Who cancels a thing, who waits for it, and who made it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from flake8_cancel.code.meaning.kinds import Kinds
from flake8_cancel.code.meaning.references import References, Thing, Things
from flake8_cancel.code.meaning.scopes import FUNCTIONS, Form
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import children, place

_Def = ast.FunctionDef | ast.AsyncFunctionDef
# Managers whose enter and exit never suspend, so that only their body waits.
_STILL_MANAGERS = frozenset({"asyncio.timeout", "asyncio.timeout_at", "async_timeout.timeout"})
# Before every place of a function.
_START = (0, 0)
_SUSPENDING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.comprehension)


class _Cancel(NamedTuple):
    """A place where things are cancelled."""

    function: ast.AST
    place: tuple[int, int]
    keys: Thing


class Owners:
    """Answers who cancels, waits for and makes things.

    Args:
        kinds: the kinds of the module.
        references: what the expressions of the module refer to.
    """

    def __init__(self, kinds: Kinds, references: References) -> None:
        self._kinds = kinds
        self._references = references
        self._calls: dict[ast.AST, list[ast.Call]] | None = None
        self._all_cancels: list[_Cancel] | None = None
        self._helpers: dict[_Def, bool] = {}

    def cancels(self, function: ast.AST) -> list[ast.Call]:
        """Return the calls of ``.cancel(...)`` in a function; see ``Module.cancels``."""
        if self._calls is None:
            self._calls = {}
            for call in self._kinds.survey.calls.get("cancel", ()):
                if isinstance(call.func, ast.Attribute):
                    self._calls.setdefault(self._kinds.survey.frame(call), []).append(call)
        return self._calls.get(function, [])

    def cancelled_before(self, expression: ast.expr, node: ast.AST | None = None) -> bool:
        """Tell whether everything an expression refers to was cancelled before; see ``Module.cancelled_before``."""
        things = self._references.things(expression)
        return things is not None and self._all_cancelled(things, node or expression)

    def awaited(self, expression: ast.expr) -> Things | None:
        """Return what awaiting an expression waits for; see ``Module.awaited``."""
        things = self._references.things(expression)
        if things is None and isinstance(expression, ast.Call):
            return self._waited_by_helper(expression)
        return things

    def only_waits_for_cancelled(self, statements: Sequence[ast.AST]) -> bool:
        """Tell whether a block only waits for what was cancelled; see ``Module.only_waits_for_cancelled``."""
        waits = False
        for node in _own_nodes(statements):
            if isinstance(node, _SUSPENDING) and self._suspends(node):
                if not isinstance(node, ast.Await) or not self._waits_for_cancelled(node):
                    return False
                waits = True
        return waits

    def own_task(self, expression: ast.expr) -> bool:
        """Tell whether an expression is a task that its function, or class, made; see ``Module.own_task``."""
        if isinstance(expression, ast.Call):
            return self._kinds.kind(expression) is Kind.TASK
        if isinstance(expression, ast.Name):
            bindings = self._kinds.names.bindings(expression)
        elif isinstance(expression, ast.Attribute):
            owner = self._kinds.definitions.receiver_class(expression.value)
            bindings = self._kinds.definitions.attribute_bindings(owner, expression.attr) if owner else []
        elif isinstance(expression, ast.Subscript):
            return self._kinds.kind(expression) is Kind.TASK and self._is_own_collection(expression.value)
        else:
            return False
        if self._kinds.kind(expression) is not Kind.TASK:
            return False
        for binding in bindings:
            if binding.form is Form.ASSIGNED and _holds_call(binding.value):
                return True
            if binding.form is Form.ELEMENT and binding.value and self._is_own_collection(binding.value):
                return True
        return False

    def _is_own_collection(self, collection: ast.expr) -> bool:
        while isinstance(collection, ast.Call) and isinstance(collection.func, ast.Attribute):
            collection = collection.func.value
        if isinstance(collection, ast.Call) and collection.args:
            collection = collection.args[0]
        if isinstance(collection, ast.Name):
            bindings = self._kinds.names.bindings(collection)
            return bool(bindings) and all(binding.form is not Form.PARAMETER for binding in bindings)
        if isinstance(collection, ast.Attribute):
            return self._kinds.definitions.receiver_class(collection.value) is not None
        return isinstance(collection, (ast.List, ast.Tuple, ast.Set, ast.ListComp, ast.SetComp))

    # --- cancelled ---------------------------------------------------------------------------------------------------

    def _all_cancelled(self, things: Things, node: ast.AST) -> bool:
        """Tell whether every thing is cancelled earlier in the function of a node, or anywhere in another function."""
        function, here = self._kinds.survey.frame(node), place(node)
        keys = {
            key
            for cancel in self._cancelled()
            if cancel.function is not function or cancel.place < here
            for key in cancel.keys
        }
        return bool(things) and all(thing & keys for thing in things)

    def _cancelled(self) -> list[_Cancel]:
        """Return every place where something is cancelled, also by a helper that cancels its parameter."""
        if self._all_cancels is None:
            direct = [*self._direct_cancels(), *self._asserted_cancels()]
            self._all_cancels = [*direct, *self._helper_cancels(direct)]
        return self._all_cancels

    def _direct_cancels(self) -> Iterator[_Cancel]:
        for call in self._kinds.survey.calls.get("cancel", ()):
            # Cancelling the waiter that shield() returns does not cancel the task.
            if isinstance(call.func, ast.Attribute) and self._kinds.kind(call.func.value) is not Kind.SHIELD:
                things = self._references.things(call.func.value) or ()
                yield _Cancel(self._kinds.survey.frame(call), place(call), frozenset().union(*things))

    def _asserted_cancels(self) -> Iterator[_Cancel]:
        """Yield what a test asserts to be cancelled: it waits for that, whoever cancels it."""
        for call in self._kinds.survey.calls.get("cancelled", ()):
            if isinstance(call.func, ast.Attribute) and _is_asserted(self._kinds.survey.parents[call]):
                things = self._references.things(call.func.value) or ()
                yield _Cancel(self._kinds.survey.frame(call), _START, frozenset().union(*things))

    def _helper_cancels(self, direct: Sequence[_Cancel]) -> Iterator[_Cancel]:
        keys_by_function: dict[ast.AST, Thing] = {}
        for cancel in direct:
            keys_by_function[cancel.function] = keys_by_function.get(cancel.function, frozenset()) | cancel.keys
        for function, keys in keys_by_function.items():
            if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for call in self._calls_of(function):
                for argument, is_collection in self._arguments(function, call, keys):
                    things = (self._references.elements if is_collection else self._references.things)(argument)
                    yield _Cancel(self._kinds.survey.frame(call), place(call), frozenset().union(*(things or ())))

    def _calls_of(self, function: _Def) -> Iterator[ast.Call]:
        for call in self._kinds.survey.calls.get(function.name, ()):
            if self._kinds.definitions.definition(call.func) is function:
                yield call

    def _arguments(self, function: _Def, call: ast.Call, keys: Thing) -> Iterator[tuple[ast.expr, bool]]:
        """Yield the arguments of a call whose parameters go by one of the keys, and whether their elements do."""
        parameters = [*function.args.posonlyargs, *function.args.args]
        if isinstance(call.func, ast.Attribute) and self._kinds.definitions.is_method(function):
            parameters = parameters[1:]
        named = {parameter.arg: parameter for parameter in (*parameters, *function.args.kwonlyargs)}
        passed = list(zip(parameters, call.args, strict=False))
        passed += [(named[one.arg], one.value) for one in call.keywords if one.arg in named]
        if function.args.vararg:
            passed += [(function.args.vararg, one) for one in call.args[len(parameters) :]]
        for parameter, argument in passed:
            prefix = self._references.parameter_key(parameter)
            is_rest = parameter is function.args.vararg
            value = argument.value if isinstance(argument, ast.Starred) else argument
            if prefix in keys:
                yield value, False
            elif f"{prefix}[]" in keys:
                yield value, not is_rest or isinstance(argument, ast.Starred)

    # --- waited for --------------------------------------------------------------------------------------------------

    def _suspends(self, node: ast.AST) -> bool:
        if isinstance(node, ast.comprehension):
            return bool(node.is_async)
        if isinstance(node, ast.AsyncWith):
            makers = [one.context_expr for one in node.items]
            names = {self._kinds.names.name(one.func if isinstance(one, ast.Call) else one) for one in makers}
            return not names <= _STILL_MANAGERS
        return True

    def _waits_for_cancelled(self, node: ast.Await) -> bool:
        if isinstance(node.value, ast.Call):
            helper = self._kinds.definitions.definition(node.value.func)
            if isinstance(helper, ast.AsyncFunctionDef) and self._cancels_and_waits(helper):
                return True
        things = self.awaited(node.value)
        return things is not None and self._all_cancelled(things, node)

    def _cancels_and_waits(self, helper: ast.AsyncFunctionDef) -> bool:
        """Tell whether a helper suspends only to wait for what was cancelled."""
        if helper not in self._helpers:
            self._helpers[helper] = False
            self._helpers[helper] = self.only_waits_for_cancelled(helper.body)
        return self._helpers[helper]

    def _waited_by_helper(self, call: ast.Call) -> Things | None:
        """Return what a coroutine function of this file waits for that only waits for its parameters."""
        helper = self._kinds.definitions.definition(call.func)
        if not isinstance(helper, ast.AsyncFunctionDef):
            return None
        waited: list[Thing] = []
        for node in _own_nodes(helper.body):
            if not isinstance(node, _SUSPENDING) or not self._suspends(node):
                continue
            things = self._references.things(node.value) if isinstance(node, ast.Await) else None
            if things is None:
                return None
            waited.extend(things)
        found: list[Thing] = []
        for thing in waited:
            passed = list(self._arguments(helper, call, thing))
            if not passed:
                return None
            for argument, is_collection in passed:
                things = (self._references.elements if is_collection else self._references.things)(argument)
                if things is None:
                    return None
                found.extend(things)
        return tuple(found) or None


def _is_asserted(around: ast.AST) -> bool:
    """Tell whether a test of a certain outcome stands around an expression: ``assert``, or unittest's."""
    is_method = isinstance(around, ast.Call) and isinstance(around.func, ast.Attribute)
    return isinstance(around, ast.Assert) or (is_method and around.func.attr == "assertTrue")  # type: ignore[attr-defined]


def _own_nodes(roots: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes that run where the roots run: not the bodies of nested functions."""
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            waiting.extend(children(node))


def _holds_call(expression: ast.expr | None) -> bool:
    """Tell whether an assigned value comes from a call, at least on one side of a choice."""
    if isinstance(expression, ast.IfExp):
        return _holds_call(expression.body) or _holds_call(expression.orelse)
    if isinstance(expression, ast.BoolOp):
        return any(map(_holds_call, expression.values))
    return isinstance(expression, ast.Call)
