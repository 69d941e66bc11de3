"""What shows that a caught cancellation is not lost: it is kept, or known to be the function's own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import PREDICATES
from flake8_cancel.code.catchers import Catcher
from flake8_cancel.code.errors import CANCEL, CANCELLED_ERROR, MAYBE, UNKNOWN, YES, Error, catches
from flake8_cancel.code.evaluate import own_nodes
from flake8_cancel.code.keeping import keeps, kept_in
from flake8_cancel.code.points import BRANCH, STEP, State

if TYPE_CHECKING:
    from flake8_cancel.code.flow import Flow
    from flake8_cancel.code.module import Module

_GUARDS = PREDICATES | {"expired", "cancel_called", "cancelled_caught"}
_CURRENT_TASK = "asyncio.current_task"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# What replaces nothing: an unknown error (maybe the one that was kept), and the end of the process.
_NO_REPLACEMENT = frozenset({UNKNOWN.name, "builtins.SystemExit"})


class Excuses:
    """The excuses of one handler or suppressing ``with`` item.

    Args:
        module: the module.
        flow: the graph of the coroutine function around it.
        catcher: the handler or item.
        ending: whether something that is ended, and told of the exception, keeps it.
    """

    def __init__(self, module: Module, flow: Flow, catcher: Catcher, ending: bool = True) -> None:
        self._module = module
        self._flow = flow
        self._catcher = catcher
        self._ending = ending
        self._caught = catcher.name if isinstance(catcher, ast.ExceptHandler) else None
        self._keepers = set(kept_in(module, catcher)) if isinstance(catcher, ast.ExceptHandler) else set()
        self._known: dict[tuple[ast.AST, str], bool] = {}

    def whole(self) -> bool:
        """Tell whether nothing that the handler does can lose the caller's cancellation by itself.

        The block only waits for tasks that were cancelled before (then it is the strict rule's business), or the
        handler sets a flag under which the function raises the cancellation later.
        """
        block = self._module.parent(self._catcher)
        body = block.body  # type: ignore[union-attr]
        return self._module.only_waits_for_cancelled(body) or self._raised_later()

    def covers(self, state: State) -> bool:
        """Tell whether a path through a state has an excuse there."""
        point = state.point
        if point.kind == BRANCH and isinstance(point.node, ast.expr):
            test = point.node
        elif point.kind == STEP and isinstance(point.node, (ast.If, ast.While)):
            test = point.node.test
        elif point.kind == STEP and isinstance(point.node, ast.stmt) and not isinstance(point.node, ast.Raise):
            return self._once(point.node, self._keeps_or_cancels)
        else:
            return False
        return self._once(test, self._asks_for_kept) or (self._once(test, self._is_guard) and self._raises_after(state))

    def excludes(self, state: State, after: State) -> bool:
        """Tell whether an edge is the answer of an ``isinstance`` test that a cancellation does not get."""
        if state.point.kind != BRANCH:
            return False
        match state.point.node:
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), classes]) if name == self._caught:
                answer = catches(CANCEL, self._module.names(classes), self._module.bases)
                return answer != MAYBE and after.point is state.point.targets[answer == YES]
        return False

    def replaces(self, error: Error) -> bool:
        """Tell whether raising an error in place of the cancellation hides it."""
        names = {error.name, *error.members, *(self._module.bases(error.name) or ())}
        return error.name not in _NO_REPLACEMENT and CANCELLED_ERROR not in names

    def _once(self, node: ast.AST, question: Callable[[ast.AST], bool]) -> bool:
        key = node, question.__name__
        if key not in self._known:
            self._known[key] = question(node)
        return self._known[key]

    # --- the exception is kept ----------------------------------------------------------------------------------------

    def _keeps_or_cancels(self, statement: ast.AST) -> bool:
        parts = list(_own_expressions(statement))
        return keeps(self._module, parts, self._caught, self._ending) or self._cancels_again(parts)

    def _asks_for_kept(self, test: ast.AST) -> bool:
        """Tell whether a test asks for what the handler keeps the exception in, which tells whether it kept one."""
        return not self._keepers.isdisjoint(self._references(test))

    def _cancels_again(self, parts: Iterable[ast.AST]) -> bool:
        """Tell whether a statement cancels the current task again."""
        for node in parts:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "cancel"):
                continue
            receiver = self._module.value(node.func.value)
            if isinstance(receiver, ast.Call) and self._module.name(receiver.func) == _CURRENT_TASK:
                return True
        return False

    def _raised_later(self) -> bool:
        """Tell whether the handler sets something under whose test the function raises the cancellation."""
        if not isinstance(self._catcher, ast.ExceptHandler):
            return False
        flags = {
            reference
            for node in ast.walk(self._catcher)
            if isinstance(node, ast.Assign)
            for reference in map(self._module.reference, node.targets)
            if reference
        }
        return any(
            self._gives_back(node.body, flags)
            for node in ast.walk(self._flow.function)
            if isinstance(node, ast.If) and not flags.isdisjoint(self._references(node.test))
        )

    def _gives_back(self, body: Iterable[ast.AST], flags: set[str]) -> bool:
        parts = [part for statement in body for part in ast.walk(statement)]
        for part in parts:
            raised = part.exc if isinstance(part, ast.Raise) else None
            kind = raised.func if isinstance(raised, ast.Call) else raised
            if kind and (self._module.name(kind) == CANCELLED_ERROR or self._module.reference(kind) in flags):
                return True
        return self._cancels_again(parts)

    # --- the path is chosen by a test ---------------------------------------------------------------------------------

    def _raises_after(self, state: State) -> bool:
        """Tell whether a test decides: from there the cancellation may be raised."""
        return any(end.error and end.error.name == CANCELLED_ERROR for end in self._flow.ends([state]))

    def _is_guard(self, test: ast.AST) -> bool:
        """Tell whether a test shows whose cancellation it is: a predicate of a task, or a flag set beside a cancel."""
        for node in own_nodes(test):
            if isinstance(node, ast.Attribute) and node.attr in _GUARDS:
                return True
            if isinstance(node, ast.Call):
                helper = self._module.definition(node.func)
                if self._module.name(node.func) == _CURRENT_TASK or self._answers_by_guard(helper):
                    return True
        return any(map(self._set_beside_cancel, self._references(test)))

    def _answers_by_guard(self, helper: ast.AST | None) -> bool:
        """Tell whether a helper of this file returns what such a test asks for."""
        if not isinstance(helper, ast.FunctionDef) or helper is self._flow.function:
            return False
        last = helper.body[-1]
        if not isinstance(last, ast.Return) or last.value is None:
            return False
        asks = any(isinstance(node, ast.Attribute) and node.attr in _GUARDS for node in own_nodes(last.value))
        return asks or any(map(self._set_beside_cancel, self._references(last.value)))

    def _references(self, test: ast.AST) -> Iterator[str]:
        for node in own_nodes(test):
            reference = self._module.reference(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
            if reference:
                yield reference

    def _set_beside_cancel(self, reference: str) -> bool:
        """Tell whether another function sets a flag and cancels something, or this one does so side by side."""
        function = self._flow.function
        around: ast.AST = function
        if reference.startswith("self."):
            around = self._module.class_around(function) or function
        for other in ast.walk(around):
            if isinstance(other, _FUNCTIONS) and other is not function:
                parts = list(own_parts(other))
                if any(map(_cancels, parts)) and any(self._sets(part, reference) for part in parts):
                    return True
        return any(
            any(self._sets(statement, reference) for statement in block)
            and any(isinstance(statement, ast.Expr) and _cancels(statement.value) for statement in block)
            for block in _blocks(function)
        )

    def _sets(self, node: ast.AST, reference: str) -> bool:
        targets: Iterable[ast.expr] = ()
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            targets = (node.target,)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "set":
            targets = (node.func.value,)
        elif isinstance(node, ast.Expr):
            return self._sets(node.value, reference)
        return any(self._module.reference(target) == reference for target in targets)


def own_parts(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function, not those of the functions inside it."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _FUNCTIONS):
            waiting.extend(ast.iter_child_nodes(node))


def _cancels(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "cancel"


def _blocks(function: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in (function, *own_parts(function)):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                yield block


def _own_expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of the expressions of a statement, not those of the statements inside it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.expr, ast.withitem, ast.keyword)):
            yield from own_nodes(child)
