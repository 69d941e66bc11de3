"""Whether what a loop goes over has elements, where the text itself shows it."""

from __future__ import annotations

import ast
from collections.abc import Sequence


def is_filled(expression: ast.expr) -> bool | None:
    """Tell whether a display or a constant has elements: True or False where it is certain, else None.

    Args:
        expression: ``[1, 2]``, ``()``, ``{**{}, 1: 2}``, ``"abc"``, ...
    """
    match expression:
        case ast.Constant(value=str() | bytes() as value):
            return bool(value)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return _any_filled([_part(part) for part in parts])
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return _any_filled([True if key is not None else is_filled(value) for key, value in pairs])
    return None


def is_some_range(arguments: Sequence[ast.expr]) -> bool | None:
    """Tell whether a call of ``range`` has elements: True or False where its arguments are numbers, else None.

    Args:
        arguments: its arguments.
    """
    numbers = [_number(argument) for argument in arguments]
    if not 1 <= len(numbers) <= 3 or None in numbers or (len(numbers) == 3 and not numbers[2]):
        return None
    return bool(range(*(number for number in numbers if number is not None)))


def _part(part: ast.expr) -> bool | None:
    return is_filled(part.value) if isinstance(part, ast.Starred) else True


def _any_filled(parts: Sequence[bool | None]) -> bool | None:
    if any(parts):
        return True
    return None if None in parts else False


def _number(expression: ast.expr) -> int | None:
    match expression:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
    return None
