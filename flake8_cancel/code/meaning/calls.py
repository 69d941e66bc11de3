"""What calls give: of asyncio's functions and methods, of builtins, of the functions and classes of this file."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.meaning.scopes import Form
from flake8_cancel.code.meaning.values import (
    COROUTINE,
    EMPTY,
    FUNCTIONS,
    METHODS,
    NOTHING,
    OUTCOMES,
    SAME_ELEMENTS,
    Kind,
    Known,
    elements,
    joined,
)

if TYPE_CHECKING:
    from flake8_cancel.code.meaning.kinds import Kinds

_COLLECTIONS = frozenset({Kind.COLLECTION, Kind.TUPLE})
_TAKE_ONE = frozenset({"get", "pop", "popleft", "setdefault"})
_SAME = frozenset({"copy", "difference", "intersection", "symmetric_difference", "union"})
_LOOP_GETTERS = frozenset({"get_event_loop", "get_running_loop", "new_event_loop"})
_FUTURES = frozenset({Kind.TASK, Kind.FUTURE, Kind.SHIELD, Kind.GATHER, Kind.THREAD_FUTURE})


class Calls:
    """Answers what calls give.

    Args:
        kinds: answers what the parts of a call are.
    """

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds

    def known(self, call: ast.Call) -> Known | None:
        """Return what is known of the result of a call."""
        # A generic class is called as it is when it is subscripted: ``asyncio.Queue[int]()``.
        called = call.func.value if isinstance(call.func, ast.Subscript) else call.func
        name = self._kinds.names.name(called)
        if name:
            known = self._function(name, call)
            if known is None and isinstance(call.func, ast.Attribute) and is_called_loop(call.func.value):
                return self._method(call.func, call)
            return known
        function = self._kinds.called(call)
        if isinstance(function, ast.ClassDef):
            return Known(Kind.INSTANCE, definition=function)
        if function:
            return self.result(function)
        if isinstance(call.func, ast.Attribute):
            return self._method(call.func, call)
        return None

    def result(self, function: ast.AST) -> Known | None:
        """Return what calling a function of this file gives; nothing is known of decorated ones."""
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return None
        if not self._kinds.definitions.is_plain(function):
            return None
        is_generator = function in self._kinds.survey.yields
        if isinstance(function, ast.AsyncFunctionDef):
            return Known(Kind.ASYNC_GENERATOR) if is_generator else Known(Kind.COROUTINE, self._returned(function))
        return None if is_generator else self._returned(function)

    def _returned(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Known | None:
        """Return what ``return`` gives in a function; its annotation tells where the values do not."""
        found = self._kinds.survey.returns.get(function, [])
        known = joined(self._kinds.known(one.value) if one.value else NOTHING for one in found)
        if known is None or known.kind in (Kind.NONE, Kind.NOTHING):
            return self._kinds.annotated(function.returns)
        return known

    def _function(self, name: str, call: ast.Call) -> Known | None:
        if name in FUNCTIONS:
            return FUNCTIONS[name]
        first = call.args[0] if call.args and not isinstance(call.args[0], ast.Starred) else None
        if name == "asyncio.create_task":
            return Known(Kind.TASK, self._awaited(first))
        if name == "asyncio.ensure_future":
            return self._ensured(first)
        if name == "asyncio.shield":
            return Known(Kind.SHIELD, self._awaited(first))
        if name == "asyncio.wait_for":
            return Known(Kind.COROUTINE, self._awaited(first))
        if name == "asyncio.run":
            return self._awaited(first)
        if name == "asyncio.gather":
            return Known(Kind.GATHER, OUTCOMES if _returns_exceptions(call) else None)
        if name == "asyncio.wait":
            waited = Known(Kind.COLLECTION, _as_task(self._elements(first)))
            return Known(Kind.COROUTINE, Known(Kind.TUPLE, parts=(waited, waited)))
        if name == "asyncio.as_completed":
            return Known(Kind.COLLECTION, COROUTINE)
        if name in SAME_ELEMENTS:
            return self._same_elements(first, call)
        if name == "builtins.enumerate":
            return Known(Kind.COLLECTION, Known(Kind.TUPLE, parts=(None, self._elements(first))))
        if name == "builtins.zip":
            return Known(Kind.COLLECTION, Known(Kind.TUPLE, parts=tuple(map(self._elements, call.args))))
        if name == "builtins.filter" and len(call.args) == 2:
            return Known(Kind.COLLECTION, self._elements(call.args[1]))
        if name == "builtins.next":
            return self._elements(first)
        if name in ("typing.cast", "typing_extensions.cast"):
            return self._kinds.annotated(first)
        return None

    def _same_elements(self, first: ast.expr | None, call: ast.Call) -> Known | None:
        if not call.args:
            return None if call.keywords else EMPTY
        known = self._kinds.known(first)
        return Known(Kind.COLLECTION, self._elements(first), known.key if known else None)

    def _method(self, function: ast.Attribute, call: ast.Call) -> Known | None:
        receiver = self._kinds.known(function.value)
        if receiver is None and is_called_loop(function.value):
            receiver = Known(Kind.LOOP)
        if receiver is None:
            return None
        if receiver.kind in (Kind.LOOP, Kind.TASK_GROUP) and function.attr == "create_task":
            return Known(Kind.TASK, self._awaited(call.args[0] if call.args else None))
        if receiver.kind in (Kind.LOOP, Kind.RUNNER) and function.attr in ("run", "run_until_complete"):
            return self._awaited(call.args[0] if call.args else None)
        if receiver.kind in _COLLECTIONS:
            return self._of_collection(receiver, function.attr)
        if receiver.definition:
            return self._of_instance(receiver.definition, function.attr)
        return METHODS.get(receiver.kind, {}).get(function.attr)

    def _of_collection(self, receiver: Known, method: str) -> Known | None:
        if method in _TAKE_ONE:
            return elements(receiver)
        if method in _SAME:
            return receiver
        if method == "values":
            return Known(Kind.COLLECTION, receiver.element)
        if method == "keys":
            return Known(Kind.COLLECTION, receiver.key)
        pair = Known(Kind.TUPLE, parts=(receiver.key, receiver.element))
        if method == "items":
            return Known(Kind.COLLECTION, pair)
        return pair if method == "popitem" else None

    def _of_instance(self, definition: ast.ClassDef, method: str) -> Known | None:
        bindings = self._kinds.definitions.attribute_bindings(definition, method)
        if len(bindings) == 1 and bindings[0].form is Form.DEFINED:
            return self.result(bindings[0].node)
        return None

    def _ensured(self, awaitable: ast.expr | None) -> Known | None:
        """Return what ``ensure_future`` gives: it leaves a future as it is, so of a parameter nothing is certain."""
        known = self._kinds.known(awaitable)
        if known and known.kind in _FUTURES:
            return known
        made = self._kinds.value(awaitable) if awaitable else None
        certain = isinstance(made, ast.Call) or (known is not None and known.kind is Kind.COROUTINE)
        return Known(Kind.TASK, self._awaited(awaitable)) if certain else None

    def _awaited(self, expression: ast.expr | None) -> Known | None:
        known = self._kinds.known(expression)
        return known.element if known else None

    def _elements(self, expression: ast.expr | None) -> Known | None:
        known = self._kinds.known(expression)
        if known and known.kind is Kind.NOTHING:
            return known
        return elements(known) if known and known.kind in _COLLECTIONS else None


def is_called_loop(expression: ast.expr) -> bool:
    """Tell whether what an expression stands for is called a loop: where it is from another file, it is one."""
    if isinstance(expression, ast.Call):
        return _last_name(expression.func) in _LOOP_GETTERS
    return _last_name(expression) in ("loop", "_loop")


def _last_name(expression: ast.expr) -> str:
    return str(getattr(expression, "attr", getattr(expression, "id", "")))


def _returns_exceptions(gather: ast.Call) -> bool:
    return any(
        keyword.arg == "return_exceptions" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in gather.keywords
    )


def _as_task(known: Known | None) -> Known | None:
    """Return what becomes of something that is waited for: of a coroutine, where a Python takes it, a task."""
    return Known(Kind.TASK, known.element) if known and known.kind is Kind.COROUTINE else known
