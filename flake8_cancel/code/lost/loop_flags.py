"""Flags of objects that a handler lowers, and that the loop around it asks before its next turn."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def ends_by_flag(module: Module, loop: ast.If | ast.While, handler: ast.ExceptHandler) -> bool:
    """Tell whether a loop ends by what a handler sets in its object, be it in a method that it calls.

    Args:
        module: the module.
        loop: a loop, or what a turn does only where it goes on.
        handler: a handler in the loop.
    """
    wanted = dict(_asked(module, loop.test))
    return any(wanted.get(name) is value for name, value in _set(module, handler.body)) if wanted else False


def _asked(module: Module, test: ast.expr) -> Iterator[tuple[str, bool]]:
    """Yield the attributes that a test asks for, each with the value that makes it false."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        for part in test.values:
            yield from _asked(module, part)
        return
    is_negative = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    flag = test.operand if isinstance(test, ast.UnaryOp) else test
    name = module.reference(flag) if isinstance(flag, ast.Attribute) else None
    if name and (is_negative or flag is test):
        yield name, is_negative


def _set(module: Module, body: list[ast.stmt], depth: int = 0) -> Iterator[tuple[str, bool]]:
    """Yield the attributes that a block sets in any case to a constant, with its truth, one method deep."""
    for statement in body:
        match statement:
            case ast.Assign(targets=targets, value=ast.Constant(value=value)):
                names = (module.reference(target) for target in targets if isinstance(target, ast.Attribute))
                yield from ((name, bool(value)) for name in names if name)
            case ast.Expr(value=ast.Call() as call) if not depth:
                method = module.definition(call.func)
                if isinstance(method, ast.FunctionDef) and module.is_plain(method):
                    yield from _set(module, method.body, depth + 1)
