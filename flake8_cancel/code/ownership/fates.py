"""What a file does with a task, under all the names it keeps it by: who waits for it, and who else may have it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import HARMLESS_CALLS, LOGGING_VERBS
from flake8_cancel.code.meaning.sources import PASSING_CALLS, TAKES, makes_own_task, sources
from flake8_cancel.code.tree import named, of_types, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_WAITS = frozenset({"asyncio.as_completed", "asyncio.gather", "asyncio.shield", "asyncio.wait", "asyncio.wait_for"})
# What is asked of a task, or told it, that lets nobody else have it.
_LOOKS = frozenset(
    """
    cancel cancelled cancelling done exception get_context get_coro get_loop get_name get_stack print_stack
    remove_done_callback result set_name uncancel
    """.split()
)
_ADDS = frozenset({"add", "append", "appendleft", "extend", "insert", "setdefault", "update"})
_REMOVES = frozenset({"clear", "difference_update", "discard", "intersection_update", "remove"})
_PASSING = (
    ast.BinOp,
    ast.BoolOp,
    ast.Dict,
    ast.GeneratorExp,
    ast.IfExp,
    ast.List,
    ast.ListComp,
    ast.NamedExpr,
    ast.Set,
    ast.SetComp,
    ast.Starred,
    ast.Tuple,
    ast.keyword,
)
_LOOKING = (
    ast.Assert,
    ast.AugAssign,
    ast.Compare,
    ast.Delete,
    ast.Expr,
    ast.FormattedValue,
    ast.If,
    ast.UnaryOp,
    ast.While,
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.For, ast.AsyncFor, ast.comprehension)


class Fate(NamedTuple):
    """What becomes of a task.

    Attributes:
        waits: the awaits, and the calls of ``gather``, ``wait`` and the like, that it is waited for by.
        shared: whether something else may have it, own it, or be told of its end.
        kept: the names, attributes and collections that hold it, as the text has them.
        made: the calls that make it.
    """

    waits: tuple[ast.expr, ...]
    shared: bool
    kept: frozenset[str]
    made: tuple[ast.Call, ...]


class _Keeper(NamedTuple):
    """A variable, attribute or collection that holds the task: its word, and the part of the file that knows it."""

    word: str
    around: ast.AST
    is_attribute: bool
    keys: frozenset[str]


def fate(module: Module, task: ast.expr) -> Fate:
    """Return what a file does with the task, or one of the tasks, that an expression stands for.

    Args:
        module: the module.
        task: a name, an attribute or an item of a collection.
    """
    search = _Search(module)
    search.keep(task)
    while search.waiting and not search.shared:
        search.look(search.waiting.pop())
    kept = frozenset(filter(None, map(module.reference, search.holding)))
    return Fate(tuple(search.waits), search.shared, kept, tuple(search.made))


class _Search:
    """A search for everything that holds a task, one keeper after the other."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.waits: list[ast.expr] = []
        self.shared = False
        self.holding: list[ast.expr] = []
        self.made: list[ast.Call] = []
        self.waiting: list[_Keeper] = []
        self._seen: set[_Keeper] = set()

    def keep(self, expression: ast.expr) -> None:
        """Note that an expression holds the task, or is a collection that does."""
        while isinstance(expression, (ast.Starred, ast.Subscript)):
            expression = expression.value
        if isinstance(expression, (ast.Tuple, ast.List)):
            for part in expression.elts:
                self.keep(part)
            return
        keeper = _keeper(self.module, expression)
        if keeper is None:
            self.shared = True
        elif keeper not in self._seen:
            self._seen.add(keeper)
            self.waiting.append(keeper)
            self.holding.append(expression)

    def look(self, keeper: _Keeper) -> None:
        """Go through the places where a keeper is read or gets its value."""
        found: Iterable[ast.Attribute | ast.Name]
        if keeper.is_attribute:
            attributes = of_types(keeper.around, (ast.Attribute,))
            found = (one for one in attributes if one.attr == keeper.word and not self._is_other(one, keeper))
        else:
            found = named(keeper.around, keeper.word)
            if any(node.arg == keeper.word for node in of_types(keeper.around, (ast.arg,))):
                # What is given for it is not looked for.
                self.shared = True
        for node in found:
            if isinstance(node.ctx, ast.Load):
                self._use(node)
            elif isinstance(node.ctx, ast.Store):
                self._binding(node)

    def _is_other(self, attribute: ast.Attribute, keeper: _Keeper) -> bool:
        """Tell whether an attribute of the same name belongs to another class of this file."""
        keys = _keys(self.module, attribute)
        classes = [{key for key in one if key.startswith("<")} for one in (keys, keeper.keys)]
        return all(classes) and not classes[0] & classes[1]

    # --- where it goes ----------------------------------------------------------------------------------------------

    def _use(self, node: ast.AST) -> None:
        """Follow a value from where it is read to where it ends up."""
        while True:
            parent = self.module.parent(node)
            if isinstance(parent, ast.Await):
                self.waits.append(parent)
                return
            if isinstance(parent, ast.Attribute):
                taken = self._method(parent)
                if taken is None:
                    return
                node = taken
            elif isinstance(parent, ast.Call):
                if not self._argument(parent, node):
                    return
                node = parent
            elif isinstance(parent, ast.Subscript):
                if node is not parent.value or isinstance(parent.ctx, ast.Del):
                    return
                if isinstance(parent.ctx, ast.Store):
                    self._binding(parent)
                    return
                node = parent
            elif isinstance(parent, _LOOPS):
                self.keep_targets(parent.target)
                return
            elif isinstance(parent, (ast.Assign, ast.AnnAssign)):
                for target in parent.targets if isinstance(parent, ast.Assign) else [parent.target]:
                    self.keep(target)
                return
            elif isinstance(parent, _PASSING):
                if isinstance(parent, ast.IfExp) and node is parent.test:
                    return
                if isinstance(parent, ast.NamedExpr):
                    self.keep(parent.target)
                node = parent
            else:
                self.shared = self.shared or not isinstance(parent, _LOOKING)
                return

    def keep_targets(self, target: ast.expr) -> None:
        """Note the variables of a loop over what holds the task."""
        for node in walk(target):
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
                self.keep(node)

    def _method(self, attribute: ast.Attribute) -> ast.expr | None:
        """Return the call that takes the task out of a collection, None where an attribute only looks or changes."""
        call = self.module.parent(attribute)
        if attribute.attr in _ADDS and isinstance(call, ast.Call):
            for argument in call.args:
                self._origin(argument)
        if attribute.attr in _LOOKS | _ADDS | _REMOVES:
            return None
        if isinstance(call, ast.Call) and call.func is attribute:
            if attribute.attr in TAKES:
                return call
            told = call.args[0] if call.args else None
            if attribute.attr == "add_done_callback" and isinstance(told, ast.Attribute) and told.attr in _REMOVES:
                return None
        self.shared = True
        return None

    def _argument(self, call: ast.Call, node: ast.AST) -> bool:
        """Tell whether a call gives what it is given, and note what else it does with it."""
        name = self.module.name(call.func)
        if node is call.func:
            # A method was called by a name of its own.
            self.shared = True
            return False
        if name in _WAITS:
            self.waits.append(call)
            return False
        if name in PASSING_CALLS:
            return True
        verb = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if verb in _ADDS and isinstance(call.func, ast.Attribute):
            self.keep(call.func.value)
        elif verb not in _REMOVES | LOGGING_VERBS and name not in HARMLESS_CALLS:
            self.shared = True
        return False

    # --- where it comes from -----------------------------------------------------------------------------------------

    def _binding(self, name: ast.Name | ast.Attribute | ast.Subscript) -> None:
        """Follow a value from where it gets its name to where it was kept before."""
        parent: ast.AST | None = name
        while isinstance(parent, (ast.Name, ast.Attribute, ast.Subscript, ast.Tuple, ast.List, ast.Starred)):
            parent = self.module.parent(parent)
        if isinstance(parent, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            if parent.value is not None:
                self._origin(parent.value)
            if isinstance(parent, ast.Assign) and len(parent.targets) > 1:
                for target in parent.targets:
                    self.keep(target)
        elif isinstance(parent, _LOOPS):
            self._origin(parent.iter)
        else:
            self.shared = True

    def _origin(self, value: ast.expr) -> None:
        for node in sources(self.module, value):
            if isinstance(node, ast.Call):
                self.shared = self.shared or not makes_own_task(self.module, node)
                self.made.append(node)
            else:
                self.keep(node)


def _keeper(module: Module, expression: ast.expr) -> _Keeper | None:
    if isinstance(expression, ast.Attribute):
        return _Keeper(expression.attr, module.tree, True, _keys(module, expression))
    if not isinstance(expression, ast.Name):
        return None
    around: ast.AST = module.tree
    for parent in module.ancestors(expression):
        if isinstance(parent, _FUNCTIONS) and _binds(parent, expression.id):
            around = parent
    return _Keeper(expression.id, around, False, frozenset())


def _binds(function: ast.AST, name: str) -> bool:
    bound = any(not isinstance(node.ctx, ast.Load) for node in named(function, name))
    return bound or any(node.arg == name for node in of_types(function, (ast.arg,)))


def _keys(module: Module, expression: ast.expr) -> frozenset[str]:
    return frozenset().union(*(module.awaited(expression) or ()))
