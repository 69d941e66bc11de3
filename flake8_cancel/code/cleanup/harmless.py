"""Releases that nobody misses: what they give back ends by itself, or matters to nobody when the function is over."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.framing import block_of
from flake8_cancel.code.cleanup.taking import (
    COUNT,
    ENTRY,
    MADE,
    METHOD,
    Act,
    Key,
    givings,
    key,
    root,
    root_name,
    statements_of,
)
from flake8_cancel.code.tree import names_of, of_types, verb_of, walk
from flake8_cancel.code.verbs import words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# What these make lives in memory alone, or is closed by the server behind the handler of a request.
_MAKERS = frozenset({"aiohttp.web.WebSocketResponse", "io.BytesIO", "io.StringIO"})
_PARSER = "Parser"
# The first words of what makes a cursor.
_CURSORS = frozenset({"cursor", "execute", "executemany", "executescript"})
# The last words of what makes timers.
_TIMERS = frozenset({"stopwatch", "timer"})
# What these return was there before.
_LOOKS = frozenset({"choice", "choose", "current", "find", "get", "lookup", "peek", "pick"})
_STACKS = frozenset({"contextlib.AsyncExitStack", "contextlib.ExitStack"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BINDERS = (ast.AnnAssign, ast.arg, ast.Assign, ast.AsyncFor, ast.For, ast.NamedExpr, ast.withitem)


def is_harmless(module: Module, function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    """Tell whether nothing stays behind when what a function has taken is not given back.

    Args:
        module: the module.
        function: the coroutine function.
        taking: what takes.
        giving: what would give back.
    """
    if taking.form == COUNT:
        return _is_never_read(module, taking.node)
    if taking.form == ENTRY:
        return any(_is_driven(function, given) for given in taking.given[:1])
    if taking.form == METHOD:
        return _is_stopwatch(module, function, taking)
    if taking.form != MADE:
        return False
    if _is_kept_by_maker(module, taking):
        return True
    return _ends_by_itself(module, function, taking, giving) or _is_operation(module, function, taking, giving)


def is_look(verb: str) -> bool:
    """Tell whether what a call with this name returns was there before, when it is not awaited."""
    found = words(verb)
    return bool(found) and found[0] in _LOOKS


def is_empty_record(module: Module, taking: Act) -> bool:
    """Tell whether what is made holds nothing yet: a dataclass of this file, an exit stack."""
    if taking.form != MADE or taking.call is None or taking.call.args or taking.call.keywords:
        return False
    if module.name(taking.call.func) in _STACKS:
        return True
    made = module.definition(taking.call.func)
    decorators = made.decorator_list if isinstance(made, ast.ClassDef) else []
    makers = (decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in decorators)
    return any(module.name(maker) == "dataclasses.dataclass" for maker in makers)


def makers(function: ast.AsyncFunctionDef, name: str) -> Iterator[ast.expr | None]:
    """Yield what a local name is bound to in a function, None where that is no simple assignment.

    Args:
        function: the function.
        name: the name.
    """
    for node in of_types(function, _BINDERS):
        if isinstance(node, ast.arg) and node.arg == name:
            yield None
        bound = getattr(node, "targets", None) or [getattr(node, "target", getattr(node, "optional_vars", None))]
        if not any(name in names_of(one) for one in bound if one):
            continue
        value = getattr(node, "value", None)
        yield value.value if isinstance(value, ast.Await) else value


def _is_never_read(module: Module, counting: ast.stmt) -> bool:
    """Tell whether a counter is an object's own affair, and nothing in its file ever looks at it."""
    counter = counting.target if isinstance(counting, ast.AugAssign) else None
    if not isinstance(counter, ast.Attribute) or not counter.attr.startswith("_"):
        return False
    named = (node for node in walk(module.tree) if isinstance(node, ast.Attribute) and node.attr == counter.attr)
    return not any(isinstance(node.ctx, ast.Load) for node in named)


def _is_stopwatch(module: Module, function: ast.AsyncFunctionDef, taking: Act) -> bool:
    """Tell whether what is started only measures the time: a timer that was told neither when to strike nor what to do.

    What is told that later is asked for something to call: ``timer.timeout.connect(...)``.
    """
    name = root_name(taking.thing)
    made = list(makers(function, name)) if taking.thing and taking.thing[0] == "Name" else []
    if not made or not all(isinstance(one, ast.Call) and _is_timer(one) for one in made):
        return False
    return not any(
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and root(node) == name
        for node in walk(function)
    )


