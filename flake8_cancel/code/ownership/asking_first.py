"""How a future is asked whether it was cancelled before it is resolved: where the test goes, and what comes first."""

from __future__ import annotations

import ast

from flake8_cancel.code.tree import children, verb_of, walk

# The longest line that most formatters leave alone.
_LONGEST = 88
_PLAIN = (ast.Attribute, ast.Call, ast.Compare, ast.Name, ast.UnaryOp)


def has_room(around: ast.If, statement: ast.stmt, future: ast.expr) -> bool:
    """Tell whether an ``if`` has room for one test more, as one would write it by hand.

    Args:
        around: the ``if``.
        statement: what resolves a future in it.
        future: the future.
    """
    if around.orelse:
        return around.orelse == [statement]
    is_and = isinstance(around.test, ast.BoolOp) and isinstance(around.test.op, ast.And)
    if (
        around.body != [statement]
        or statement.lineno == around.lineno
        or not (is_and or isinstance(around.test, _PLAIN))
    ):
        return False
    written = f"if {ast.unparse(around.test)} and not {ast.unparse(future)}.cancelled():"
    return around.lineno == around.test.end_lineno and around.col_offset + len(written) <= _LONGEST


def makes_exception(call: ast.Call) -> bool:
    """Tell whether a future is given a new exception, and nothing is called to make it: ``ValueError(text)``.

    Args:
        call: the call of ``set_exception()`` or its like.
    """
    match call:
        case ast.Call(func=ast.Attribute(attr="set_exception"), args=[ast.Call() as made]):
            name = verb_of(made)
            # What begins with a small letter is a function that makes some error.
            return name.lstrip("_")[:1].isupper() and not any(map(does_something, children(made)))
    return False


def does_something(expression: ast.AST) -> bool:
    """Tell whether it matters when an expression is looked at: it calls or awaits."""
    return any(isinstance(node, (ast.Call, ast.Await)) for node in walk(expression))
