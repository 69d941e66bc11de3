"""What a function does with a task where an expression stands that holds it."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import HARMLESS_CALLS, LOGGING_VERBS
from flake8_cancel.code.meaning.scopes import COMPREHENSIONS
from flake8_cancel.code.meaning.values import SAME_ELEMENTS
from flake8_cancel.code.ownership.task_making import AS_COMPLETED, GATHER, WAIT
from flake8_cancel.code.tree import has_parameter, named, names_of, walk

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

LOOPS = (ast.For, ast.AsyncFor)
# Calls whose result holds what they were given, and methods that put something into a collection.
SAME = SAME_ELEMENTS | {"builtins.enumerate", "builtins.filter", "builtins.zip", "typing.cast"}
# A progress bar shows how far a loop is, and gives what it was given.
SAME |= {"rich.progress.track", "tqdm.asyncio.tqdm", "tqdm.auto.tqdm", "tqdm.tqdm"}
ADDS = frozenset({"add", "append", "appendleft", "extend", "insert", "setdefault", "update"})
# Through these a value goes as it is, alone or among others.
PASSING = (ast.Starred, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.BinOp, ast.BoolOp)

_LOOKING = (ast.Compare, ast.UnaryOp, ast.FormattedValue, ast.JoinedStr, ast.Delete, ast.Expr, ast.Assert)
_LOOK_CALLS = HARMLESS_CALLS | {"builtins.all", "builtins.any", "builtins.max", "builtins.min"}
_REMOVES = frozenset({"difference_update", "discard", "intersection_update", "remove"})
_TAKES = frozenset(
    """
    copy difference get intersection items keys pop popitem popleft symmetric_difference union values
    """.split()
)
_READS = frozenset({"exception", "result"})
_LOOKS = frozenset({"cancelled", "cancelling", "count", "done", "get_coro", "get_name", "index", "set_name"})


class Use(enum.Enum):
    """What becomes of a task where an expression that holds it stands."""

    LOOKS = "it is only looked at"
    MOVES = "another name of the function holds it too"
    AWAITS = "a cancellation reaches it, and then it is done"
    WATCHES = "it is waited for until it is done, but no cancellation reaches it"
    GLANCES = "it is waited for, but perhaps not until it is done"
    SHIELDS = "it is meant to run on"
    READS = "it is done, for its result is asked for"
    SETTLES = "it is cancelled or handed on, or may be"


def use(module: Module, expression: ast.expr, names: frozenset[str]) -> Use:
    """Return what becomes of a task where an expression stands that holds it.

    Args:
        module: the module.
        expression: a name that holds it, or the call that makes it.
        names: the names that hold it.
    """
    node: ast.AST = expression
    waits: Use | None = None
    for parent in module.ancestors(expression):
        if isinstance(parent, ast.Await):
            return waits or Use.AWAITS
        if isinstance(parent, ast.Attribute):
            answer = _of_method(module, parent, names)
            if answer is not None:
                return answer
        elif isinstance(parent, ast.Call):
            name = module.name(parent.func)
            if node is parent.func:
                pass
            elif name == WAIT:
                waits = Use.WATCHES if _is_full(parent) else Use.GLANCES
            elif name == "asyncio.shield":
                return Use.SHIELDS
            elif name not in SAME | {GATHER, AS_COMPLETED, "asyncio.wait_for"}:
                return _of_argument(module, parent, names)
        elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            return Use.MOVES if targets(parent) else Use.SETTLES
        elif isinstance(parent, ast.comprehension):
            if node is not parent.iter:
                return Use.LOOKS
            comprehension = module.parent(parent)
            if not _gives(module, comprehension, parent):
                return Use.MOVES
        elif isinstance(parent, LOOPS):
            return Use.MOVES
        elif isinstance(parent, (*_LOOKING, ast.If, ast.While)) or (
            isinstance(parent, ast.IfExp) and node is parent.test
        ):
            return Use.LOOKS
        elif isinstance(parent, ast.Subscript):
            if node is not parent.value:
                return Use.LOOKS
        elif not isinstance(parent, (*PASSING, *COMPREHENSIONS, ast.IfExp, ast.NamedExpr, ast.keyword)):
            return Use.SETTLES
        node = parent
    return Use.SETTLES


def _is_full(call: ast.Call) -> bool:
    """Tell whether a call of ``asyncio.wait`` waits until all is done: the first of one task is all of them."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    timeout = given.get("timeout")
    if None in given or (timeout is not None and not (isinstance(timeout, ast.Constant) and timeout.value is None)):
        return False
    waited = call.args[0] if call.args else None
    if isinstance(waited, (ast.List, ast.Set, ast.Tuple)) and len(waited.elts) == 1:
        return not isinstance(waited.elts[0], ast.Starred)
    return "return_when" not in given or ast.unparse(given["return_when"]).endswith("ALL_COMPLETED")


def _of_method(module: Module, attribute: ast.Attribute, names: frozenset[str]) -> Use | None:
    """Return what an attribute of a task or collection does, None where its call gives what is held."""
    call = module.parent(attribute)
    verb = attribute.attr
    if not isinstance(call, ast.Call) or call.func is not attribute:
        return Use.LOOKS if _is_forgetting(call, attribute) else Use.SETTLES
    if verb in _TAKES:
        return None
    if verb in _LOOKS or verb in ADDS or verb in _REMOVES:
        return Use.LOOKS
    if verb in _READS:
        return Use.READS
    if verb == "add_done_callback" and call.args and isinstance(call.args[0], ast.Attribute):
        holder = call.args[0].value
        is_own = isinstance(holder, ast.Name) and holder.id in names
        return Use.LOOKS if is_own and _is_forgetting(call, call.args[0]) else Use.SETTLES
    return Use.SETTLES


