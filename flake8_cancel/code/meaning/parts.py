"""Which parts of an expression the value at a path in it comes from: displays, items, and what takes things out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from flake8_cancel.code.meaning.values import SAME_ELEMENTS

# Positions and constant keys from the outside in; None is some element, or what awaiting gives.
Path = tuple[int | str | None, ...]
Parts = Iterator[tuple[ast.expr, Path]]

_TAKE_ONE = frozenset({"get", "get_nowait", "pop", "popleft", "setdefault"})
_SAME = frozenset({"copy", "difference", "intersection", "union", "values"})
# Functions that give their first argument, or what comes out of it, or wait for it.
_FIRST = SAME_ELEMENTS | {"asyncio.create_task", "asyncio.ensure_future", "asyncio.wait_for"}
_SECOND = frozenset({"builtins.filter", "typing.cast", "typing_extensions.cast"})
_ALL = frozenset({"asyncio.gather", "itertools.chain"})


def parts_of(expression: ast.expr, path: Path) -> Parts:
    """Yield where the value at a path in an expression comes from; nothing for names, attributes and calls.

    Args:
        expression: the expression.
        path: where the value stands in it.
    """
    match expression:
        case ast.Subscript(value=value, slice=ast.Slice()) | ast.NamedExpr(value=value):
            yield value, path
        case ast.Subscript(value=value, slice=index):
            yield value, (selector(index), *path)
        case ast.Await(value=value) | ast.Starred(value=value):
            yield value, (None, *path)
        case ast.IfExp(body=first, orelse=second) | ast.BinOp(left=first, right=second):
            yield from ((first, path), (second, path))
        case ast.BoolOp(values=values):
            yield from ((value, path) for value in values)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts) if path:
            yield from _of_display(parts, path)
        case ast.Dict(keys=keys, values=values) if path:
            for key, value in zip(keys, values, strict=True):
                if key is None or fit(selector(key), path[0]):
                    yield value, path[1:] if key else path
        case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part) if path:
            yield part, path[1:]
        case ast.DictComp(value=part) if path:
            yield part, path[1:]


def parts_of_function(name: str, given: Sequence[ast.expr], path: Path) -> Parts:
    """Yield where the value at a path in the result of a call comes from.

    Args:
        name: the qualified name of the function.
        given: the arguments.
        path: where the value stands in the result.
    """
    if name in _FIRST:
        yield from _all(given[:1], path)
    elif name in _SECOND:
        yield from _all(given[1:2], path)
    elif name in _ALL:
        yield from _all(given, path)
    elif name == "builtins.next":
        yield from _all(given[:1], (None, *path))
    elif name == "builtins.enumerate" and path[1:] and fit(path[1], 1):
        yield from _all(given[:1], (None, *path[2:]))
    elif name == "builtins.zip" and path[1:]:
        yield from _all((one for at, one in enumerate(given) if fit(path[1], at)), (None, *path[2:]))


def parts_of_method(method: ast.Attribute, given: Sequence[ast.expr], path: Path) -> Parts:
    """Yield where the value at a path in the result of a method of a collection comes from.

    Args:
        method: the method.
        given: the arguments.
        path: where the value stands in the result.
    """
    receiver = method.value
    if method.attr in _TAKE_ONE:
        key = selector(given[0]) if given else None
        yield receiver, (key if isinstance(key, str) else None, *path)
        yield from _all(given[1:2], path)
    elif method.attr in _SAME:
        yield receiver, path
    elif method.attr == "create_task":
        yield from _all(given[:1], path)
    elif method.attr == "items" and path[1:] and fit(path[1], 1):
        yield receiver, (None, *path[2:])
    elif method.attr == "popitem" and path and fit(path[0], 1):
        yield receiver, (None, *path[1:])


def selector(index: ast.expr) -> int | str | None:
    """Return the position or key that an index names, None where it may be any."""
    value = index.value if isinstance(index, ast.Constant) else None
    return value if isinstance(value, (int, str)) else None


def fit(first: int | str | None, second: int | str | None) -> bool:
    """Tell whether two selectors may select the same."""
    return first is None or second is None or first == second


def _all(expressions: Iterable[ast.expr], path: Path) -> Parts:
    yield from ((one, path) for one in expressions)


def _of_display(parts: Sequence[ast.expr], path: Path) -> Parts:
    is_certain = not any(isinstance(part, ast.Starred) for part in parts)
    for position, part in enumerate(parts):
        if isinstance(part, ast.Starred):
            yield part.value, path
        elif not is_certain or fit(position, path[0]):
            yield part, path[1:]
