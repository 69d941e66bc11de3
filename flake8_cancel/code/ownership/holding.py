"""The tasks that a function makes and holds by its own locals alone, and which locals these are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.meaning.scopes import COMPREHENSIONS
from flake8_cancel.code.ownership.task_making import AS_COMPLETED, GATHER, WAIT, makes, wraps
from flake8_cancel.code.ownership.task_uses import (
    ADDS,
    LOOPS,
    PASSING,
    SAME,
    Use,
    around,
    carries,
    is_take,
    is_wait,
    names_in,
    targets,
    use,
)
from flake8_cancel.code.tree import binds, has_parameter, is_outer, named, of_types, walk

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
# A statement or wait, the names that the tasks get there, and whether these hold more than one.
_Landing = tuple[ast.stmt | ast.Await, frozenset[str], bool]
_ASSIGNMENTS = (ast.AnnAssign, ast.Assign, ast.AugAssign, ast.NamedExpr)
_SPREADERS = (*_ASSIGNMENTS, *LOOPS, ast.comprehension, ast.Call)


class Hold(NamedTuple):
    """A task, or several of one place, that a function made and nobody else knows.

    Attributes:
        call: what makes it.
        place: the statement that makes it; where it goes straight to a wait or gather, the ``await`` or loop around it.
        names: the locals that hold it.
        done: the locals that hold what ``asyncio.wait`` found done.
        several: whether the names hold more than this one task.
    """

    call: ast.Call
    place: ast.stmt | ast.Await
    names: frozenset[str]
    done: frozenset[str]
    several: bool

    @property
    def is_iterated(self) -> bool:
        """Whether it goes straight to a loop over ``as_completed``."""
        return isinstance(self.place, LOOPS)


def holds(module: Module, function: AnyFunction) -> Iterator[Hold]:
    """Yield the tasks that a coroutine function makes and holds by its own locals.

    Args:
        module: the module.
        function: the function.
    """
    for call in module.task_makers(function):
        hold = _hold(module, function, call)
        if hold is not None:
            yield hold


def given_to(module: Module, hold: Hold) -> frozenset[str]:
    """Return the local names that the coroutine of a task was given, or that it uses as a nested function.

    Who ends what these hold may end the task.
    """
    function = module.function(hold.call)
    given = [name for one in (*hold.call.args, *hold.call.keywords) for name in walk(one)]
    for name in list(given):
        definition = module.definition(name) if isinstance(name, ast.Name) else None
        if definition is not None and module.function(definition) is function:
            given.extend(walk(definition))
    called = {one.func for one in given if isinstance(one, ast.Call)}
    return frozenset(
        one.id
        for one in given
        if isinstance(one, ast.Name)
        and one not in called
        and module.name(one) is None
        and module.definition(one) is None
    )


def _hold(module: Module, function: AnyFunction, call: ast.Call) -> Hold | None:
    landing = _landing(module, call)
    if landing is None:
        return None
    place, names, several = landing
    names, done = _spread(module, function, *_found_by(module, place, names))
    if any(not _is_own(module, function, name, names | done) for name in names):
        return None
    if any(module.function(node) is not function for node in names_in(module, function, names)):
        return None
    for node in names_in(module, function, names):
        found = use(module, node, names)
        if found is Use.SHIELDS or (found is Use.SETTLES and _is_given_a_callback(module, node)):
            return None
    shared = any(
        len(node.elts) > 1 and carries(module, node, names)
        for node in of_types(function, (ast.List, ast.Tuple, ast.Set))
        if isinstance(getattr(node, "ctx", None), (ast.Load, type(None)))
    )
    return Hold(call, place, names, done - names, several or shared)


def _is_given_a_callback(module: Module, task: ast.Name) -> bool:
    """Tell whether a callback looks after the end of a task, whoever is gone meanwhile."""
    method = module.parent(task)
    return isinstance(method, ast.Attribute) and method.attr == "add_done_callback"


# --- where a new task goes -------------------------------------------------------------------------------------------


def _landing(module: Module, call: ast.Call) -> _Landing | None:
    """Return the statement or wait that first has a new task, the names it gets, and whether there are more of them."""
    node: ast.AST = call
    several = any(isinstance(outer, (*LOOPS, ast.While)) for outer in around(module, call))
    waited = wraps(module, call)
    for parent in module.ancestors(call):
        if isinstance(parent, ast.Await):
            return (parent, frozenset(), True) if waited else None
        if isinstance(parent, LOOPS) and node is parent.iter:
            return (parent, frozenset(), True) if waited else None
        if isinstance(parent, ast.Call):
            name = module.name(parent.func)
            if name in (WAIT, AS_COMPLETED) and node in parent.args[:1]:
                waited = True
            elif name == GATHER and node in parent.args:
                several = waited = True
            elif name not in SAME or node not in parent.args:
                return _added(module, parent, node, several)
        elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            names = targets(parent, call)
            return (parent, names, several) if names else None
        elif isinstance(parent, COMPREHENSIONS):
            several = True
        elif isinstance(parent, _DISPLAYS):
            several = several or len(parent.values if isinstance(parent, ast.Dict) else parent.elts) > 1
        elif not isinstance(parent, (ast.IfExp, *PASSING)) or (isinstance(parent, ast.IfExp) and node is parent.test):
            return None
        node = parent
    return None


def _added(module: Module, call: ast.Call, given: ast.AST, several: bool) -> _Landing | None:
    """Return where a task goes that is put into a collection."""
    method, statement = call.func, module.parent(call)
    if not isinstance(method, ast.Attribute) or method.attr not in ADDS or not isinstance(statement, ast.Expr):
        return None
    if not isinstance(method.value, ast.Name) or given not in call.args:
        return None
    return statement, frozenset({method.value.id}), several


# --- which names hold it ---------------------------------------------------------------------------------------------


def _found_by(
    module: Module, place: ast.stmt | ast.Await, names: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that a task has at once, and those of what is done, where it goes straight to a wait."""
    statement = module.parent(place)
    if not isinstance(place, ast.Await) or not isinstance(statement, ast.Assign):
        return names, frozenset()
    pair = statement.targets[0]
    if not isinstance(pair, ast.Tuple) or len(pair.elts) != 2:
        return targets(statement), frozenset()
    return _names_of(pair.elts[1]), _names_of(pair.elts[0])