def _is_forgetting(call: ast.AST | None, attribute: ast.Attribute) -> bool:
    """Tell whether a collection only forgets its tasks when they are done: ``add_done_callback(tasks.discard)``."""
    if not isinstance(call, ast.Call) or attribute not in call.args or attribute.attr not in ("discard", "remove"):
        return False
    return isinstance(call.func, ast.Attribute) and call.func.attr == "add_done_callback"


def _of_argument(module: Module, call: ast.Call, names: frozenset[str]) -> Use:
    verb = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if module.name(call.func) in _LOOK_CALLS or verb in LOGGING_VERBS:
        return Use.LOOKS
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(receiver, ast.Name) and receiver.id in names:
        if verb in _LOOKS:
            return Use.LOOKS
        if verb in ADDS | _REMOVES | _TAKES:
            return Use.MOVES
    return Use.SETTLES


# --- which names hold a task ---------------------------------------------------------------------------------------


def names_in(module: Module, function: AnyFunction, names: frozenset[str]) -> list[ast.Name]:
    """Return where a function, or one inside it that has no such name of its own, reads some names."""
    return [
        node
        for name in sorted(names)
        for node in named(function, name)
        if isinstance(node.ctx, ast.Load) and not _is_of_inner(module, function, node)
    ]


def loop_of(module: Module, name: ast.Name) -> ast.For | ast.AsyncFor | ast.comprehension | None:
    """Return the loop around a name, in its function, of which it is the variable."""
    for parent in around(module, name):
        loops: list[ast.For | ast.AsyncFor | ast.comprehension] = []
        if isinstance(parent, COMPREHENSIONS):
            loops.extend(parent.generators)
        elif isinstance(parent, LOOPS):
            loops.append(parent)
        for loop in loops:
            if name.id in names_of(loop.target):
                return loop
    return None


def around(module: Module, node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands around a node in its function, from the inside out."""
    function = module.function(node)
    for parent in module.ancestors(node):
        if parent is function:
            return
        yield parent


def _is_of_inner(module: Module, function: AnyFunction, name: ast.Name) -> bool:
    """Tell whether a name belongs to a function inside a function, which binds it itself."""
    inner = module.function(name)
    while inner is not None and inner is not function:
        if has_parameter(inner, name.id):
            return True
        body = inner.body if isinstance(inner.body, list) else [inner.body]
        inside = [node for statement in body for node in walk(statement)]
        if any(isinstance(node, ast.Nonlocal) and name.id in node.names for node in inside):
            return False
        if any(
            isinstance(node, ast.Name) and node.id == name.id and isinstance(node.ctx, ast.Store) for node in inside
        ):
            return True
        inner = module.function(inner)
    return False


def targets(statement: ast.Assign | ast.AnnAssign | ast.AugAssign, part: ast.AST | None = None) -> frozenset[str]:
    """Return the names that an assignment gives its value, or a part of it, to; none where something else gets it."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names: set[str] = set()
    for target in targets:
        parts: list[ast.expr] = [target]
        if isinstance(target, (ast.Tuple, ast.List)):
            parts = list(target.elts)
            value = statement.value
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(parts) and part is not None:
                parts = [one for one, given in zip(parts, value.elts, strict=True) if part in set(walk(given))]
        for one in parts:
            one = one.value if isinstance(one, (ast.Starred, ast.Subscript)) else one
            if not isinstance(one, ast.Name):
                return frozenset()
            names.add(one.id)
    return frozenset(names)


def is_wait(module: Module, value: ast.expr) -> bool:
    call = value.value if isinstance(value, ast.Await) else None
    return isinstance(call, ast.Call) and module.name(call.func) == WAIT


def carries(module: Module, value: ast.expr, names: set[str] | frozenset[str]) -> bool:
    """Tell whether a value may be, or hold, what one of some names holds."""
    if names.isdisjoint(names_of(value)):
        return False
    return any(_moves(module, node, value) for node in walk(value) if isinstance(node, ast.Name) and node.id in names)


def _moves(module: Module, name: ast.Name, value: ast.expr) -> bool:
    """Tell whether what a name holds comes out of an expression around it."""
    node: ast.AST = name
    while node is not value:
        parent = module.parent(node)
        if isinstance(parent, ast.Attribute) and parent.attr in _TAKES:
            node = parent
            parent = module.parent(node)
            if not isinstance(parent, ast.Call) or parent.func is not node:
                return False
        elif isinstance(parent, ast.Call):
            if module.name(parent.func) not in SAME | {WAIT, AS_COMPLETED, GATHER} and not is_take(parent):
                return False
        elif isinstance(parent, ast.comprehension):
            comprehension = module.parent(parent)
            if node is not parent.iter or not _gives(module, comprehension, parent):
                return False
            node = parent
            parent = comprehension
        elif isinstance(parent, ast.Await):
            if not is_wait(module, parent):
                return False
        elif isinstance(parent, ast.IfExp):
            if node is parent.test:
                return False
        elif not isinstance(parent, (*PASSING, *COMPREHENSIONS, ast.Subscript, ast.NamedExpr)):
            return False
        assert parent is not None
        node = parent
    return True


def _gives(module: Module, comprehension: ast.AST | None, loop: ast.comprehension) -> bool:
    """Tell whether a comprehension gives what one of its loops runs over."""
    variables = {node.id for node in walk(loop.target) if isinstance(node, ast.Name)}
    given = [getattr(comprehension, field, None) for field in ("elt", "key", "value")]
    return any(part is not None and carries(module, part, variables) for part in given)


def is_take(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in _TAKES
