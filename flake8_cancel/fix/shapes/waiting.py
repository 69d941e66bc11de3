"""The wait repair: waiting for a cancelled task without eating the waiter's own cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import libcst as cst
from libcst import matchers

from flake8_cancel.fix.edit import Edit, NoFixError
from flake8_cancel.fix.lines import (
    Item,
    above,
    block_in_place_of,
    block_of,
    comments,
    is_idle,
    lines_of,
    opening_of,
    remarks,
    with_trailing,
)
from flake8_cancel.fix.shapes.handlers import without_classes
from flake8_cancel.fix.shapes.managers import without_suppressed
from flake8_cancel.fix.splice import Replacement

_TASK = "task"
_CANCELS = matchers.SimpleStatementLine(
    body=[matchers.Expr(matchers.Call(func=matchers.Attribute(attr=matchers.Name("cancel"))))]
)
_JUMPS = matchers.SimpleStatementLine(
    body=[matchers.AtLeastN(n=0), matchers.Return() | matchers.Continue() | matchers.Break()]
)


def wait_for_task(
    edit: Edit, task: cst.BaseExpression, handled: Sequence[Item] = (), ended: Sequence[Item] = ()
) -> list[Item]:
    """Return the lines that wait for a cancelled task; its own error still comes out.

    Args:
        edit: the edit.
        task: the task; anything but a name is bound to a local first.
        handled: what is to be done when it was cancelled.
        ended: what is to be done when it was not, after its error had a chance to come out.
    """
    lines, name = _bound(edit, task)
    waiting = edit.statement("await {wait}([{task}])", wait=edit.name("asyncio.wait"), task=name)
    result = edit.statement("{task}.result()", task=name)
    if handled:
        test = edit.expression("{task}.cancelled()", task=name)
        if _leaves(handled):
            return [*lines, waiting, cst.If(test, block_of(handled)), result, *ended]
        return [*lines, waiting, cst.If(test, block_of(handled), cst.Else(block_of([result, *ended])))]
    test = edit.expression("not {task}.cancelled()", task=name)
    return [*lines, waiting, cst.If(test, block_of([result, *ended]))]


def wait_for_tasks(edit: Edit, tasks: cst.BaseExpression) -> list[Item]:
    """Return the lines that wait for a collection of cancelled tasks, which may be empty.

    Args:
        edit: the edit.
        tasks: the collection, which can be gone through twice; anything but a name is bound to a local first.
    """
    lines, name = _bound(edit, tasks, "tasks")
    each = edit.fresh(_TASK)
    waiting = edit.statement("if {tasks}:\n    await {wait}({tasks})\n", tasks=name, wait=edit.name("asyncio.wait"))
    looking = edit.statement(
        "for {task} in {tasks}:\n    if not {task}.cancelled():\n        {task}.result()\n", task=each, tasks=name
    )
    return [*lines, waiting, looking]


def cancel_and_wait(edit: Edit, statement: cst.CSTNode) -> cst.FlattenSentinel[Any]:
    """Return what ``await task.cancel()`` was meant to be: the call, then the wait.

    Args:
        edit: the edit.
        statement: the expression statement.

    Raises:
        NoFixError: it is something else.
    """
    match statement:
        case cst.Expr(
            value=cst.Await(expression=cst.Call(func=cst.Attribute(value=task, attr=cst.Name(value="cancel"))) as call)
        ):
            lines, name = _bound(edit, task)
            cancelling = call.with_changes(func=cst.Attribute(name, cst.Name("cancel")))
            return cst.FlattenSentinel([*lines, cst.Expr(cancelling), *wait_for_task(edit, name)])
    raise NoFixError("the value of the await is used")


def wait_instead_of_try(
    edit: Edit, node: cst.Try, handler: cst.ExceptHandler, others: Sequence[cst.CSTNode] = ()
) -> Replacement:
    """Return the wait that ``try: await task`` with a handler for CancelledError was meant to be.

    What the handler did is done when the task was cancelled. Other clauses and ``finally`` stay.

    Args:
        edit: the edit.
        node: the ``try`` statement.
        handler: the clause that takes the cancellation.
        others: the elements of its tuple that name the cancellation, if it is a tuple of more than these; else the
            statement of the clause that goes, if it begins with a test of how the task ended.

    Raises:
        NoFixError: the ``try`` holds more than the wait, or what the clauses do cannot be kept.
    """
    before, line, task = _awaited(node.body)
    caught = [other for other in others if isinstance(other, cst.BaseExpression)]
    handled = lines_of(handler.body)
    if any(isinstance(other, cst.If) for other in others):
        handled = [*comments(cast(cst.If, handled[0]).leading_lines), *handled[1:]]
    handled = [] if is_idle(block_of(handled)) else handled
    ended = lines_of(node.orelse.body) if node.orelse else []
    handlers = [other for other in node.handlers if other is not handler]
    if caught:
        narrowed = without_classes(handler, caught)
        handlers = [narrowed if other is handler else other for other in node.handlers]
    if handlers and (handled or ended):
        raise NoFixError("the try has other clauses")
    if handler.name and any(_mentions(item, handler.name.name) for item in handled):
        raise NoFixError("the handler uses the exception")
    lines = _commented(wait_for_task(edit, task, handled, ended), line)
    if not (handled or caught):
        *lines, last = lines
        lines = [*lines, *above(cast(Any, remarks(handler)), [last])]
    return _untried(node, [*before, *lines], handlers)


def wait_instead_of_suppress(edit: Edit, node: cst.With, call: cst.Call, caught: Sequence[cst.CSTNode]) -> Replacement:
    """Return the wait that ``with suppress(CancelledError): await task`` was meant to be.

    Args:
        edit: the edit.
        node: the ``with`` statement.
        call: the call of ``suppress``.
        caught: the arguments that name the cancellation.

    Raises:
        NoFixError: the block holds more than the wait.
    """
    before, line, task = _awaited(node.body)
    lines = [*before, *_commented(wait_for_task(edit, task), line)]
    return without_suppressed(node.with_changes(body=block_in_place_of(node.body, lines)), call, caught)


def gather_instead(edit: Edit, node: cst.Try | cst.With, catcher: cst.CSTNode) -> Replacement:
    """Return a wait for a cancelled task that drops its errors, as a broad handler or ``suppress`` around it did.

    Args:
        edit: the edit.
        node: the ``try`` or ``with`` statement.
        catcher: the only clause of the one, the call of ``suppress`` of the other.

    Raises:
        NoFixError: the block holds more than the wait.
    """
    before, line, task = _awaited(node.body)
    gather = edit.name("asyncio.gather")
    waiting = edit.statement("await {gather}({task}, return_exceptions=True)", gather=gather, task=task)
    return _uncaught(node, [*before, *_commented([waiting], line)], catcher)


def wait_for_all_instead(edit: Edit, node: cst.Try | cst.With, catcher: cst.CSTNode, tasks: cst.CSTNode) -> Replacement:
    """Return the wait that ``await gather(*tasks)`` with the cancellation taken was meant to be.

    Args:
        edit: the edit.
        node: the ``try`` or ``with`` statement.
        catcher: the only clause of the one, the call of ``suppress`` of the other.
        tasks: the collection of tasks.

    Raises:
        NoFixError: the block holds more than the wait.
    """
    before, line, _ = _awaited(node.body)
    lines = wait_for_tasks(edit, cast(cst.BaseExpression, tasks))
    return _uncaught(node, [*before, *_commented(lines, line)], catcher)


def _uncaught(node: cst.Try | cst.With, lines: Sequence[Item], catcher: cst.CSTNode) -> Replacement:
    """Return lines in place of a block, with nothing that takes their errors."""
    if isinstance(node, cst.With):
        call = cst.ensure_type(catcher, cst.Call)
        return without_suppressed(node.with_changes(body=block_in_place_of(node.body, lines)), call, call.args)
    return _untried(node, [*lines, *remarks(cst.ensure_type(catcher, cst.ExceptHandler))])


def _untried(node: cst.Try, lines: Sequence[Item], handlers: Sequence[cst.ExceptHandler] = ()) -> Replacement:
    """Return lines in place of a ``try`` block, in a ``try`` as far as there is need of one."""
    if handlers or node.finalbody:
        return node.with_changes(body=block_in_place_of(node.body, lines), handlers=handlers, orelse=None)
    return cst.FlattenSentinel(above([*node.leading_lines, *opening_of(node.body)], lines))


def _bound(edit: Edit, task: cst.BaseExpression, word: str = _TASK) -> tuple[list[Item], cst.Name]:
    if isinstance(task, cst.Name):
        return [], cst.Name(task.value)
    name = edit.fresh(word)
    bare = task.with_changes(lpar=(), rpar=())
    return [edit.statement("{name} = {task}", name=name, task=bare)], cst.Name(name)


def _awaited(suite: cst.BaseSuite) -> tuple[list[Item], cst.SimpleStatementLine, cst.BaseExpression]:
    """Return the last statement of a block, ``await task``, the lines above it, which only cancel, and the task."""
    lines = lines_of(suite, opening=False)
    statements = [item for item in lines if not isinstance(item, cst.EmptyLine)]
    match statements[-1]:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Await(expression=task))]) as line:
            *before, _ = statements
            if all(matchers.matches(item, _CANCELS) for item in before):
                footer = [item for item in lines if isinstance(item, cst.EmptyLine)]
                return before, above(footer, [line])[0], task  # type: ignore[return-value]
    raise NoFixError("it holds more than the wait")


def _commented(lines: Sequence[Item], line: cst.SimpleStatementLine) -> list[Item]:
    """Return lines with the comments of the line they replace."""
    return with_trailing(above(line.leading_lines, lines), line.trailing_whitespace)


def _leaves(lines: Sequence[Item]) -> bool:
    """Tell whether lines end with a jump, so that what follows needs no ``else``."""
    statements = [item for item in lines if not isinstance(item, cst.EmptyLine)]
    return matchers.matches(statements[-1], _JUMPS)


def _mentions(item: Item, name: cst.CSTNode) -> bool:
    return isinstance(name, cst.Name) and bool(matchers.findall(item, matchers.Name(name.value)))