def _is_timer(call: ast.Call) -> bool:
    name = verb_of(call)
    return not (call.args or call.keywords) and any(word.lower() in _TIMERS for word in words(name)[-1:])


def _is_kept_by_maker(module: Module, taking: Act) -> bool:
    """Tell whether what a function of this file gives is found in a table of its object, and else made and put there.

    So it may have been there, and is found by whoever asks for it next.
    """
    maker = module.called(taking.call) if taking.call else None
    if not isinstance(maker, _FUNCTIONS):
        return False
    returned = {node.value.id for node in of_types(maker, (ast.Return,)) if isinstance(node.value, ast.Name)}
    found, kept = set[Key](), set[Key]()
    for node in of_types(maker, (ast.Assign,)):
        for target in node.targets:
            match target, node.value:
                case ast.Name(id=name), ast.Call(func=ast.Attribute(value=table, attr="get")) if name in returned:
                    found.add(key(table))
                case ast.Name(id=name), ast.Subscript(value=table) if name in returned:
                    found.add(key(table))
                case ast.Subscript(value=table), ast.Name(id=name) if name in returned and root(table) == "self":
                    kept.add(key(table))
    return not found.isdisjoint(kept)


def _ends_by_itself(module: Module, function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    """Tell whether what is made ends with its local, or the whole with the block that holds what it is part of."""
    if taking.call is None:
        return False
    maker = module.name(taking.call.func) or taking.verb
    if maker in _MAKERS or maker.endswith(_PARSER) or not _CURSORS.isdisjoint(words(taking.verb)[:1]):
        return True
    if giving.verb == "aclose" and _is_generator(module, function, taking):
        return True
    return _is_held(module, function, taking.node, taking.call)


def _is_generator(module: Module, function: ast.AsyncFunctionDef, taking: Act) -> bool:
    """Tell whether a function drives what it has made as an async generator.

    A cancellation comes up inside the generator and ends it there, or the event loop ends it when it is dropped.
    """
    assert taking.call is not None
    is_class = isinstance(module.definition(taking.call.func), ast.ClassDef) or taking.verb[:1].isupper()
    return not (taking.awaited or is_class) and _is_driven(function, taking.thing)


def _is_driven(function: ast.AsyncFunctionDef, thing: Key | None) -> bool:
    """Tell whether a function goes through a thing as through an async generator: it ends with what ends the loop."""
    for node in walk(function):
        match node:
            case ast.AsyncFor(iter=driven) | ast.Attribute(value=driven, attr="__anext__" | "asend" | "athrow"):
                pass
            case ast.Call(func=ast.Name(id="anext"), args=[driven, *_]):
                pass
            case _:
                continue
        if key(driven) == thing:
            return True
    return False


def _is_held(
    module: Module, function: ast.AsyncFunctionDef, node: ast.AST, call: ast.Call, seen: frozenset[str] = frozenset()
) -> bool:
    """Tell whether a call makes a part of what a block around a statement holds: a page of the browser of a driver."""
    lender = root(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    if not lender or lender in seen:
        return False
    if any(
        isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == lender
        for around in module.ancestors(node)
        if isinstance(around, (ast.With, ast.AsyncWith))
        for item in around.items
    ):
        return True
    made = list(makers(function, lender))
    return bool(made) and all(
        isinstance(maker, ast.Call) and _is_held(module, function, node, maker, seen | {lender}) for maker in made
    )


def _is_operation(module: Module, function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    """Tell whether a method is given data, and its thing goes on to be used: that does not end its life."""
    if giving.thing != taking.thing or giving.call is None or not giving.call.args:
        return False
    same = (act.node for node in statements_of(function) for act in givings(node))
    return any(
        _is_use(node, taking.thing, giving.verb)
        for statement in same
        if any((act.thing, act.verb) == (giving.thing, giving.verb) for act in givings(statement))
        for later in _behind(module, statement)
        for node in walk(later)
    )


def _is_use(node: ast.AST, thing: Key | None, ending: str) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or key(node.func.value) != thing:
        return False
    return node.func.attr != ending and words(node.func.attr)[:1] != ("wait",)


def _behind(module: Module, statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the statements that come behind one in its block, and behind what holds that block."""
    for node in (statement, *module.ancestors(statement)):
        if isinstance(node, _FUNCTIONS):
            return
        if isinstance(node, ast.stmt):
            block = block_of(module, node)
            yield from block[block.index(node) + 1 :]
