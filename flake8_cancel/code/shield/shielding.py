"""What happens to a task whose own name ``task = asyncio.shield(task)`` gives to the waiter."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import HARMLESS_CALLS, TASK_STARTERS
from flake8_cancel.code.meaning.scopes import COMPREHENSIONS, FUNCTIONS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import place, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_MAKERS = TASK_STARTERS | {"asyncio.gather"}
_MAKING_METHODS = frozenset({"create_task", "run_in_executor"})
_MADE = frozenset({Kind.TASK, Kind.FUTURE, Kind.GATHER})
_DISPLAYS = (ast.List, ast.Set, ast.Tuple, ast.Starred)
_LOOKS = (ast.Attribute, ast.Await, ast.BoolOp, ast.Compare, ast.Expr, ast.FormattedValue, ast.If, ast.UnaryOp)
# What a statement of the same block may be entered through on the way to a use.
_ENTERED = (ast.With, ast.AsyncWith, ast.Try)


class Replaced(NamedTuple):
    """A task that lost its name to its shield's waiter.

    Attributes:
        target: the name, or attribute, that holds the waiter now.
        statement: the assignment.
        made: the call that made the task.
        later: the uses of the name that get the waiter.
        is_kept: whether the task, or the waiter, is also handed to somebody else.
    """

    target: ast.Name | ast.Attribute
    statement: ast.Assign | ast.AnnAssign | ast.NamedExpr
    made: ast.Call
    later: tuple[ast.expr, ...]
    is_kept: bool

    def cancels(self, module: Module) -> list[ast.Call]:
        """Return the calls of ``cancel()`` that reach the waiter instead of the task."""
        methods = [node for use in self.later if (node := module.parent(use)) and _is_cancel(node)]
        calls = [module.parent(method) for method in methods]
        return [call for call in calls if isinstance(call, ast.Call) and call.func in methods]

    def waits(self, module: Module) -> list[ast.Await]:
        """Return the awaits that wait for the waiter, by itself or in a call."""
        return [found for use in self.later if (found := _wait_for(module, use))]


def replaced(module: Module, shield: ast.Call) -> Replaced | None:
    """Return what a call of ``shield`` takes the name of, None unless the task was certainly made under that name.

    Args:
        module: the module.
        shield: the call.
    """
    statement = module.parent(shield)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, (ast.AnnAssign, ast.NamedExpr)):
        target = statement.target
    else:
        return None
    inner = shield.args[0]
    if isinstance(target, ast.Name) and isinstance(inner, ast.Name) and target.id == inner.id:
        made = module.value(inner)
        around: ast.AST | None = module.function(shield)
    elif isinstance(target, ast.Attribute) and isinstance(inner, ast.Attribute) and _is_same(target, inner):
        around = module.class_around(shield)
        made = _stored(module, around, target, shield) if around else None
    else:
        return None
    if around is None or not isinstance(made, ast.Call) or not _makes(module, made) or not _is_sole(module, made):
        return None
    values = (None, made, shield)
    uses = [
        use
        for use in _uses(around, target)
        if use is not inner and isinstance(use.ctx, ast.Load) and _is_of(module, use, around, values)
    ]
    function = module.function(shield)
    later = [use for use in uses if module.function(use) is not function or place(use) > place(shield)]
    is_kept = _is_of_group(module, made) or not all(_is_harmless(module, use) for use in uses)
    return Replaced(target, statement, made, tuple(later), is_kept)


def uses_to_rename(module: Module, found: Replaced) -> list[ast.Name] | None:
    """Return the later uses that mean the waiter, so that a name of its own sets things right; None if that is unclear.

    The waiter is cancelled and then the name is awaited once: the cancels mean the waiter, the await means the task. Or
    the name is only awaited, once: that means the waiter.
    """
    target, statement = found.target, found.statement
    if not isinstance(target, ast.Name) or not isinstance(statement, ast.Assign) or not _is_plain(module, found):
        return None
    later = [use for use in found.later if isinstance(use, ast.Name)]
    behind = _behind(module, statement)
    if not later or not all(_is_reached(module, use, behind) for use in later):
        return None
    *before, last = sorted(later, key=place)
    if not before:
        return [last] if _wait_for(module, last) else None
    if not isinstance(module.parent(last), ast.Await):
        return None
    statements = [module.statement(use) for use in later]
    is_straight = all(statement in behind for statement in statements)
    return before if is_straight and all(_is_cancelled_alone(module, use) for use in before) else None


def _stored(module: Module, owner: ast.AST, target: ast.Attribute, shield: ast.Call) -> ast.expr | None:
    """Return the one call that is ever stored in an attribute of a class, besides None and the shield itself."""
    found: list[ast.expr] = []
    for use in _uses(owner, target):
        if isinstance(use.ctx, ast.Load):
            continue
        parent = module.parent(use)
        if not isinstance(parent, (ast.Assign, ast.AnnAssign)):
            return None
        if parent.value is not None and parent.value is not shield and not isinstance(parent.value, ast.Constant):
            found.append(parent.value)
    return found[0] if len(found) == 1 else None


def _makes(module: Module, call: ast.Call) -> bool:
    """Tell whether a call makes something new that can be waited for, so that nobody else has it yet."""
    kind = module.kind(call)
    if kind is Kind.COROUTINE:
        return True
    is_maker = module.name(call.func) in _MAKERS
    return kind in _MADE and (is_maker or (isinstance(call.func, ast.Attribute) and call.func.attr in _MAKING_METHODS))


def _is_sole(module: Module, made: ast.Call) -> bool:
    parent = module.parent(made)
    return not isinstance(parent, ast.Assign) or len(parent.targets) == 1


def _is_of_group(module: Module, made: ast.Call) -> bool:
    return isinstance(made.func, ast.Attribute) and module.kind(made.func.value) is Kind.TASK_GROUP


def _uses(around: ast.AST, target: ast.Name | ast.Attribute) -> Iterator[ast.Name | ast.Attribute]:
    for node in walk(around):
        if isinstance(node, (ast.Name, ast.Attribute)) and _is_same(node, target):
            yield node


def _is_of(module: Module, use: ast.expr, around: ast.AST, values: tuple[ast.expr | None, ...]) -> bool:
    """Tell whether a name may hold one of some values: it is not bound again, by a statement or in a scope inside."""
    if not isinstance(use, ast.Name):
        return True
    for scope in module.ancestors(use):
        if scope is around:
            break
        if isinstance(scope, (*FUNCTIONS, *COMPREHENSIONS)) and use.id in _bound_in(scope):
            return False
    return module.value(use) in values


def _bound_in(scope: ast.AST) -> set[str]:
    """Return the names of the parameters of a nested function and of what is assigned in it, or in a comprehension."""
    outer = {name for node in walk(scope) if isinstance(node, ast.Nonlocal) for name in node.names}
    stored = {node.id for node in walk(scope) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return stored - outer | {node.arg for node in walk(scope) if isinstance(node, ast.arg)}


def _is_same(first: ast.expr, second: ast.expr) -> bool:
    """Tell whether two chains of names are spelled alike."""
    while isinstance(first, ast.Attribute) and isinstance(second, ast.Attribute) and first.attr == second.attr:
        first, second = first.value, second.value
    return isinstance(first, ast.Name) and isinstance(second, ast.Name) and first.id == second.id


def _is_harmless(module: Module, use: ast.expr) -> bool:
    """Tell whether a use looks at the task or waits for it, and gives it to nobody."""
    parent = module.parent(use)
    while isinstance(parent, _DISPLAYS):
        parent = module.parent(parent)
        if not isinstance(parent, (*_DISPLAYS, ast.Call)):
            return False
    if isinstance(parent, ast.Call):
        return module.name(parent.func) in HARMLESS_CALLS
    return isinstance(parent, _LOOKS)


def _is_cancel(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "cancel"


# --- what can be renamed --------------------------------------------------------------------------------------------


def _is_plain(module: Module, found: Replaced) -> bool:
    """Tell whether the name is a local of one function, bound by creation and shield alone, outside of loops."""
    function = module.function(found.statement)
    if function is None or module.kind(found.made) is Kind.COROUTINE or not isinstance(found.target, ast.Name):
        return False
    name = found.target.id
    bound = 0
    for node in walk(function):
        if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return False
        if isinstance(node, ast.Name) and node.id == name:
            if module.function(node) is not function:
                return False
            bound += not isinstance(node.ctx, ast.Load)
    return bound == 2 and not any(_is_loop(around) for around in _within(module, found.statement))


def _is_loop(node: ast.AST) -> bool:
    return isinstance(node, (ast.For, ast.AsyncFor, ast.While))


def _within(module: Module, node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is around a node inside its function."""
    for around in module.ancestors(node):
        if isinstance(around, FUNCTIONS):
            return
        yield around


