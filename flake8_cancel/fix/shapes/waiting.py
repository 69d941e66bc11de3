"""The wait repair: waiting for a cancelled task without eating the waiter's own cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import libcst as cst
from libcst import matchers

from flake8_cancel.fix.edit import Edit, NoFixError
from flake8_cancel.fix.lines import Item, above, block_of, comments, is_idle, lines_of, with_trailing
from flake8_cancel.fix.shapes.handlers import without_classes
from flake8_cancel.fix.shapes.managers import without_suppressed
from flake8_cancel.fix.splice import Replacement

_TASK = "task"


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
    edit: Edit, node: cst.Try, handler: cst.ExceptHandler, caught: Sequence[cst.CSTNode] = ()
) -> Replacement:
    """Return the wait that ``try: await task`` with a handler for CancelledError was meant to be.

    What the handler did is done when the task was cancelled. Other clauses and ``finally`` stay.

    Args:
        edit: the edit.
        node: the ``try`` statement.
        handler: the clause that takes the cancellation.
        caught: the elements of its tuple that name the cancellation, if it is a tuple of more than these.

    Raises:
        NoFixError: the ``try`` holds more than the wait, or what the clauses do cannot be kept.
    """
    line, task = _awaited(node.body)
    handled = [] if is_idle(handler.body) else lines_of(handler.body)
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
    if handlers or node.finalbody:
        return node.with_changes(body=block_of(lines), handlers=handlers, orelse=None)
    return cst.FlattenSentinel(above(node.leading_lines, lines))


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
    line, task = _awaited(node.body)
    lines = _commented(wait_for_task(edit, task), line)
    return without_suppressed(node.with_changes(body=block_of(lines)), call, caught)


def _bound(edit: Edit, task: cst.BaseExpression, word: str = _TASK) -> tuple[list[Item], cst.Name]:
    if isinstance(task, cst.Name):
        return [], cst.Name(task.value)
    name = edit.fresh(word)
    bare = task.with_changes(lpar=(), rpar=())
    return [edit.statement("{name} = {task}", name=name, task=bare)], cst.Name(name)


def _awaited(suite: cst.BaseSuite) -> tuple[cst.SimpleStatementLine, cst.BaseExpression]:
    """Return the only statement of a block, ``await task``, and the task."""
    lines = lines_of(suite)
    match lines[0]:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Await(expression=task))]) as line:
            if not any(isinstance(item, cst.BaseStatement) for item in lines[1:]):
                return above(comments(cast(Any, lines[1:])), [line])[0], task  # type: ignore[return-value]
    raise NoFixError("it holds more than the wait")


def _commented(lines: Sequence[Item], line: cst.SimpleStatementLine) -> list[Item]:
    """Return lines with the comments of the line they replace."""
    return with_trailing(above(line.leading_lines, lines), line.trailing_whitespace)


def _mentions(item: Item, name: cst.CSTNode) -> bool:
    return isinstance(name, cst.Name) and bool(matchers.findall(item, matchers.Name(name.value)))
