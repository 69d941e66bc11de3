"""Futures: who waits for one so that the waiter's cancellation cancels it, and who asks first how it ended."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import SWALLOWING_MANAGERS
from flake8_cancel.code.meaning.scopes import COMPREHENSIONS
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Waits that leave what they wait for alone when they are cancelled.
_LEAVING_ALONE = frozenset({"asyncio.shield", "asyncio.wait"})
# Decorators that leave what a function returns as it is.
_PLAIN = frozenset({"builtins.classmethod", "builtins.property", "builtins.staticmethod", "typing.override"})
_AWAITABLE = frozenset({"collections.abc.Awaitable", "typing.Awaitable"})
# Methods by which a loop sorts out what it runs over.
_SORTING = frozenset({"add", "append", "appendleft", "discard", "pop", "put_nowait", "remove"})
_REMOVES = "remove_done_callback"
_JUMPS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
# Fields of which one part is run at most.
_CHOICES = frozenset({"cases", "handlers"})
_TYPE_TESTS = frozenset({"builtins.isinstance", "asyncio.isfuture"})


def waits_for(module: Module, future: ast.expr) -> Iterator[ast.Await]:
    """Yield the awaits of this file whose cancellation goes into a future.

    Args:
        module: the module.
        future: an expression that is a future.
    """
    for node in module.awaits():
        if not _leaves_alone(module, node.value) and is_same(module, future, node.value):
            yield node


def is_cancelled(module: Module, future: ast.expr) -> bool:
    """Tell whether this file cancels a future that may have done callbacks by then.

    Args:
        module: the module.
        future: an expression that is a future.
    """
    if module.calls(_REMOVES):
        return False
    receivers = (call.func.value for call in module.calls("cancel") if isinstance(call.func, ast.Attribute))
    return any(is_same(module, future, receiver) for receiver in receivers)


def handed_out(module: Module, future: ast.expr) -> Iterator[ast.Return]:
    """Yield where a public function of this file returns a future for its caller to wait for.

    That is one made for this caller, or one that it only gets to know as something to be awaited. What else an object
    keeps may be given out to be looked at, or to be shielded by all who wait for it.

    Args:
        module: the module.
        future: an expression that is a future.
    """
    made = module.origins(future)
    for node in module.returns() if made else ():
        function = module.function(node)
        if not node.value or not isinstance(function, ast.FunctionDef) or not _is_public(module, function):
            continue
        given = made & module.origins(node.value)
        is_own = isinstance(node.value, ast.Call) or any(module.function(call) is function for call in given)
        if given and (is_own or _is_to_be_awaited(module, function)):
            yield node


def is_same(module: Module, future: ast.expr, other: ast.expr) -> bool:
    """Tell whether a future goes by the name of another, or comes from where that comes from.

    Args:
        module: the module.
        future: a future.
        other: a future, or what is awaited.
    """
    keys, others = (frozenset[str]().union(*(module.awaited(one) or ())) for one in (future, other))
    return bool(keys & others or module.origins(future) & module.origins(other))


def is_made_inside(module: Module, future: ast.expr, block: ast.With | ast.AsyncWith) -> bool:
    """Tell whether a future is made in a block, whose managers are of other files, made before, and told of nothing.

    Args:
        module: the module.
        future: an expression that is a future.
        block: the block.
    """
    for item in block.items:
        maker = item.context_expr.func if isinstance(item.context_expr, ast.Call) else item.context_expr
        if item.optional_vars or module.definition(maker) or module.name(maker) in SWALLOWING_MANAGERS:
            return False
    made = module.origins(future)
    return bool(made) and all(any(around in block.body for around in module.ancestors(call)) for call in made)


def is_another_run(module: Module, waiter: ast.Await | ast.Return, call: ast.Call) -> bool:
    """Tell whether a function that resolves a future made it too, while the waiter found one there and returns then.

    So it is not the same call of the function that waits and that resolves the future.

    Args:
        module: the module.
        waiter: an ``await`` of the future, or a ``return`` of it.
        call: what resolves the future, in the function of the waiter.
    """
    function, value = module.function(call), waiter.value
    returning = module.statement(waiter)
    if not isinstance(returning, ast.Return) or value is None:
        return False
    made = module.origins(value)
    own = [one for one in made if module.function(one) is function and one.lineno > (returning.end_lineno or 0)]
    return bool(made) and len(own) == len(made) and any(one.lineno < call.lineno for one in own)


def _is_to_be_awaited(module: Module, function: ast.FunctionDef) -> bool:
    said = function.returns.value if isinstance(function.returns, ast.Subscript) else function.returns
    return module.name(said) in _AWAITABLE


def _is_public(module: Module, function: ast.FunctionDef) -> bool:
    around = module.parent(function)
    is_open = isinstance(around, (ast.Module, ast.ClassDef)) and not function.name.startswith("_")
    return is_open and all(module.name(one) in _PLAIN for one in function.decorator_list)


def is_asked_before(
    module: Module,
    call: ast.Call,
    future: ast.expr,
    around: ast.AST,
    words: Collection[str],
    flags: Collection[str] = (),
) -> bool:
    """Tell whether a future is asked for its state before something is called for it, or something that tells it.

    Asked in a statement above, in a condition around, or in what runs before in the same expression; told by a flag,
    or by a function that is given the future, where the way to the call depends on that.

    Args:
        module: the module.
        call: the call, of a method of the future or of what is given it.
        future: the future there.
        around: the function, loop or comprehension in which to look.
        words: the methods that tell the state.
        flags: the references of which a test will do.
    """
    dumped = ast.dump(future)
    child: ast.AST = call
    for parent in module.ancestors(call):
        for before in _run_before(parent, child):
            if _mentions(before, words):
                return True
            if any(_tells(module, test, dumped, flags) for test in _tests(before)):
                return True
        if parent is around:
            return False
        child = parent
    return False


def _leaves_alone(module: Module, waited: ast.expr) -> bool:
    return any(isinstance(node, ast.Call) and module.name(node.func) in _LEAVING_ALONE for node in walk(waited))


def _run_before(parent: ast.AST, child: ast.AST) -> list[ast.AST]:
    """Return the parts of a node that are run before another part of it is."""
    if isinstance(parent, COMPREHENSIONS):
        return [] if child in parent.generators else list(parent.generators)
    before: list[ast.AST] = []
    for field, value in ast.iter_fields(parent):
        parts = [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, ast.AST)]
        if child in parts:
            return before if field in _CHOICES else [*before, *parts[: parts.index(child)]]
        # What one branch does, the other does not know.
        if field != "body" or not isinstance(parent, (ast.If, ast.IfExp)):
            before.extend(parts)
    return before


def _mentions(node: ast.AST, words: Collection[str]) -> bool:
    asked = [part for part in walk(node) if isinstance(part, ast.Attribute) and part.attr in words]
    loops = [part for part in walk(node) if isinstance(part, (ast.For, ast.AsyncFor))] if asked else []
    # A loop that asks each of its elements tells nothing of others, unless it sorts them out.
    private = {part for loop in loops if not _sorts(loop) for part in asked if _is_of_target(part, loop)}
    return any(part not in private for part in asked)


def _sorts(loop: ast.For | ast.AsyncFor) -> bool:
    for part in walk(loop):
        if isinstance(part, (ast.Return, ast.Raise, ast.Delete, ast.Assign, ast.AugAssign)):
            return True
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _SORTING:
            return True
    return False


def _is_of_target(asked: ast.Attribute, loop: ast.For | ast.AsyncFor) -> bool:
    thing: ast.expr = asked
    while isinstance(thing, ast.Attribute):
        thing = thing.value
    targets = {part.id for part in walk(loop.target) if isinstance(part, ast.Name)}
    is_inside = any(part is asked for statement in loop.body for part in walk(statement))
    return is_inside and isinstance(thing, ast.Name) and thing.id in targets


def _tests(before: ast.AST) -> Iterator[ast.expr]:
    """Yield the conditions on which what comes after a node is run."""
    if isinstance(before, ast.expr):
        yield before
    elif isinstance(before, ast.comprehension):
        yield from before.ifs
    elif isinstance(before, ast.Assert) or (isinstance(before, ast.If) and _leaves(before)):
        yield before.test


def _leaves(branch: ast.If) -> bool:
    return any(isinstance(statement, _JUMPS) for statement in (*branch.body, *branch.orelse))


def _tells(module: Module, test: ast.expr, future: str, flags: Collection[str]) -> bool:
    for node in walk(test):
        if isinstance(node, ast.Call) and module.name(node.func) not in _TYPE_TESTS:
            if any(ast.dump(argument) == future for argument in node.args):
                return True
        elif isinstance(node, (ast.Name, ast.Attribute)) and module.reference(node) in flags:
            return True
    return False