def _behind(module: Module, statement: ast.stmt) -> list[ast.stmt]:
    """Return the statements that follow a statement in its block."""
    parent = module.parent(statement)
    for field in ("body", "orelse", "finalbody"):
        block = getattr(parent, field, None)
        if isinstance(block, list) and statement in block:
            return block[block.index(statement) + 1 :]
    return []


def _is_reached(module: Module, use: ast.Name, behind: list[ast.stmt]) -> bool:
    """Tell whether a use stands in a block that is entered, not chosen or repeated, behind the assignment."""
    child: ast.AST = use
    for around in _within(module, use):
        if isinstance(child, ast.stmt):
            if child in behind:
                return True
            if not isinstance(around, _ENTERED) or child not in around.body:
                return False
        child = around
    return child in behind


def _wait_for(module: Module, use: ast.expr) -> ast.Await | None:
    """Return the await that a use stands in, by itself or in a call that waits for it."""
    parent = module.parent(use)
    while isinstance(parent, _DISPLAYS):
        parent = module.parent(parent)
    if isinstance(parent, ast.Call) and module.name(parent.func) in HARMLESS_CALLS:
        parent = module.parent(parent)
    return parent if isinstance(parent, ast.Await) else None


def _is_cancelled_alone(module: Module, use: ast.Name) -> bool:
    """Tell whether a use is the statement ``name.cancel(...)``."""
    method = module.parent(use)
    call = module.parent(method) if method and _is_cancel(method) else None
    return isinstance(call, ast.Call) and call.func is method and isinstance(module.parent(call), ast.Expr)
