"""Letting the cancellation through: clauses that re-raise, clauses that go."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst
from libcst import matchers

from flake8_cancel.fix.edit import NoFixError
from flake8_cancel.fix.lines import above, as_block, block_in_place_of, block_of, lines_of, parted
from flake8_cancel.fix.shapes.commas import closing
from flake8_cancel.fix.splice import Replacement, spliced

_LEAVES = (cst.Pass, cst.Return, cst.Break, cst.Continue)


def reraise_at_end(handler: cst.ExceptHandler) -> cst.ExceptHandler:
    """Return a handler whose body ends with ``raise``, in place of its last ``pass``, ``return`` or jump.

    Args:
        handler: the ``except`` clause.
    """
    last = handler.body.body[-1]
    small = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last
    if isinstance(small, _LEAVES):
        return reraise_at(handler, small)
    if isinstance(small, cst.Expr) and isinstance(small.value, cst.Ellipsis):
        return spliced(handler, {small: cst.Raise()})
    body = as_block(handler.body)
    raising = cst.SimpleStatementLine([cst.Raise()])
    return handler.with_changes(body=body.with_changes(body=[*body.body, raising]))


def reraise_at(handler: cst.ExceptHandler, statement: cst.CSTNode) -> cst.ExceptHandler:
    """Return a handler in which one statement that leaves it is ``raise`` instead.

    Args:
        handler: the ``except`` clause.
        statement: a ``pass``, ``return``, ``break`` or ``continue`` somewhere in it. What a ``return`` computes by a
            call is still computed before.
    """
    value = statement.value if isinstance(statement, cst.Return) else None
    if value is not None and matchers.findall(value, matchers.Call() | matchers.Await() | matchers.Yield()):
        return spliced(handler, {statement: cst.FlattenSentinel([cst.Expr(value), cst.Raise()])})
    return spliced(handler, {statement: cst.Raise()})


def remove_handler(node: cst.Try, handler: cst.ExceptHandler) -> Replacement:
    """Return a ``try`` without one of its clauses; when nothing is left to try, its statements in its place.

    The ``else`` block follows the ``try`` block when no clause is left.

    Args:
        node: the ``try`` statement.
        handler: the clause of it that goes.
    """
    handlers = [other for other in node.handlers if other is not handler]
    if handlers:
        return node.with_changes(handlers=handlers)
    is_kept = node.finalbody is not None
    lines = [*lines_of(node.body, opening=not is_kept), *(lines_of(node.orelse.body) if node.orelse else [])]
    if is_kept:
        body = block_in_place_of(node.body, lines) if node.orelse else node.body
        return node.with_changes(body=body, handlers=[], orelse=None)
    return cst.FlattenSentinel(above(node.leading_lines, lines))


def clause_above(handler: cst.ExceptHandler, error: cst.BaseExpression) -> cst.FlattenSentinel[cst.ExceptHandler]:
    """Return a clause that re-raises a class, and below it the handler as it is.

    Args:
        handler: the handler, which is broader.
        error: the class.
    """
    blank, own = parted(handler.leading_lines)
    raising = cst.ExceptHandler(
        block_of([cst.Raise()]), type=error, whitespace_after_except=cst.SimpleWhitespace(" "), leading_lines=blank
    )
    return cst.FlattenSentinel([raising, handler.with_changes(leading_lines=own)])


def clause_below(node: cst.Try, handler: cst.ExceptHandler) -> cst.Try:
    """Return a ``try`` with one more clause below those it has.

    Args:
        node: the ``try`` statement.
        handler: the clause.
    """
    return node.with_changes(handlers=[*node.handlers, handler])


def split_tuple(handler: cst.ExceptHandler, caught: Sequence[cst.CSTNode]) -> cst.FlattenSentinel[cst.ExceptHandler]:
    """Return a clause that re-raises some classes of a handler, and below it the handler for the others.

    Args:
        handler: a handler of a tuple.
        caught: the elements of the tuple that are to be re-raised; several are tried as a tuple again.

    Raises:
        NoFixError: no class would be left, or the handler names no tuple.
    """
    narrowed = without_classes(handler, caught)
    errors = [element for element in caught if isinstance(element, cst.BaseExpression)]
    error = errors[0] if len(errors) == 1 else cst.Tuple([cst.Element(error) for error in errors])
    return clause_above(narrowed, error)


def without_classes(handler: cst.ExceptHandler, caught: Sequence[cst.CSTNode]) -> cst.ExceptHandler:
    """Return a handler of a tuple without some of its classes; a single one stands without parentheses.

    Args:
        handler: a handler of a tuple.
        caught: the elements that go.

    Raises:
        NoFixError: no class would be left, or the handler names no tuple.
    """
    if not isinstance(handler.type, cst.Tuple):
        raise NoFixError("the clause names no tuple of classes")
    left = [element for element in handler.type.elements if element.value not in caught]
    if not left or len(left) == len(handler.type.elements):
        raise NoFixError("no class of the clause would be left")
    if len(left) == 1 and not isinstance(left[0], cst.StarredElement):
        return handler.with_changes(type=left[0].value)
    if left[-1] is not handler.type.elements[-1]:
        last = closing(left[-1].comma, handler.type.elements[-1].comma) if len(left) > 1 else cst.Comma()
        left[-1] = left[-1].with_changes(comma=last)
    return handler.with_changes(type=handler.type.with_changes(elements=left))


def beside(node: cst.CSTNode, written: cst.BaseExpression, error: cst.BaseExpression) -> cst.CSTNode:
    """Return a handler, or a call of ``suppress``, that names one more class behind one of those it names.

    Args:
        node: the handler, or the call.
        written: the expression of the class that it names.
        error: the further class.
    """
    if isinstance(node, cst.Call):
        position = next(number for number, argument in enumerate(node.args) if argument.value is written)
        arguments = [argument.with_changes(comma=cst.MaybeSentinel.DEFAULT) for argument in node.args]
        return node.with_changes(args=[*arguments[: position + 1], cst.Arg(error), *arguments[position + 1 :]])
    handler = cst.ensure_type(node, cst.ExceptHandler)
    elements = handler.type.elements if isinstance(handler.type, cst.Tuple) else ()
    if not isinstance(handler.type, cst.Tuple) or len(elements) == 1:
        return handler.with_changes(type=cst.Tuple([cst.Element(written), cst.Element(error)]))
    position = next(number for number, element in enumerate(elements) if element.value is written)
    comma = elements[position].comma
    before = elements[0].comma if position == len(elements) - 1 else comma
    pair = [elements[position].with_changes(comma=before), cst.Element(error, comma=comma)]
    changed = [*elements[:position], *pair, *elements[position + 1 :]]
    return handler.with_changes(type=handler.type.with_changes(elements=changed))
