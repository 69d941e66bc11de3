"""What shows that a caught cancellation is not lost: it is kept, or known to be the function's own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import CANCELLED, LOGGING_VERBS, PREDICATES
from flake8_cancel.code.evaluate import own_nodes
from flake8_cancel.code.points import BRANCH, STEP, State

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_GUARDS = PREDICATES | {"expired", "cancel_called", "cancelled_caught"}
# Calls that only look at an exception.
_LOOKS = frozenset({"isinstance", "str", "repr", "type", "print", "format"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Excuses:
    """The excuses of one handler or suppressing ``with`` item.

    Args:
        module: the module.
        function: the coroutine function around it.
        catcher: the handler or item.
    """

    def __init__(
        self, module: Module, function: ast.AsyncFunctionDef, catcher: ast.ExceptHandler | ast.withitem
    ) -> None:
        self._module = module
        self._function = function
        self._catcher = catcher
        self._caught = catcher.name if isinstance(catcher, ast.ExceptHandler) else None
        self._known: dict[ast.AST, bool] = {}

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
            return self._once(point.node, self._is_guard)
        if point.kind == STEP and isinstance(point.node, ast.stmt):
            return self._once(point.node, self._excuses)
        return False

    def _once(self, node: ast.AST, question: Callable[[ast.AST], bool]) -> bool:
        if node not in self._known:
            self._known[node] = question(node)
        return self._known[node]

    def _excuses(self, node: ast.AST) -> bool:
        if isinstance(node, (ast.If, ast.While)):
            return self._is_guard(node.test)
        if isinstance(node, ast.Raise):
            return False
        parts = list(_own_expressions(node))
        return self._keeps(parts) or self._cancels_again(parts)

    # --- the path is chosen by a test ----------------------------------------------------------------------------------

    def _is_guard(self, test: ast.AST) -> bool:
        """Tell whether a test shows whose cancellation it is: a predicate of a task, or a flag set beside a cancel."""
        for node in own_nodes(test):
            if isinstance(node, ast.Attribute) and node.attr in _GUARDS:
                return True
            reference = self._module.reference(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
            if reference and (reference in self._keepers() or self._set_beside_cancel(reference)):
                return True
        return False

    def _keepers(self) -> set[str]:
        """Return the names and attributes that the handler keeps the exception in: a test of one tells it is kept."""
        return {
            reference
            for node in ast.walk(self._catcher)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == self._caught
            for reference in map(self._module.reference, node.targets)
            if reference
        }

    def _set_beside_cancel(self, reference: str) -> bool:
        """Tell whether some function here sets a flag and cancels something."""
        around: ast.AST = self._function
        if reference.startswith("self."):
            around = self._module.class_around(self._function) or self._function
        functions = [node for node in ast.walk(around) if isinstance(node, _FUNCTIONS)]
        return any(_cancels(node) and self._sets(node, reference) for node in functions)

    def _sets(self, function: ast.AST, reference: str) -> bool:
        for node in ast.walk(function):
            targets: Iterable[ast.expr] = ()
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
                targets = (node.target,)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "set":
                targets = (node.func.value,)
            if any(self._module.reference(target) == reference for target in targets):
                return True
        return False

    # --- the exception is kept -----------------------------------------------------------------------------------------

    def _keeps(self, parts: list[ast.AST]) -> bool:
        """Tell whether a statement stores the exception or hands it to something other than logging."""
        if any(self._module.name(node.func) == "sys.exc_info" for node in parts if isinstance(node, ast.Call)):
            return True
        if self._caught is None:
            return False
        return any(isinstance(node, ast.Name) and node.id == self._caught and self._is_kept(node) for node in parts)

    def _is_kept(self, name: ast.Name) -> bool:
        for parent in self._module.ancestors(name):
            if isinstance(parent, (ast.Attribute, ast.JoinedStr, ast.Raise, ast.Compare, ast.ExceptHandler)):
                return False
            if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mod):
                return False
            if isinstance(parent, ast.Call):
                return not (is_log(parent) or (isinstance(parent.func, ast.Name) and parent.func.id in _LOOKS))
            if isinstance(parent, (ast.Yield, ast.stmt)):
                return isinstance(parent, (ast.Yield, ast.Assign, ast.AnnAssign, ast.Return, ast.AugAssign))
        return False

    def _cancels_again(self, parts: list[ast.AST]) -> bool:
        """Tell whether a statement cancels the current task again."""
        for node in parts:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "cancel"):
                continue
            receiver = node.func.value
            if isinstance(receiver, ast.Name):
                receiver = self._module.value(receiver) or receiver
            if isinstance(receiver, ast.Call) and self._module.name(receiver.func) == "asyncio.current_task":
                return True
        return False

    def _raised_later(self) -> bool:
        """Tell whether the handler sets a name under whose test the function raises the cancellation."""
        if not isinstance(self._catcher, ast.ExceptHandler):
            return False
        flags = {
            target.id
            for node in ast.walk(self._catcher)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        if not flags:
            return False
        for node in ast.walk(self._function):
            if isinstance(node, ast.If) and any(
                isinstance(part, ast.Name) and part.id in flags for part in ast.walk(node.test)
            ):
                if any(self._raises_cancelled(part, flags) for inner in node.body for part in ast.walk(inner)):
                    return True
        return False

    def _raises_cancelled(self, node: ast.AST, flags: set[str]) -> bool:
        if not isinstance(node, ast.Raise) or node.exc is None:
            return False
        kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return self._module.name(kind) == CANCELLED or (isinstance(kind, ast.Name) and kind.id in flags)


def _own_expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of the expressions of a statement, not those of the statements inside it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.expr, ast.withitem, ast.keyword)):
            yield from own_nodes(child)


def _cancels(function: ast.AST) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "cancel" for node in ast.walk(function))


def is_log(expression: ast.expr) -> bool:
    """Tell whether an expression only writes a log."""
    call = expression.value if isinstance(expression, ast.Await) else expression
    if not isinstance(call, ast.Call):
        return False
    verb = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return verb in LOGGING_VERBS
