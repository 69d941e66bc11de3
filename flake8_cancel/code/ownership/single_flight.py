"""Work that one caller of a function begins and others find and wait for: who is cancelled ends it for all."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.graph import managers
from flake8_cancel.code.graph.errors import CANCEL
from flake8_cancel.code.lost.flags import own_parts
from flake8_cancel.code.lost.guards import is_taken
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_ENDS = frozenset({"cancel", "set_exception"})
_TAKES_OUT = frozenset({"get", "setdefault"})


def joins(module: Module, wait: ast.Await) -> ast.Await | None:
    """Return where another call of a function waits for the task that an await of it cancels when it is cancelled.

    The function looks for the task where it keeps it, begins it if there is none, and waits for it in both cases.

    Args:
        module: the module.
        wait: the await.
    """
    function = module.function(wait)
    if not isinstance(function, ast.AsyncFunctionDef) or module.kind(wait.value) is not Kind.TASK:
        return None
    key = _kept_in(module, function, wait.value)
    makers = [] if key is None else [one for one in module.task_makers(function) if _is_kept(module, one, key)]
    if len(makers) != 1 or key is None or _ends(module, function, key):
        return None
    waits = [one for one in module.awaits() if module.function(one) is function and _waits_in(module, one, key)]
    if wait not in waits or any(is_taken(module, one, CANCEL) for one in waits):
        return None
    finds = [one for one in waits if _is_before(module, one, makers[0])]
    follows = [one for one in waits if one not in finds and _is_behind(module, one, makers[0])]
    # Waiters one after the other share nothing.
    if any(_is_guarded(module, one) for one in follows):
        return None
    if not finds and len(follows) == len(waits) == 1:
        return wait if _is_for_both(module, wait, makers[0], key) else None
    others = follows if wait in finds else finds if wait in follows else []
    return next(iter(others), None)


def _kept_in(module: Module, function: ast.AST, task: ast.expr) -> str | None:
    """Return the reference of what a task is kept in: an attribute of ``self``, or a collection."""
    if isinstance(task, ast.Name):
        found = {_kept_in(module, function, one) for one in _assigned(function, task.id)} - {None}
        stores = (one for one in own_parts(function) if isinstance(one, ast.Assign))
        named = (one for one in stores if isinstance(one.value, ast.Name) and one.value.id == task.id)
        found |= {_holder(module, target) for one in named for target in one.targets} - {None}
        return found.pop() if len(found) == 1 else None
    if isinstance(task, ast.Call) and isinstance(task.func, ast.Attribute) and task.func.attr in _TAKES_OUT:
        return module.reference(task.func.value)
    return _holder(module, task)


def _holder(module: Module, place: ast.expr) -> str | None:
    if isinstance(place, ast.Subscript):
        return module.reference(place.value)
    reference = module.reference(place) if isinstance(place, ast.Attribute) else None
    return reference if reference and reference.startswith("self.") else None


def _assigned(function: ast.AST, name: str) -> Iterator[ast.expr]:
    for node in own_parts(function):
        match node:
            case ast.Assign(targets=targets, value=value):
                if any(isinstance(one, ast.Name) and one.id == name for one in targets):
                    yield value
                    yield from (one for one in targets if isinstance(one, (ast.Subscript, ast.Attribute)))
            case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
                yield value


def _is_kept(module: Module, maker: ast.Call, key: str) -> bool:
    """Tell whether what a call makes is put into what has a reference, at once or by a name."""
    statement = module.parent(maker)
    if not isinstance(statement, ast.Assign):
        return False
    if any(_holder(module, target) == key for target in statement.targets):
        return True
    names = [target for target in statement.targets if isinstance(target, ast.Name)]
    function = module.function(maker)
    return function is not None and any(_kept_in(module, function, name) == key for name in names)


def _waits_in(module: Module, wait: ast.Await, key: str) -> bool:
    function = module.function(wait)
    is_bare = isinstance(wait.value, (ast.Name, ast.Attribute, ast.Subscript))
    return is_bare and function is not None and _kept_in(module, function, wait.value) == key


def _ends(module: Module, function: ast.AST, key: str) -> bool:
    """Tell whether a function ends the task itself, so that it is no mere waiter."""
    ended = (node.value for node in walk(function) if isinstance(node, ast.Attribute) and node.attr in _ENDS)
    return any(_kept_in(module, function, one) in (key, None) for one in ended)


def _is_before(module: Module, wait: ast.AST, maker: ast.AST) -> bool:
    """Tell whether a wait stands in a branch that the function only takes when it found the task."""
    branch = _branch(module, wait)
    if branch is None:
        return False
    around, block = branch
    is_else = any(around is one for one in module.ancestors(maker))
    leaves = isinstance(block[-1], (ast.Return, ast.Raise)) and wait.lineno < maker.lineno  # type: ignore[attr-defined]
    return (is_else and not _stands_in(module, maker, block)) or (not is_else and leaves)


def _branch(module: Module, wait: ast.AST) -> tuple[ast.If, Sequence[ast.stmt]] | None:
    child = wait
    for around in module.ancestors(wait):
        if isinstance(around, FUNCTIONS):
            return None
        if isinstance(around, ast.If):
            return next(((around, block) for block in (around.body, around.orelse) if child in block), None)
        child = around
    return None


def _is_behind(module: Module, wait: ast.AST, maker: ast.AST) -> bool:
    """Tell whether a wait follows the making of the task, in its block or behind the branch that makes it."""
    statement = module.statement(maker)
    if _stands_in(module, wait, _rest(module, statement)):
        return True
    branch = _branch(module, maker)
    return branch is not None and _stands_in(module, wait, _rest(module, branch[0]))


def _is_for_both(module: Module, wait: ast.AST, maker: ast.AST, key: str) -> bool:
    """Tell whether a wait is for what was found in a collection as for what is made where nothing was found."""
    branch = _branch(module, maker)
    function = module.function(wait)
    if branch is None or function is None or not _stands_in(module, wait, _rest(module, branch[0])):
        return False
    asked = (node for node in walk(branch[0].test) if isinstance(node, (ast.Name, ast.Attribute)))
    is_asked = any(module.reference(node) == key or _kept_in(module, function, node) == key for node in asked)
    # Of an attribute it is not certain that the function is called by several.
    stores = (node for node in own_parts(function) if isinstance(node, ast.Subscript))
    is_put = any(isinstance(node.ctx, ast.Store) and module.reference(node.value) == key for node in stores)
    return is_asked and is_put


def _rest(module: Module, statement: ast.stmt) -> list[ast.stmt]:
    """Return the statements behind one in its block."""
    for block in (getattr(module.parent(statement), field, None) for field in ("body", "orelse", "finalbody")):
        if isinstance(block, list) and statement in block:
            return block[block.index(statement) + 1 :]
    return []


def _stands_in(module: Module, node: ast.AST, statements: Sequence[ast.AST]) -> bool:
    return any(around in statements for around in (node, *module.ancestors(node)))


def _is_guarded(module: Module, wait: ast.AST) -> bool:
    """Tell whether a wait stands in an ``async with`` that may let in but one caller after the other."""
    for around in module.ancestors(wait):
        if isinstance(around, FUNCTIONS):
            break
        if isinstance(around, ast.AsyncWith) and any(managers.scope(module, item) is None for item in around.items):
            return True
    return False
