"""What a function opens one after the other, keeps in a local collection, and ends in a loop when one of them fails."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.certain import has_rules_of_its_own
from flake8_cancel.code.cleanup.taking import MADE, Act, key, own_statements, statements_of
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.tree import has_parameter, named, verb_of, walk
from flake8_cancel.code.verbs import ends

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_PUTS = frozenset({"add", "append", "appendleft"})
_BLOCKS = (ast.Try, ast.With, ast.AsyncWith)


def collected(module: Module, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, giving: Act) -> Iterator[Act]:
    """Yield what opens something for a local collection of which a handler ends each: ``made.append(await open())``.

    Nobody else knows the collection as long as the ``try`` lasts.

    Args:
        module: the module.
        function: the function.
        handler: the handler.
        giving: what the handler gives back.
    """
    name = _looped_over(handler, giving)
    if name is None or not ends(giving.verb, module.facts) or not _is_private(module, function, handler, name):
        return
    for statement in statements_of(function):
        call = _opened_for(function, statement, name)
        if call is None or (statement.end_lineno or 0) >= handler.lineno:
            continue
        taking = Act(MADE, statement, key(ast.Name(name)), verb_of(call), (), call, awaited=True)
        if not has_rules_of_its_own(module, taking):
            yield taking


def _looped_over(handler: ast.ExceptHandler, giving: Act) -> str | None:
    """Return the local name of which a loop of a handler takes what is ended there."""
    for node in own_statements(handler.body):
        if not isinstance(node, ast.For) or key(node.target) != giving.thing:
            continue
        if giving.node not in own_statements(node.body):
            continue
        match node.iter:
            case ast.Name(id=name):
                return name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="values"), args=[]):
                return name
            case ast.Call(func=ast.Name(id="list" | "reversed" | "tuple"), args=[ast.Name(id=name)]):
                return name
    return None


def _opened_for(function: ast.AsyncFunctionDef, statement: ast.stmt, name: str) -> ast.Call | None:
    """Return the awaited call whose result a statement puts into a collection."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=put_in), attr=verb), args=[made])):
            if verb not in _PUTS:
                return None
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=put_in))], value=made):
            pass
        case ast.Assign(targets=[ast.Name(id=put_in)], value=ast.ListComp(elt=made)):
            pass
        case _:
            return None
    if put_in != name:
        return None
    if isinstance(made, ast.Name):
        made = _bound_to(function, made) or made
    return made.value if isinstance(made, ast.Await) and isinstance(made.value, ast.Call) else None


def _bound_to(function: ast.AsyncFunctionDef, name: ast.Name) -> ast.expr | None:
    """Return the one thing that a name is bound to in a function."""
    bound = [node for node in named(function, name.id) if not isinstance(node.ctx, ast.Load)]
    values = [
        node.value
        for node in statements_of(function)
        if isinstance(node, ast.Assign) and [key(one) for one in node.targets] == [key(ast.Name(name.id))]
    ]
    return values[0] if len(bound) == len(values) == 1 else None


def _is_private(module: Module, function: ast.AsyncFunctionDef, handler: ast.ExceptHandler, name: str) -> bool:
    """Tell whether a collection is the function's own, filled, and used by nobody else before its ``try`` has ended.

    What uses it behind that, when nothing failed, is not reached by a cancellation, unless in a block around.
    """
    block = module.parent(handler)
    assert isinstance(block, ast.Try)
    around = [node for node in module.ancestors(block) if isinstance(node, (*_BLOCKS, *FUNCTIONS))]
    if around[:1] != [function] or has_parameter(function, name):
        return False
    inside = set(walk(handler))
    for node in named(function, name):
        if module.function(node) is not function:
            return False
        if isinstance(node.ctx, ast.Store) and not _is_made_here(module, node):
            return False
        is_behind = node.lineno > (block.end_lineno or 0)
        if isinstance(node.ctx, ast.Load) and node not in inside and not is_behind and not _is_filling(module, node):
            return False
    return True


def _is_made_here(module: Module, name: ast.Name) -> bool:
    statement = module.parent(name)
    value = statement.value if isinstance(statement, (ast.AnnAssign, ast.Assign)) else None
    if isinstance(value, ast.Call):
        return module.name(value.func) in ("builtins.dict", "builtins.list", "builtins.set") and not value.args
    return isinstance(value, (ast.Dict, ast.List, ast.ListComp)) and not getattr(value, "elts", ())


def _is_filling(module: Module, name: ast.Name) -> bool:
    parent = module.parent(name)
    if isinstance(parent, ast.Subscript):
        return isinstance(parent.ctx, ast.Store)
    return isinstance(parent, ast.Attribute) and parent.attr in _PUTS
