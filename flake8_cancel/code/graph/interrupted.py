"""Which waits a cancellation can come out of: not those that never suspend, nor those that keep it to themselves."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.errors import CANCELLED_ERROR
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import YIELD, State
from flake8_cancel.code.graph.settled import returns_settled, was_awaited
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import of_types, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_Around = frozenset[ast.AST]
_LOCKS = frozenset({Kind.LOCK, Kind.CONDITION})
_PUTS = ("put", "put_nowait")
_LOCK_WORDS = frozenset({"cond", "condition", "lock", "mutex"})


def is_interruptible(module: Module, node: ast.AST, around: _Around = frozenset(), converted: bool = False) -> bool:
    """Tell whether a cancellation may come out of a place that waits, as far as this file knows.

    It does not come out of a coroutine function of this file that never suspends or takes every cancellation itself,
    nor of the wait for a lock that nobody in this file holds while he suspends, for room in a queue without end, for an
    item of a queue that is just known to hold one, for a task that is over, or for a future that is done.

    Args:
        module: the module.
        node: an ``await``, an item of ``async with``, or anything else that may suspend.
        around: the functions that are looked into already.
        converted: whether it also counts when another error comes out in its stead.
    """
    if isinstance(node, ast.withitem):
        return not _is_free(module, node.context_expr, around)
    call = node.value if isinstance(node, ast.Await) else None
    if isinstance(node, ast.Await) and (_is_over(module, node.value) or was_awaited(module, node)):
        return False
    if isinstance(call, ast.Call) and any(at_once(module, call) for at_once in (_has_room, _has_item, _closes_at_once)):
        return False
    helper = module.called(call) if isinstance(call, ast.Call) else None
    if isinstance(helper, ast.FunctionDef) and returns_settled(module, helper):
        return False
    if not isinstance(helper, ast.AsyncFunctionDef) or helper.decorator_list or helper in around:
        return True
    if _may_be_overridden(helper):
        return True
    flow = module.flow(helper)
    return flow is None or _lets_out(module, flow, around | {helper}, converted)


def interruptible(module: Module, states: list[State]) -> list[State]:
    """Return the states of suspension points that a cancellation may come out of."""
    return [state for state in states if is_interruptible(module, state.point.node)]


def _lets_out(module: Module, flow: Flow, around: _Around, converted: bool) -> bool:
    if flow.states(YIELD):
        return True
    waits = [state for state in flow.suspensions() if is_interruptible(module, state.point.node, around, converted)]
    ends = flow.ends([cancelled for _, cancelled in flow.cancelled(waits)])
    if converted:
        return any(end.error is not None for end in ends)
    return any(end.error is not None and CANCELLED_ERROR in (end.error.name, *end.error.members) for end in ends)


def _is_free(module: Module, lock: ast.expr, around: _Around) -> bool:
    """Tell whether a lock is only ever held by blocks of this file that do not suspend, so that nobody waits for it.

    What shares the lock counts too. A condition that others may see is made for them to hold, unless this file does.
    """
    if not isinstance(lock, ast.Attribute) or module.reference(lock) is None:
        return False
    if module.class_around(lock) is None and not _is_made_here(module, lock):
        return False
    kind = module.kind(lock)
    if kind not in _LOCKS and (kind is not None or _LOCK_WORDS.isdisjoint(lock.attr.split("_"))):
        return False
    group = _sharing(module, lock.attr)
    takers = (call.func.value for call in module.calls("acquire") if isinstance(call.func, ast.Attribute))
    if any(_attribute(taker) in group for taker in takers):
        return False
    blocks = [
        block
        for block in of_types(module.tree, (ast.AsyncWith,))
        if any(_attribute(item.context_expr) in group for item in block.items)
    ]
    is_open = kind is not Kind.LOCK and not lock.attr.startswith("_")
    if is_open and all(any(item.context_expr is lock for item in block.items) for block in blocks):
        return False
    return all(_never_waits(module, block, group, around) for block in blocks)


def _is_made_here(module: Module, lock: ast.Attribute) -> bool:
    """Tell whether this file makes what a function outside of classes, as a decorator has it, takes from its object."""
    made = _assigned(module, lock)
    return bool(made) and all(module.kind(one) in _LOCKS for one in made)


def _sharing(module: Module, lock: str) -> set[str]:
    """Return the attributes with one lock: that, and the conditions that were given it."""
    pairs = [
        {_attribute(target), *map(_attribute, node.value.args)} - {None}
        for node in of_types(module.tree, (ast.Assign,))
        if isinstance(node.value, ast.Call) and node.value.args
        for target in node.targets
        if isinstance(target, ast.Attribute)
    ]
    found: set[str] = {lock}
    before: set[str] = set()
    while found != before:
        before = set(found)
        found.update(name for names in pairs if names & before for name in names if name)
    return found


def _attribute(expression: ast.expr) -> str | None:
    return expression.attr if isinstance(expression, ast.Attribute) else None


def _never_waits(module: Module, block: ast.AsyncWith, group: set[str], around: _Around) -> bool:
    if len(block.items) > 1:
        return False
    for node in (inner for statement in block.body for inner in walk(statement)):
        if isinstance(node, (ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)):
            return False
        if isinstance(node, ast.comprehension) and node.is_async:
            return False
        is_lent = isinstance(node, ast.Await) and _lends(node, group)
        if isinstance(node, ast.Await) and not is_lent and is_interruptible(module, node, around):
            return False
    return True


def _lends(node: ast.Await, group: set[str]) -> bool:
    """Tell whether a block gives its lock back while it waits: it waits for a condition with just that lock."""
    match node.value:
        case ast.Call(func=ast.Attribute(value=waited_for, attr="wait" | "wait_for")):
            return _attribute(waited_for) in group
        case ast.Call(func=ast.Name(id=helper), args=[waited_for, *_]):
            return _attribute(waited_for) in group and "wait" in helper.split("_")
    return False


def _has_room(module: Module, call: ast.Call) -> bool:
    """Tell whether something is put into a queue of this file that takes any number, and so never waits."""
    queue = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "put" else None
    if not isinstance(queue, (ast.Attribute, ast.Name)) or module.kind(queue) is not Kind.QUEUE:
        return False
    own = module.value(queue) if isinstance(queue, ast.Name) else None
    made = [own] if own else _assigned(module, queue)
    return bool(made) and all(isinstance(one, ast.Call) and _takes_any_number(one) for one in made)


def _takes_any_number(queue: ast.Call) -> bool:
    limits = [*queue.args, *(keyword.value for keyword in queue.keywords if keyword.arg in ("maxsize", None))]
    return all(isinstance(limit, ast.Constant) and limit.value == 0 for limit in limits)


def _is_over(module: Module, task: ast.expr) -> bool:
    """Tell whether a task comes out of a queue into which this file only puts those that told it of their end."""
    made = module.value(task) if isinstance(task, ast.Name) else None
    match made:
        case ast.Await(value=ast.Call(func=ast.Attribute(value=ast.Attribute(attr=queue), attr="get"))):
            calls = (call for verb in _PUTS for call in module.calls(verb))
            puts = [call for call in calls if isinstance(call.func, ast.Attribute) and _of(call.func) == queue]
            return bool(puts) and all(_puts_ended(module, call) for call in puts)
    return False


def _of(method: ast.Attribute) -> str | None:
    return _attribute(method.value)


def _puts_ended(module: Module, put: ast.Call) -> bool:
    """Tell whether a call puts what a function is given that is a callback of tasks alone."""
    function, task = module.function(put), put.args[0] if put.args else None
    if not isinstance(function, ast.FunctionDef) or not isinstance(task, ast.Name):
        return False
    uses = module.uses(function)
    is_given = any(one.arg == task.id for one in function.args.args)
    return is_given and bool(uses) and all(_is_callback(module, use) for use in uses)


def _is_callback(module: Module, use: ast.expr) -> bool:
    call = module.parent(use)
    return isinstance(call, ast.Call) and _attribute(call.func) == "add_done_callback" and use in call.args


def _has_item(module: Module, call: ast.Call) -> bool:
    """Tell whether something is taken out of a queue of which it has just been asked: ``while not queue.empty():``."""
    queue = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "get" else None
    statement = module.statement(call)
    around = module.parent(statement)
    if queue is None or call.args or call.keywords or not isinstance(around, (ast.If, ast.While)):
        return False
    match around.test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Attribute(value=asked, attr="empty"))):
            return around.body[0] is statement and ast.unparse(asked) == ast.unparse(queue)
    return False


def _closes_at_once(module: Module, call: ast.Call) -> bool:
    """Tell whether an async generator of this file is closed that never waits for anything."""
    closed = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "aclose" else None
    made = module.value(closed) if closed is not None else None
    if isinstance(made, ast.Attribute):
        values = _assigned(module, made)
        made = values[0] if len(values) == 1 else None
    if isinstance(made, ast.GeneratorExp):
        return True
    if isinstance(made, ast.Call) and module.name(made.func) == "builtins.aiter" and made.args:
        made = made.args[0]
    generator = module.called(made) if isinstance(made, ast.Call) else None
    if not isinstance(generator, ast.AsyncFunctionDef) or generator.decorator_list:
        return False
    flow = module.flow(generator)
    return flow is not None and bool(flow.states(YIELD)) and not list(flow.suspensions())


def _assigned(module: Module, target: ast.expr) -> list[ast.expr | None]:
    """Return what a file assigns to a name or attribute, wherever it is called so."""
    name, last = ast.unparse(target), _last(target)
    return [
        node.value
        for node in walk(module.tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for one in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if _last(one) == last and ast.unparse(one) == name
    ]


def _last(target: ast.expr) -> str | None:
    return target.id if isinstance(target, ast.Name) else _attribute(target)


def _may_be_overridden(helper: ast.AsyncFunctionDef) -> bool:
    """Tell whether a function does nothing, and so may stand for those that override it."""
    return all(
        isinstance(node, (ast.Pass, ast.Raise)) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in helper.body
    )
