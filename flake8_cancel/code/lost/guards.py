"""What shows that code knows that something may fail: it asks first, or takes the error."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.api import SWALLOWING_MANAGERS, SWALLOWING_METHODS
from flake8_cancel.code.graph.errors import NO, Error, catches
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import TRIES, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_MISSING = Error("builtins.AttributeError")
_ASKING = frozenset({"builtins.hasattr", "builtins.getattr"})
_SETTING = frozenset({"builtins.setattr"})
_VERSIONS = ("sys.version_info", "sys.hexversion")
_JUMPS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# A constant that stands for a constant, and so on, is followed so far.
_DEEPEST = 5


def is_guarded(module: Module, use: ast.Attribute) -> bool:
    """Tell whether code that reads an attribute knows that it may be missing.

    It stands under a test of ``hasattr``, ``isinstance`` or Python's version, behind such a test that leaves, or where
    an AttributeError may be taken.
    """
    return is_told_apart(module, use.value, use.attr, at=use) or is_taken(module, use, _MISSING)


def is_told_apart(module: Module, thing: ast.expr, *attributes: str, at: ast.AST | None = None) -> bool:
    """Tell whether a place is only reached when a test of a thing, or of Python's version, came out in some way.

    Args:
        module: the module.
        thing: what ``isinstance`` asks about.
        attributes: what ``hasattr`` asks for.
        at: the place; the thing itself when left out.
    """
    child = at or thing
    for around in module.ancestors(child):
        if any(_asks(module, test, thing, attributes) for test in _tests(around, child)):
            return True
        child = around
    return False


def is_expected(module: Module, node: ast.AST, *errors: str) -> bool:
    """Tell whether a handler, or a manager that suppresses, names an error that a node raises.

    Args:
        module: the module.
        node: the node.
        errors: the qualified names of the error's class.
    """
    return any(name in errors for classes in _takers(module, node) for name in module.names(classes))


def is_taken(module: Module, node: ast.AST, error: Error) -> bool:
    """Tell whether a handler, or a manager that suppresses, may take an error that a node raises in its function.

    Args:
        module: the module.
        node: the node.
        error: the error.
    """
    return any(
        classes is None or catches(error, module.names(classes), module.bases) != NO
        for classes in _takers(module, node)
    )


def is_added(module: Module, use: ast.Attribute, owner: str) -> bool:
    """Tell whether this file gives things of a kind the attribute that is read.

    Args:
        module: the module.
        use: the attribute.
        owner: the qualified name of the class it should belong to.
    """
    kind = module.kind(use.value)
    for node in walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == use.attr:
            given: ast.expr = node.value
        elif isinstance(node, ast.Call) and len(node.args) == 3 and module.name(node.func) in _SETTING:
            if not _may_name(node.args[1], use.attr):
                continue
            given = node.args[0]
        else:
            continue
        if module.name(given) == owner or module.kind(given) is kind:
            return True
    return False


def _tests(around: ast.AST, child: ast.AST) -> Iterator[ast.expr]:
    """Yield the conditions on which a part of a node is run."""
    if isinstance(around, (ast.If, ast.IfExp, ast.While)) and child is not around.test:
        yield around.test
    elif isinstance(around, ast.BoolOp) and isinstance(child, ast.expr):
        yield from around.values[: around.values.index(child)]
    elif isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield from around.decorator_list
    for field in ("body", "orelse", "finalbody"):
        block = getattr(around, field, None)
        if not isinstance(block, list) or child not in block:
            continue
        for before in block[: block.index(child)]:
            if isinstance(before, ast.Assert) or (isinstance(before, ast.If) and _leaves(before)):
                yield before.test


def _leaves(branch: ast.If) -> bool:
    return any(isinstance(statement, _JUMPS) for statement in (*branch.body, *branch.orelse))


def _asks(module: Module, test: ast.expr, thing: ast.expr, wanted: Sequence[str], depth: int = 0) -> bool:
    for node in walk(test):
        if isinstance(node, ast.Call) and len(node.args) >= 2:
            name = module.name(node.func)
            if name in _ASKING and _may_name(node.args[1], *wanted):
                return True
            if name == "builtins.isinstance" and ast.dump(node.args[0]) == ast.dump(thing):
                return True
        if isinstance(node, (ast.Name, ast.Attribute)):
            if (module.name(node) or "").startswith(_VERSIONS):
                return True
            value = module.value(node)
            if value and value is not node and depth < _DEEPEST and _asks(module, value, thing, wanted, depth + 1):
                return True
    return False


def _may_name(expression: ast.expr, *attributes: str) -> bool:
    return not isinstance(expression, ast.Constant) or expression.value in attributes


def _takers(module: Module, node: ast.AST) -> Iterator[ast.expr | None]:
    """Yield the classes that handlers and managers of the function take around a node, None for a bare ``except``.

    Behind a task group an error is one of a group of errors, which these do not take.
    """
    child = node
    in_group = False
    for around in module.ancestors(node):
        if isinstance(around, _FUNCTIONS):
            return
        if isinstance(around, (ast.With, ast.AsyncWith)):
            managers = [item.context_expr for item in _entered_before(around, child)]
            for manager in managers if not in_group else ():
                yield from (None,) if _is_answered(module, around, manager) else _suppressed(module, manager)
            in_group = in_group or any(module.kind(manager) is Kind.TASK_GROUP for manager in managers)
        elif isinstance(around, TRIES) and child in around.body and (not in_group or not isinstance(around, ast.Try)):
            # What leaves a group's block is an ExceptionGroup: an `except*` alone takes what is inside it.
            yield from (handler.type for handler in around.handlers)
        elif isinstance(around, ast.Call) and child in around.args[1:]:
            # A test that says which error a call is to raise: assertRaises(TypeError, run, asyncio.wait(...)).
            yield from _suppressed(module, around)[:1]
        child = around


def _entered_before(statement: ast.With | ast.AsyncWith, child: ast.AST) -> list[ast.withitem]:
    """Return the items whose managers are entered when a part of the statement is run."""
    return statement.items[: statement.items.index(child)] if isinstance(child, ast.withitem) else statement.items


def _is_answered(module: Module, block: ast.With | ast.AsyncWith, manager: ast.expr) -> bool:
    """Tell whether a block calls its own manager: who is told there how it went is told of an error by leaving."""
    name = module.reference(manager)
    calls = (node for statement in block.body for node in walk(statement) if isinstance(node, ast.Call))
    return name is not None and any(module.reference(call.func) == name for call in calls)


def _suppressed(module: Module, manager: ast.expr) -> Sequence[ast.expr]:
    if not isinstance(manager, ast.Call):
        return ()
    swallows = isinstance(manager.func, ast.Attribute) and manager.func.attr in SWALLOWING_METHODS
    return manager.args if swallows or module.name(manager.func) in SWALLOWING_MANAGERS else ()
