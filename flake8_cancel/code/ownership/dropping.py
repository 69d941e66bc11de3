"""Whether the handle of a task is kept by anybody after the task was made."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import TASK_STARTERS
from flake8_cancel.code.cleanup.releases import after, ends_normally
from flake8_cancel.code.graph.evaluate import header, own_nodes
from flake8_cancel.code.graph.points import ASYNC_EXIT, STEP, SUSPEND, YIELD, State
from flake8_cancel.code.meaning.calls import is_called_loop
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import is_outer, named, of_types

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Through these a value goes as it is, alone or among others.
_CHOICES = (ast.BoolOp, ast.IfExp)
_DISPLAYS = (ast.List, ast.ListComp, ast.Set, ast.SetComp, ast.Tuple)
_PLACES = frozenset({SUSPEND, ASYNC_EXIT, YIELD})
# Within these calls tasks run while the function waits.
_RUN_THE_LOOP = frozenset({"run_forever", "run_until_complete"})
# With these a local may be read without its name.
_READ_ALL = frozenset({"builtins.eval", "builtins.exec", "builtins.locals", "builtins.vars"})


# Tells a fix not to say what a set holds: neither set nor Task can be subscripted before this Python.
UNANNOTATED = "unannotated"
_CAN_SUBSCRIPT = (3, 9)


class Dropped(NamedTuple):
    """A task, or several, whose handle is lost as soon as it was made.

    Attributes:
        statement: the statement that makes it.
        name: the local that nobody reads, "" where there is none.
    """

    statement: ast.Expr | ast.Assign | ast.AnnAssign
    name: str


_GATHER = "asyncio.gather"
_STARTING_WORDS = frozenset({name.rpartition(".")[2] for name in TASK_STARTERS} | {"create_task"})


def makes_task(module: Module, call: ast.Call) -> bool:
    """Tell whether a call certainly makes a task that nobody but its caller has a handle of: not one of a group."""
    # A method keeps its name, whatever it is a method of.
    if isinstance(call.func, ast.Attribute) and call.func.attr not in _STARTING_WORDS:
        return False
    if module.kind(call) is not Kind.TASK:
        return False
    if module.name(call.func) in TASK_STARTERS:
        # A future that is given to ensure_future() comes back as it is.
        return not call.args or module.kind(call.args[0]) in (None, Kind.COROUTINE)
    return isinstance(call.func, ast.Attribute) and call.func.attr == "create_task" and is_loop(module, call.func.value)


def gathers(module: Module, call: ast.Call) -> bool:
    """Tell whether ``gather`` is given what was called just for it, of which it makes tasks that nobody else has."""
    if module.name(call.func) != _GATHER:
        return False
    # Where no loop runs, what another file returns may be what its plain twin is given.
    runs = any(isinstance(around, ast.AsyncFunctionDef) for around in module.ancestors(call))
    kinds = (Kind.COROUTINE, None) if runs else (Kind.COROUTINE,)
    work = (one for argument in call.args for one in _given(module, argument))
    return any(isinstance(one, ast.Call) and module.kind(one) in kinds for one in work)


def _given(module: Module, argument: ast.expr) -> Iterator[ast.expr]:
    """Yield what an argument gives, of one with a star the elements that this function puts there."""
    if not isinstance(argument, ast.Starred):
        yield argument
        return
    collection = argument.value
    match module.value(collection):
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            yield element
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            yield from elements
    for call in module.calls("append"):
        if isinstance(call.func, ast.Attribute) and module.function(call) is module.function(argument):
            is_same = module.reference(call.func.value) == module.reference(collection) is not None
            yield from call.args if is_same else ()


def is_loop(module: Module, expression: ast.expr) -> bool:
    """Tell whether an expression is an event loop: what is called one is one, wherever it is from."""
    kind = module.kind(expression)
    return kind is Kind.LOOP or (kind is None and is_called_loop(expression))


def dropped(module: Module, call: ast.expr) -> Dropped | None:
    """Return how the result of a call is lost at once, None where it may be kept.

    A local keeps what it holds as long as its function is suspended. One that is never read loses it where the
    function ends without another suspension, or comes to the same statement again.

    Args:
        module: the module.
        call: what makes the task.
    """
    node: ast.AST = call
    for parent in module.ancestors(call):
        if isinstance(parent, ast.Expr):
            return Dropped(parent, "")
        if isinstance(parent, (ast.Assign, ast.AnnAssign)):
            return _dead_local(module, parent) if node is parent.value else None
        if isinstance(parent, ast.IfExp) and node is parent.test:
            return None
        if not isinstance(parent, _CHOICES + _DISPLAYS) or isinstance(node, ast.comprehension):
            return None
        node = parent
    return None


def dropped_by_caller(module: Module, call: ast.Call) -> ast.Call | None:
    """Return a call of the function that hands out a task as soon as it was made, where that call drops it at once.

    Args:
        module: the module.
        call: what makes the task.
    """
    function = module.function(call)
    if not isinstance(function, _FUNCTIONS) or function.decorator_list or not _is_handed_out(module, function, call):
        return None
    for use in module.uses(function):
        caller = module.parent(use)
        if not isinstance(caller, ast.Call) or module.definition(caller.func) is not function:
            continue
        result: ast.AST | None = caller
        if isinstance(function, ast.AsyncFunctionDef):
            waits = module.parent(caller)
            result = waits if isinstance(waits, ast.Await) else None
        if isinstance(result, ast.expr) and dropped(module, result) is not None:
            return caller
    return None


def _is_handed_out(module: Module, function: AnyFunction, call: ast.Call) -> bool:
    """Tell whether all that a function does with what a call gives is to return it."""
    statement = module.parent(call)
    match statement:
        case ast.Return():
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            reads = [node for node in named(function, name) if node is not statement.targets[0]]
            return bool(reads) and all(isinstance(module.parent(node), ast.Return) for node in reads)
    return False


def annotating(module: Module) -> tuple[str, ...]:
    """Return the words that tell a fix how to annotate a set of tasks at the target."""
    return () if module.facts.target >= _CAN_SUBSCRIPT else (UNANNOTATED,)


def _dead_local(module: Module, statement: ast.Assign | ast.AnnAssign) -> Dropped | None:
    function = module.function(statement)
    target, *others = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    if not isinstance(function, _FUNCTIONS) or others or not isinstance(target, ast.Name):
        return None
    if _stands_in_class(module, statement, function) or _is_read(module, function, target.id):
        return None
    return Dropped(statement, target.id) if _is_lost(module, function, statement) else None


def _stands_in_class(module: Module, statement: ast.stmt, function: AnyFunction) -> bool:
    for parent in module.ancestors(statement):
        if parent is function:
            return False
        if isinstance(parent, ast.ClassDef):
            return True
    return False


def _is_read(module: Module, function: AnyFunction, name: str) -> bool:
    """Tell whether a function, or one inside it, may read a name, or the name is not its own."""
    if any(not isinstance(node.ctx, ast.Store) for node in named(function, name)):
        return True
    if is_outer(function, name):
        return True
    return any(module.name(call.func) in _READ_ALL for call in of_types(function, (ast.Call,)))


def _is_lost(module: Module, function: AnyFunction, statement: ast.stmt) -> bool:
    flow = module.flow(function)
    if flow is None:
        return False
    behind = after(flow, statement)

    def is_again(state: State) -> bool:
        return state.point.kind == STEP and state.point.node is statement

    if flow.walk(behind, is_again):
        return True
    return flow.walk(behind, ends_normally, avoid=_lasts) is not None


def _lasts(state: State) -> bool:
    """Tell whether a function is not done here before other tasks had their turn: it suspends, or runs the loop."""
    point = state.point
    if point.kind in _PLACES:
        return True
    return point.kind == STEP and any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RUN_THE_LOOP
        for node in own_nodes(*header(point.node))
    )
