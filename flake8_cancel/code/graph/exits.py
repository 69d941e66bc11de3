"""What an ``__aexit__`` returns when its block ends with a certain exception."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.edges import NEXT
from flake8_cancel.code.graph.errors import CANCEL, CANCELLED_ERROR, MAYBE, NO, UNKNOWN, YES, Error, catches
from flake8_cancel.code.graph.points import BRANCH, LEAVE, State
from flake8_cancel.code.lost.flags import says_stop
from flake8_cancel.code.lost.keeping import keeps
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.graph.flow import Flow
    from flake8_cancel.code.module import Module

# Methods that are told of the exception and keep nothing that would come out later.
_TOLD = frozenset({"__aexit__", "__exit__"})
# What a class uses that cancels its own block, and ends that cancellation.
_OWN = frozenset({"cancel", "cancelled", "cancelling", "expired", "uncancel"})


class Exit:
    """An ``__aexit__`` to be asked questions.

    Args:
        module: the module.
        function: the method.
    """

    def __init__(self, module: Module, function: ast.AsyncFunctionDef) -> None:
        self.function = function
        self._module = module
        self._names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)][1:4]
        rest = function.args.vararg
        self._spoken = _derived(function, {*self._names, *([rest.arg] if rest else [])})

    @property
    def kind(self) -> str | None:
        """The name of the parameter that is the class of the exception, None where there is none."""
        return self._names[0] if len(self._names) == 3 else None

    def keeps_its_exception(self) -> bool:
        """Tell whether the exception is stored or handed on, so that it may come out elsewhere."""
        if len(self._names) < 3:
            rest = self.function.args.vararg
            return rest is not None and self._is_handed_on(rest.arg)
        return self._is_handed_on(self._names[1])

    def swallowing(self, error: Error, surely: bool = True) -> dict[ast.Return, bool]:
        """Return the ``return`` statements that give something true for an error: whether that is certain.

        Args:
            error: what leaves the block.
            surely: whether to leave out those behind a test of the error that is not understood.
        """
        flow = self._module.flow(self.function, dict.fromkeys(self._names, True))
        found: dict[ast.Return, bool] = {}
        for node in self._returns(flow, error, surely) if flow else ():
            truth = self._truth(node.value, error) if node.value else False
            if truth is not False:
                found[node] = truth is True
        return found

    def _is_handed_on(self, name: str) -> bool:
        told = {
            part
            for node in walk(self.function)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TOLD
            for part in walk(node)
        }
        return keeps(self._module, (node for node in walk(self.function) if node not in told), name)

    def _returns(self, flow: Flow, error: Error, surely: bool) -> Sequence[ast.Return]:
        """Return the ``return`` statements that are reached with an error."""
        seen = {flow.start: None}
        waiting = [flow.start]
        found: dict[ast.Return, None] = {}
        for state in waiting:
            if state.point.kind == LEAVE and isinstance(state.point.node, ast.Return):
                found[state.point.node] = None
            for step in flow.steps(state):
                if not step.sure or step.kind != NEXT or step.state in seen:
                    continue
                if self._is_open(state, step.state, error, surely):
                    seen[step.state] = None
                    waiting.append(step.state)
        return tuple(found)

    def _is_open(self, state: State, after: State, error: Error, surely: bool) -> bool:
        """Tell whether a branch can be taken for an error, surely or perhaps."""
        test = state.point.node
        if state.point.kind != BRANCH:
            return True
        if not isinstance(test, ast.expr):
            # What a pattern says of the exception is not looked into.
            return not surely
        truth = self._truth(test, error)
        if truth is None:
            return not surely or not (self._speaks_of_it(test) or (self._may_be_own(test) and self._decides(test)))
        return after.point is state.point.targets[0 if truth else 1]

    def _may_be_own(self, test: ast.expr) -> bool:
        """Tell whether a test may know a cancellation for its own.

        The class names it, or cancels something, or the test asks whether another object is at its end.
        """
        whole = getattr(self._module.statement(test), "test", test)
        if any(isinstance(node, ast.Attribute) and says_stop(self._module, node) for node in walk(whole)):
            return True
        for node in walk(self._module.class_around(self.function) or self.function):
            if isinstance(node, ast.Attribute) and node.attr in _OWN:
                return True
            if isinstance(node, (ast.Name, ast.Attribute)) and self._module.name(node) == CANCELLED_ERROR:
                return True
        return False

    def _decides(self, test: ast.expr) -> bool:
        """Tell whether the method is left, or not, by a test."""
        return any(isinstance(node, (ast.Return, ast.Raise)) for node in walk(self._module.statement(test)))

    def _speaks_of_it(self, node: ast.AST) -> bool:
        return any(isinstance(part, ast.Name) and part.id in self._spoken for part in walk(node))

    def _truth(self, test: ast.expr, error: Error) -> bool | None:
        """Return the truth of an expression while an error leaves the block, None where it is not certain."""
        match test:
            case ast.Constant(value=value):
                return bool(value)
            case ast.Name(id=name) if name in self._names:
                return True
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                truth = self._truth(operand, error)
                return None if truth is None else not truth
            case ast.BoolOp(op=op, values=values):
                return _joined([self._truth(value, error) for value in values], isinstance(op, ast.Or))
            case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[right]) if name in self._names:
                return self._compared(op, right, error)
            case ast.Call(func=function, args=[ast.Name(id=name), classes]) if name in self._names:
                if self._module.name(function) in ("builtins.issubclass", "builtins.isinstance"):
                    return _answered(catches(error, self._module.names(classes), self._module.bases))
            case ast.Call(func=function, args=[value]) if self._module.name(function) == "builtins.bool":
                return self._truth(value, error)
        return None

    def _compared(self, op: ast.cmpop, right: ast.expr, error: Error) -> bool | None:
        negative = isinstance(op, (ast.IsNot, ast.NotEq, ast.NotIn))
        if isinstance(right, ast.Constant) and right.value is None:
            return negative
        if not isinstance(op, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq, ast.In, ast.NotIn)):
            return None
        names = self._module.names(right)
        if error.name in names:
            return not negative
        return negative if catches(error, names, self._module.bases) == NO else None


def exit_method(module: Module, function: ast.AST | None) -> Exit | None:
    """Return a function as the ``__aexit__`` of a class, None if it is none."""
    if not isinstance(function, ast.AsyncFunctionDef) or function.name != "__aexit__" or function.decorator_list:
        return None
    if not isinstance(module.parent(function), ast.ClassDef):
        return None
    parameters = {argument.arg for argument in walk(function.args) if isinstance(argument, ast.arg)}
    is_bound = any(isinstance(node, ast.Name) and _binds(node, parameters) for node in walk(function))
    return None if is_bound else Exit(module, function)


def swallows_cancellation(method: Exit, node: ast.Return) -> bool:
    """Tell whether a ``return`` of an ``__aexit__`` certainly gives something true for a cancellation."""
    return method.swallowing(CANCEL).get(node, False) and not method.keeps_its_exception()


def way_out(method: Exit, node: ast.Return) -> str:
    """Return what the statement is to return instead: ``Exception``, ``nothing``, or "" where that is not certain."""
    others = method.swallowing(UNKNOWN, surely=False)
    if node not in others:
        return "nothing"
    return "Exception" if others[node] else ""


def _derived(function: ast.AsyncFunctionDef, names: set[str]) -> frozenset[str]:
    """Return some names and those of the locals that are made from them."""
    assigned = [node for node in walk(function) if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr))]
    found = set(names)
    # In the order of the text, so that a local made from a local is found.
    for node in sorted(assigned, key=lambda node: (node.lineno, node.col_offset)):
        uses = walk(node.value) if node.value else ()
        if any(isinstance(part, ast.Name) and part.id in found for part in uses):
            found.update(part.id for part in walk(node) if isinstance(part, ast.Name) and _binds(part))
    return frozenset(found)


def _binds(name: ast.Name, wanted: set[str] | None = None) -> bool:
    return not isinstance(name.ctx, ast.Load) and (wanted is None or name.id in wanted)


def _joined(truths: Sequence[bool | None], either: bool) -> bool | None:
    if either in truths:
        return either
    return None if None in truths else not either


def _answered(answer: str) -> bool | None:
    return None if answer == MAYBE else answer == YES