def _spread(
    module: Module, function: AnyFunction, names: frozenset[str], done_names: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return all names that a task may come to have from some of them, and all those of what is done."""
    found, done = set(names), set(done_names)
    size = -1
    while size < len(found) + len(done):
        size = len(found) + len(done)
        for node in _spreaders(module, function, found | done):
            if isinstance(node, _ASSIGNMENTS):
                _assigned(module, node, found, done)
            elif isinstance(node, (*LOOPS, ast.comprehension)):
                if carries(module, node.iter, found):
                    found |= _variables(module, node, found)
                elif carries(module, node.iter, done):
                    done |= _variables(module, node, done)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ADDS:
                receiver = node.func.value
                if isinstance(receiver, ast.Name) and any(carries(module, one, found) for one in node.args):
                    found.add(receiver.id)
    return frozenset(found), frozenset(done)


def _spreaders(module: Module, function: AnyFunction, names: set[str]) -> list[ast.AST]:
    """Return what may give the value of some names to others, in the order of the text."""
    found = {
        node
        for name in names
        for one in named(function, name)
        for node in around(module, one)
        if isinstance(node, _SPREADERS)
    }
    return [node for node in of_types(function, _SPREADERS) if node in found]


def _variables(module: Module, loop: ast.For | ast.AsyncFor | ast.comprehension, names: set[str]) -> frozenset[str]:
    """Return the variables of a loop that get what some names hold: with ``enumerate`` and ``zip`` not all of them."""
    match loop:
        case (
            ast.For(target=ast.Tuple(elts=parts), iter=ast.Call(func=function, args=given))
            | ast.comprehension(target=ast.Tuple(elts=parts), iter=ast.Call(func=function, args=given))
        ):
            if module.name(function) == "builtins.enumerate" and len(parts) == 2:
                return _names_of(parts[1])
            if module.name(function) == "builtins.zip" and len(parts) == len(given):
                pairs = zip(parts, given, strict=True)
                return frozenset[str]().union(*(_names_of(part) for part, one in pairs if carries(module, one, names)))
    return _names_of(loop.target)


def _assigned(
    module: Module,
    node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr,
    found: set[str],
    done: set[str],
) -> None:
    if node.value is None:
        return
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if is_wait(module, node.value) and isinstance(target, ast.Tuple) and len(target.elts) == 2:
        if carries(module, node.value, found):
            done |= _names_of(target.elts[0])
            found |= _names_of(target.elts[1])
    elif carries(module, node.value, found):
        found |= _names_of(target) if isinstance(node, ast.NamedExpr) else targets(node)
    elif carries(module, node.value, done):
        done |= _names_of(target) if isinstance(node, ast.NamedExpr) else targets(node)


def _names_of(target: ast.expr) -> frozenset[str]:
    return frozenset(one.id for one in walk(target) if isinstance(one, ast.Name))


def _is_own(module: Module, function: AnyFunction, name: str, known: frozenset[str]) -> bool:
    """Tell whether a name is a local that holds nothing but what the function itself made."""
    if has_parameter(function, name) or is_outer(function, name):
        return False
    if any(node.name == name for node in of_types(function, (ast.ExceptHandler,))):
        return False
    bound = [one for one in named(function, name) if isinstance(one.ctx, ast.Store)]
    for node in {parent for one in bound for parent in module.ancestors(one)}:
        if isinstance(node, ast.Assign) and any(binds(target, name) for target in node.targets):
            if not _is_fresh(module, node.value, known):
                return False
            continue
        if isinstance(node, ast.withitem) and node.optional_vars is not None and binds(node.optional_vars, name):
            return False
    return bool(bound)


def _is_fresh(module: Module, value: ast.expr, known: frozenset[str]) -> bool:
    """Tell whether a value is no collection or task that somebody else may have too."""
    value = value.value if isinstance(value, ast.Await) else value
    if isinstance(value, (ast.Name, ast.Subscript)):
        root = value.value if isinstance(value, ast.Subscript) else value
        return isinstance(root, ast.Name) and root.id in known
    if isinstance(value, (ast.IfExp, ast.BoolOp)):
        parts = value.values if isinstance(value, ast.BoolOp) else [value.body, value.orelse]
        return all(_is_fresh(module, part, known) for part in parts)
    if isinstance(value, ast.Call):
        name = module.name(value.func)
        return name in SAME | {WAIT, GATHER, AS_COMPLETED} or is_take(value) or makes(module, value)
    return not isinstance(value, ast.Attribute)
