"""What shows that a caught cancellation is not lost: it is kept, or known to be the function's own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import PREDICATES
from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.graph.errors import CANCELLED_ERROR, UNKNOWN, Error
from flake8_cancel.code.graph.evaluate import own_nodes
from flake8_cancel.code.graph.points import BRANCH, STEP, State
from flake8_cancel.code.lost.answers import Answers
from flake8_cancel.code.lost.arranged import arranges_for_it, caller_holds_one
from flake8_cancel.code.lost.disconnects import only_hears_of_disconnect
from flake8_cancel.code.lost.flags import flags_beside_cancels, is_option, own_parts, says_stop
from flake8_cancel.code.lost.in_flight import tells_of_error
from flake8_cancel.code.lost.keeping import keeps, kept_in, tells_waiter
from flake8_cancel.code.lost.loop_flags import ends_by_flag
from flake8_cancel.code.lost.outwaiting import outwaits
from flake8_cancel.code.tree import children, walk

if TYPE_CHECKING:
    from flake8_cancel.code.graph.flow import Flow
    from flake8_cancel.code.module import Module

_GUARDS = PREDICATES | {"expired", "cancel_called", "cancelled_caught"}
# How a task ended says nothing of its waiter, whose own cancellation goes into the task.
_ENDED = frozenset({"cancelled", "done"})
_IN_FLIGHT = frozenset({"sys.exc_info", "sys.exception"})
_CURRENT_TASK = "asyncio.current_task"
# A thread that waits for a task hears of its cancellation by this one.
_OF_THREADS = "concurrent.futures.CancelledError"
# What replaces nothing: an unknown error (maybe the one that was kept), and the end of the process.
_NO_REPLACEMENT = frozenset({UNKNOWN.name, "builtins.SystemExit"})


class Excuses:
    """The excuses of one handler or suppressing ``with`` item.

    Args:
        module: the module.
        flow: the graph of the coroutine function around it.
        catcher: the handler or item.
        ending: whether something that is ended, and told of the exception, keeps it.
        waiting: whether blocks that only wait for cancelled tasks are asked of, and no others; else all but those.
    """

    def __init__(
        self, module: Module, flow: Flow, catcher: Catcher, ending: bool = True, waiting: bool = False
    ) -> None:
        self._module = module
        self._flow = flow
        self._catcher = catcher
        self._ending = ending
        self._waiting = waiting
        self._proofs = _GUARDS - _ENDED if waiting else _GUARDS
        self._answers = Answers(module, catcher)
        self._caught = catcher.name if isinstance(catcher, ast.ExceptHandler) else None
        self._keepers = set(kept_in(module, catcher)) if isinstance(catcher, ast.ExceptHandler) else set()
        self._known: dict[tuple[ast.AST, str], bool] = {}
        self._raising: dict[State, bool] = {}
        self._flags: set[str] | None = None

    def whole(self) -> bool:
        """Tell whether nothing that the handler does can lose the caller's cancellation by itself.

        The block only waits for tasks that were cancelled before (then it is the strict rule's business), or the
        handler sets a flag under which the function raises the cancellation later, or its caller holds one already, or
        a framework tells by it that the other side is gone, or cleanup is to be done whatever happens meanwhile.
        """
        block = self._module.parent(self._catcher)
        body = block.body  # type: ignore[union-attr]
        if self._module.only_waits_for_cancelled(body) != self._waiting:
            return True
        function = self._flow.function
        is_known = arranges_for_it(self._module, function) or caller_holds_one(self._module, function)
        is_known = is_known or only_hears_of_disconnect(self._module, body)
        return is_known or outwaits(self._module, self._catcher) or self._raised_later()

    def covers(self, state: State) -> bool:
        """Tell whether a path through a state has an excuse there."""
        point = state.point
        if point.kind == STEP and self._once(point.node, self._begins_no_turn):
            return True
        if point.kind == BRANCH and isinstance(point.node, ast.expr):
            test = point.node
        elif point.kind == STEP and isinstance(point.node, (ast.If, ast.While)):
            test = point.node.test
        elif point.kind == STEP and isinstance(point.node, ast.stmt) and not isinstance(point.node, ast.Raise):
            return self._once(point.node, self._keeps_or_cancels)
        else:
            return False
        return self._once(test, self._asks_for_kept) or (self._once(test, self._is_guard) and self._raises_after(state))

    def ends_loop(self, state: State) -> bool:
        """Tell whether a state is the test of a loop, or in it, for what the handler sets, which ends the loop."""
        return state.point.kind == STEP and self._once(state.point.node, self._asks_for_end)

    def _begins_no_turn(self, statement: ast.AST) -> bool:
        """Tell whether a statement is the first of such a loop's body: its next turn is no certain one."""
        loop = self._module.parent(statement)
        return isinstance(loop, (ast.If, ast.While)) and loop.body[0] is statement and self._asks_for_end(loop)

    def _asks_for_end(self, loop: ast.AST) -> bool:
        if not isinstance(self._catcher, ast.ExceptHandler):
            return False
        if isinstance(loop, ast.If) and not loop.orelse:
            return ends_by_flag(self._module, loop, self._catcher)
        if not isinstance(loop, ast.While):
            return False
        assigned = (node for part in self._catcher.body for node in walk(part) if isinstance(node, ast.Assign))
        names = {target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)}
        is_local = any(isinstance(node, ast.Name) and node.id in names for node in walk(loop.test))
        return is_local or ends_by_flag(self._module, loop, self._catcher)

    def excludes(self, state: State, after: State) -> bool:
        """Tell whether an edge is the answer of a test that a cancellation does not get."""
        return self._answers.excludes(state, after)

    def replaces(self, error: Error) -> bool:
        """Tell whether raising an error in place of the cancellation hides it."""
        names = {error.name, *error.members, *(self._module.bases(error.name) or ())}
        # What begins with a small letter is a function that makes some error.
        is_class = error.name.rpartition(".")[2].lstrip("_")[:1].isupper()
        if error.name == _OF_THREADS and self._module.started_only_as_task(self._flow.function):
            return False
        return is_class and error.name not in _NO_REPLACEMENT and CANCELLED_ERROR not in names

    def _once(self, node: ast.AST, question: Callable[[ast.AST], bool]) -> bool:
        key = node, question.__name__
        if key not in self._known:
            self._known[key] = question(node)
        return self._known[key]

    # --- the exception is kept ----------------------------------------------------------------------------------------

    def _keeps_or_cancels(self, statement: ast.AST) -> bool:
        parts = list(_own_expressions(statement))
        if keeps(self._module, parts, self._caught, self._ending) or self._cancels_again(parts):
            return True
        return tells_waiter(self._module, parts, self._flow.function)

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
        """Tell whether the handler sets something under whose test the function raises, or that it tells its caller."""
        if not isinstance(self._catcher, ast.ExceptHandler):
            return False
        assigned = [node for node in walk(self._catcher) if isinstance(node, ast.Assign)]
        flags = self._targets(assigned)
        told = self._targets(node for node in assigned if _is_true(node.value))
        for node in own_parts(self._flow.function):
            if isinstance(node, ast.If) and not flags.isdisjoint(self._references(node.test)):
                found = self._gives_back(node.body, flags)
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                # The outcome, and whether it was cancelled meanwhile.
                found = not told.isdisjoint(filter(None, map(self._module.reference, node.value.elts)))
            else:
                continue
            if found:
                return True
        return False

    def _targets(self, assignments: Iterable[ast.Assign]) -> set[str]:
        targets = (target for assignment in assignments for target in assignment.targets)
        return set(filter(None, map(self._module.reference, targets)))

    def _gives_back(self, body: Iterable[ast.AST], flags: set[str]) -> bool:
        parts = [part for statement in body for part in walk(statement)]
        for part in parts:
            raised = part.exc if isinstance(part, ast.Raise) else None
            kind = raised.func if isinstance(raised, ast.Call) else raised
            if kind and (self._module.name(kind) == CANCELLED_ERROR or self._module.reference(kind) in flags):
                return True
        return self._cancels_again(parts)

    # --- the path is chosen by a test ---------------------------------------------------------------------------------

    def _raises_after(self, state: State) -> bool:
        """Tell whether a test decides: from there the cancellation may be raised, or end what is but a task."""
        if state not in self._raising:
            ends = self._flow.ends([state])
            is_raised = any(end.error and end.error.name == CANCELLED_ERROR for end in ends)
            is_over = any(end.kind != "raise" for end in ends)
            self._raising[state] = is_raised or (is_over and self._module.started_only_as_task(self._flow.function))
        return self._raising[state]

    def _is_guard(self, test: ast.AST) -> bool:
        """Tell whether a test shows whose cancellation it is: a predicate of a task, or a flag set beside a cancel."""
        if isinstance(test, ast.expr) and self._answers.keeps_from_caller(test):
            return False
        for node in own_nodes(test):
            if isinstance(node, ast.Attribute) and (node.attr in self._proofs or says_stop(self._module, node)):
                return True
            if isinstance(node, ast.Compare) and self._compares_caught(node):
                return True
            if isinstance(node, ast.Call):
                if self._asks_caught(node):
                    return True
                helper = self._module.definition(node.func)
                if self._module.name(node.func) == _CURRENT_TASK or self._answers_by_guard(helper):
                    return True
                # What another file is asked for by this name knows more than this one.
                if helper is None and isinstance(node.func, ast.Name) and "cancelling" in node.func.id:
                    return True
            if isinstance(node, ast.Name) and self._is_error_in_flight(node):
                return True
            if isinstance(node, ast.Name) and tells_of_error(self._module, self._flow.function, node.id):
                return True
        return any(map(self._is_flag, self._references(test)))

    def _compares_caught(self, test: ast.Compare) -> bool:
        """Tell whether a test compares the exception with another: with the one that the function itself threw."""
        same = all(isinstance(operator, (ast.Is, ast.IsNot)) for operator in test.ops)
        sides = [test.left, *test.comparators]
        return (
            same
            and any(isinstance(side, ast.Name) and side.id == self._caught for side in sides)
            and not any(isinstance(side, ast.Constant) for side in sides)
        )

    def _asks_caught(self, call: ast.Call) -> bool:
        """Tell whether a test asks something unknown about the exception, which may well tell a cancellation."""
        given = any(isinstance(part, ast.Name) and part.id == self._caught for part in call.args)
        names = self._answers.asked_classes(call)
        return given and (names is None or None in names)

    def _is_error_in_flight(self, name: ast.Name) -> bool:
        """Tell whether a name stands for what ``sys.exc_info()`` gave: that one in flight is raised instead."""
        value = self._module.value(name)
        while isinstance(value, (ast.Subscript, ast.Attribute)):
            value = value.value
        return isinstance(value, ast.Call) and self._module.name(value.func) in _IN_FLIGHT

    def _answers_by_guard(self, helper: ast.AST | None) -> bool:
        """Tell whether a helper of this file returns what such a test asks for."""
        if not isinstance(helper, ast.FunctionDef) or helper is self._flow.function:
            return False
        last = helper.body[-1]
        if not isinstance(last, ast.Return) or last.value is None:
            return False
        asks = any(isinstance(node, ast.Attribute) and node.attr in self._proofs for node in own_nodes(last.value))
        return asks or any(map(self._is_flag, self._references(last.value)))

    def _references(self, test: ast.AST) -> Iterator[str]:
        for node in own_nodes(test):
            reference = self._module.reference(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
            if reference:
                yield reference

    def _is_flag(self, reference: str) -> bool:
        """Tell whether a flag is set where something is cancelled, or is the caller's choice for that case."""
        if self._flags is None:
            # Who cancels a task, and waits for it, says nothing of who cancels the waiter.
            own = not self._waiting
            self._flags = flags_beside_cancels(self._module, self._flow.function, self._catcher, own)
        return reference in self._flags or is_option(self._module, self._flow.function, reference)


def _own_expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of the expressions of a statement, not those of the statements inside it."""
    for child in children(node):
        if isinstance(child, (ast.expr, ast.withitem, ast.keyword)):
            yield from own_nodes(child)


def _is_true(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is True
