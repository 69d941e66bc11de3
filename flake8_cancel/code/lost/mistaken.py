"""The two classes called CancelledError: where one is caught and only the other can come."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph.catchers import Catcher, is_broad
from flake8_cancel.code.meaning.values import AWAITABLE, Kind
from flake8_cancel.code.tree import children, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

OF_ASYNCIO = "asyncio.CancelledError"
OF_THREADS = "concurrent.futures.CancelledError"

_RESULTS = frozenset({"exception", "result"})
# What makes a future of threads, and so may bring its CancelledError.
_THREADS = frozenset({"asyncio.run_coroutine_threadsafe"})
# What runs coroutines from outside, and so may raise the one of asyncio.
_RUNS = frozenset({"run", "run_until_complete"})
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Mistaken(NamedTuple):
    """A class that cannot come where it is caught.

    Attributes:
        written: the expression that names it.
        right: the qualified name of the class that can.
        raised: the place where that one comes from.
    """

    written: ast.expr
    right: str
    raised: ast.expr


def mistaken(module: Module, catcher: Catcher) -> Mistaken | None:
    """Return which CancelledError a handler, or a ``suppress``, mistakes for the other, or None.

    Args:
        module: the module.
        catcher: a handler or an item.
    """
    classes = _classes(catcher)
    names = {name for one in classes for name in module.names(one)}
    if None in names or (OF_ASYNCIO in names) == (OF_THREADS in names):
        return None
    wrong, right = (OF_THREADS, OF_ASYNCIO) if OF_THREADS in names else (OF_ASYNCIO, OF_THREADS)
    written = next((one for one in classes if module.names(one) == (wrong,)), None)
    block = module.parent(catcher)
    if written is None or not isinstance(block, (ast.Try, ast.With)) or _is_taken_elsewhere(module, catcher, right):
        return None
    if _changes_nothing(module, catcher):
        return None
    parts = list(_own_nodes(block.body))
    raised = _from_asyncio(module, parts) if right == OF_ASYNCIO else _from_threads(module, parts)
    return Mistaken(written, right, raised) if raised else None


def _classes(catcher: Catcher) -> Sequence[ast.expr]:
    if isinstance(catcher, ast.ExceptHandler):
        kind = catcher.type
        return kind.elts if isinstance(kind, ast.Tuple) else [kind] if kind else []
    return catcher.context_expr.args if isinstance(catcher.context_expr, ast.Call) else []


def _changes_nothing(module: Module, catcher: Catcher) -> bool:
    """Tell whether a handler only raises again what no clause below takes: it might as well not be there."""
    if not isinstance(catcher, ast.ExceptHandler):
        return False
    again = [isinstance(node, ast.Raise) and node.exc is None for node in catcher.body] == [True]
    block = module.parent(catcher)
    assert isinstance(block, ast.Try)
    below = block.handlers[block.handlers.index(catcher) + 1 :]
    return again and not any(is_broad(module, other) for other in below)


def _is_taken_elsewhere(module: Module, catcher: Catcher, right: str) -> bool:
    """Tell whether another clause of the statement names the right class: then it knows both."""
    block = module.parent(catcher)
    others = block.handlers if isinstance(block, ast.Try) else []
    return any(right in module.names(other.type) for other in others if other is not catcher)


def _from_asyncio(module: Module, parts: Sequence[ast.AST]) -> ast.expr | None:
    """Return an await of something of asyncio's, where nothing in the file has to do with futures of threads."""
    if _uses_threads(module) or any(_may_ask_a_thread(module, node) for node in parts):
        return None
    for node in parts:
        if isinstance(node, ast.Await) and module.kind(node.value) in AWAITABLE:
            return node
    return None


def _from_threads(module: Module, parts: Sequence[ast.AST]) -> ast.expr | None:
    """Return where the result of a future of threads is asked for, where nothing else can be cancelled."""
    asked: ast.expr | None = None
    for node in parts:
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)):
            return None
        if not isinstance(node, ast.Call):
            continue
        word = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if word in _RESULTS and isinstance(node.func, ast.Attribute):
            if module.kind(node.func.value) is not Kind.THREAD_FUTURE:
                return None
            asked = node
        elif word in _RUNS or _is_own(module, node):
            return None
    return asked


def _is_own(module: Module, call: ast.Call) -> bool:
    """Tell whether a call runs code of this file; a coroutine function's call only makes a coroutine."""
    return isinstance(module.definition(call.func), (ast.FunctionDef, ast.ClassDef))


def _uses_threads(module: Module) -> bool:
    for node in walk(module.tree):
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = module.name(node) or ""
            if name in _THREADS or (name.startswith("concurrent.futures.") and name != OF_THREADS):
                return True
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("concurrent.futures"):
            others = [alias for alias in node.names if alias.name != "CancelledError"]
            if others:
                return True
    return False


def _may_ask_a_thread(module: Module, node: ast.AST) -> bool:
    """Tell whether a call asks for a result itself, or calls a function of this file that does."""
    if not isinstance(node, ast.Call):
        return False
    helper = module.definition(node.func)
    called = walk(helper) if helper else [node]
    return any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in _RESULTS
        for one in called
    )


def _own_nodes(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes of a block in the order of the text, without the bodies of functions and classes."""
    waiting: list[ast.AST] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _DEFINITIONS):
            waiting.extend(reversed(list(children(node))))
