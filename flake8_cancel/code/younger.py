"""Uses of what asyncio and contextlib got later than the oldest Python that the code must run on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import BEGAN, Version
from flake8_cancel.code.graph.errors import Error
from flake8_cancel.code.lost.guards import is_guarded, is_taken
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# When began what is asked for here.
YOUNGER: dict[str, Version] = {**BEGAN, "contextlib.aclosing": (3, 10)}
_METHODS = frozenset({"cancelling", "uncancel"})
_MISSING = Error("builtins.ImportError")
# What Task.cancel() and Future.cancel() take since this Python.
MESSAGE: Version = (3, 9)
_UNEXPECTED = Error("builtins.TypeError")
_ASKING = frozenset({"builtins.getattr", "builtins.hasattr"})
_CHECKING = frozenset({"typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"})


_LAST_WORDS = frozenset(name.rpartition(".")[2] for name in YOUNGER) | frozenset(_METHODS)


def began(name: str) -> Version | None:
    """Return the Python in which a qualified name began, None where every supported one has it."""
    return YOUNGER.get(name)


def younger_imports(module: Module, node: ast.ImportFrom) -> Iterator[tuple[ast.alias, str]]:
    """Yield the imported names that the target does not have, with their qualified names.

    Args:
        module: the module.
        node: the import.
    """
    for alias in node.names:
        name = f"{node.module}.{alias.name}"
        if node.level or not _is_younger(module, name) or _is_known(module, node, name):
            continue
        if not is_taken(module, node, _MISSING):
            yield alias, name


def younger_use(module: Module, use: ast.Attribute) -> str | None:
    """Return the qualified name of an attribute that the target does not have, None for every other one.

    Args:
        module: the module.
        use: the attribute, as it is read.
    """
    if use.attr not in _LAST_WORDS:
        return None
    name = module.name(use)
    if use.attr in _METHODS and module.kind(use.value) is Kind.TASK:
        name = f"asyncio.Task.{use.attr}"
    # A name that was imported from there is told where it is imported.
    if name is None or not name.endswith(f".{use.attr}") or not _is_younger(module, name):
        return None
    if _is_known(module, use, name) or is_guarded(module, use) or _is_only_annotation(module, use):
        return None
    return name


def gives_message(module: Module, call: ast.Call) -> bool:
    """Tell whether a task or a future is cancelled with a message that the target does not take.

    Args:
        module: the module.
        call: the call.
    """
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "cancel" or module.facts.target >= MESSAGE:
        return False
    if not (call.args or call.keywords) or module.kind(call.func.value) not in (Kind.TASK, Kind.FUTURE):
        return False
    knows = any(_asks(module, other, "cancel", MESSAGE) for other in walk(module.tree))
    return not knows and not is_taken(module, call, _UNEXPECTED)


def _is_younger(module: Module, name: str) -> bool:
    version = began(name)
    return version is not None and module.facts.target < version


def _is_known(module: Module, node: ast.AST, name: str) -> bool:
    """Tell whether the file knows that the name may be missing: it asks for it, or for the Python that has it."""
    if any(isinstance(around, ast.If) and module.name(around.test) in _CHECKING for around in module.ancestors(node)):
        return True
    word = name.rpartition(".")[2]
    return any(_asks(module, other, word, began(name) or (3, 0)) for other in walk(module.tree))


def _asks(module: Module, node: ast.AST, word: str, version: Version) -> bool:
    if isinstance(node, ast.Call) and module.name(node.func) in _ASKING and len(node.args) > 1:
        asked = node.args[1]
        return not isinstance(asked, ast.Constant) or asked.value == word
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == word:
        return True
    if not isinstance(node, ast.Compare):
        return False
    sides = [node.left, *node.comparators]
    if not any((module.name(_base(side)) or "").startswith("sys.version_info") for side in sides):
        return False
    return any(_reaches(side, version) for side in sides)


def _base(expression: ast.expr) -> ast.expr:
    return expression.value if isinstance(expression, ast.Subscript) else expression


def _reaches(side: ast.expr, version: Version) -> bool:
    """Tell whether a version that is compared with is that of a name, or a later one, or cannot be read."""
    if not isinstance(side, ast.Tuple):
        return isinstance(side, ast.Constant)
    numbers = [part.value for part in side.elts if isinstance(part, ast.Constant)]
    return len(numbers) < len(side.elts) or tuple(numbers[:2]) >= version


def _is_only_annotation(module: Module, use: ast.AST) -> bool:
    """Tell whether a name stands in an annotation that is never evaluated."""
    is_late = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in module.tree.body
    )
    child = use
    for around in module.ancestors(use):
        annotation = getattr(around, "returns", None) or getattr(around, "annotation", None)
        if annotation is child and isinstance(annotation, ast.expr):
            return is_late or (isinstance(around, ast.AnnAssign) and module.function(around) is not None)
        child = around
    return False
