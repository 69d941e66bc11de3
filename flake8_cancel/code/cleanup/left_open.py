"""Loops that leave an async generator of this file open: what it holds is given back later, in another task."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.handing_over import reachable_yields
from flake8_cancel.code.cleanup.releases import is_end, statement_states
from flake8_cancel.code.cleanup.taking import METHOD, Act, givings, own_statements
from flake8_cancel.code.graph import managers
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.interrupted import interruptible
from flake8_cancel.code.graph.points import SUSPEND, State
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import TRIES, children, named, walk
from flake8_cancel.code.verbs import ends, ends_argument, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_WAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)
# Leaving these gives nothing back.
_HOLDS_NOTHING = frozenset({"contextlib.nullcontext", "contextlib.suppress", "pytest.raises"})
_TAKES_EXIT = frozenset({None, "builtins.BaseException", "builtins.GeneratorExit"})
_LOCKS = frozenset({Kind.LOCK, Kind.SEMAPHORE, Kind.CONDITION})
_SCOPES = frozenset({Kind.TASK_GROUP, Kind.TIMEOUT})
_LOCK_WORDS = frozenset({"lock", "mutex", "rlock", "sem", "semaphore"})
_TRANSACTION_WORDS = frozenset({"atomic", "begin", "transaction"})


class Held(NamedTuple):
    """What a generator holds while it hands over.

    Attributes:
        handed_over: the ``yield``.
        is_urgent: whether others wait for it, or giving it back waits itself: then it matters as well that the task
            which gives it back is not the one that is cancelled.
        is_own: whether closing the generator gives something back, and not only a generator that it loops over.
    """

    handed_over: ast.AST
    is_urgent: bool
    is_own: bool


class LeftOpen(NamedTuple):
    """A loop that leaves its generator open.

    Attributes:
        call: the call of the generator function.
        handed_over: the ``yield`` at which the generator stays.
        place: the jump that leaves the loop, or the suspension point in its body that may be cancelled.
        is_left: whether it is a jump.
        is_own: whether it helps to close the generator: what it holds is not held by another that it loops over.
    """

    call: ast.Call
    handed_over: ast.AST
    place: ast.AST
    is_left: bool
    is_own: bool


def left_open(module: Module, loop: ast.AsyncFor) -> LeftOpen | None:
    """Return how a loop leaves the async generator open that is called for it, None where it does not.

    Args:
        module: the module.
        loop: the loop.
    """
    function, call = module.function(loop), _call(module, loop)
    if not isinstance(function, ast.AsyncFunctionDef) or call is None:
        return None
    generator = _generator(module, call)
    found = list(_held(module, generator, frozenset())) if generator else []
    flow = module.flow(function) if found else None
    if flow is None:
        return None
    is_own = all(held.is_own for held in found)
    jump = next((node for node in _jumps(module, loop) if statement_states(flow, node)), None)
    if jump is not None:
        return LeftOpen(call, found[0].handed_over, jump, True, is_own)
    urgent = next((held for held in found if held.is_urgent), None)
    place = _cancelled_in(module, flow, loop) if urgent else None
    return LeftOpen(call, urgent.handed_over, place, False, is_own) if urgent and place else None


def _call(module: Module, loop: ast.AsyncFor) -> ast.Call | None:
    """Return the call of what a loop goes over, also where it has a name that nobody else can go on with."""
    if not isinstance(loop.iter, ast.Name):
        return loop.iter if isinstance(loop.iter, ast.Call) else None
    function, call = module.function(loop), module.value(loop.iter)
    if not isinstance(call, ast.Call) or function is None or module.function(call) is not function:
        return None
    around = [node for node in module.ancestors(loop) if isinstance(node, _LOOPS)]
    if any(node not in module.ancestors(call) for node in around):
        return None
    others = (
        name for name in named(function, loop.iter.id) if isinstance(name.ctx, ast.Load) and name is not loop.iter
    )
    return call if all(_takes_one_before(module, name, loop) for name in others) else None


def _takes_one_before(module: Module, name: ast.Name, loop: ast.AsyncFor) -> bool:
    """Tell whether a generator is only asked for an item here, before a loop goes over it: ``await anext(name)``."""
    call = module.parent(name)
    if not isinstance(call, ast.Call) or name not in call.args or module.name(call.func) != "builtins.anext":
        return False
    return isinstance(module.parent(call), ast.Await) and name.lineno < loop.lineno


def holds_nothing(module: Module, expression: ast.expr) -> bool:
    """Tell whether an expression calls an async generator of this file that has nothing to give back when it is closed.

    Args:
        module: the module.
        expression: what makes the generator.
    """
    generator = _generator(module, expression)
    return generator is not None and not any(_held(module, generator, frozenset()))


def _generator(module: Module, expression: ast.expr) -> ast.AsyncFunctionDef | None:
    """Return the async generator function of this file that an expression calls."""
    if not isinstance(expression, ast.Call):
        return None
    function = module.called(expression)
    is_generator = isinstance(function, ast.AsyncFunctionDef) and module.is_plain(function) and module.yields(function)
    return function if is_generator and isinstance(function, ast.AsyncFunctionDef) else None


def _held(
    module: Module, generator: ast.FunctionDef | ast.AsyncFunctionDef, seen: frozenset[ast.AST]
) -> Iterator[Held]:
    """Yield what a generator function holds at each ``yield`` that can be reached."""
    flow = module.flow(generator)
    reached = {state.point.node for state in reachable_yields(flow)} if flow else set()
    for handed_over in module.yields(generator):
        if handed_over not in reached:
            continue
        found = list(_held_at(module, handed_over, seen | {generator}))
        inner = list(_held_by_inner(module, handed_over, seen | {generator}))
        if found or inner:
            yield Held(handed_over, any((*found, *inner)), not inner)


def _held_by_inner(module: Module, handed_over: ast.AST, seen: frozenset[ast.AST]) -> Iterator[bool]:
    """Yield whether it is urgent what the generators hold that a generator loops over where it hands over."""
    child = handed_over
    for around in module.ancestors(handed_over):
        if isinstance(around, _FUNCTIONS):
            return
        if isinstance(around, ast.AsyncFor) and child in around.body:
            inner = _generator(module, around.iter)
            if inner is not None and inner not in seen:
                yield from (held.is_urgent for held in _held(module, inner, seen))
        child = around


def _held_at(module: Module, handed_over: ast.AST, seen: frozenset[ast.AST]) -> Iterator[bool]:
    """Yield for everything that is given back when a ``yield`` raises GeneratorExit whether it is urgent."""
    child = handed_over
    for around in module.ancestors(handed_over):
        if isinstance(around, _FUNCTIONS):
            return
        if isinstance(around, TRIES):
            blocks: list[Sequence[ast.stmt]] = [] if child in around.finalbody else [around.finalbody]
            if child in around.body:
                blocks += [handler.body for handler in around.handlers if _takes_exit(module, handler)]
            for block in blocks:
                yield from _cleanups(module, block)
        elif isinstance(around, (ast.With, ast.AsyncWith)) and child in around.body:
            for item in around.items:
                yield from _given_back_by(module, item, seen)
        child = around


def _cleanups(module: Module, block: Sequence[ast.stmt]) -> Iterator[bool]:
    waits = any(isinstance(node, _WAITS) for statement in own_statements(block) for node in _own(statement))
    if waits:
        yield True
    elif any(_gives_back(module, statement) for statement in own_statements(block)):
        yield False


def _own(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield a statement and the expressions in it, without nested statements and functions."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for child in children(node) if not isinstance(child, (ast.stmt, *_FUNCTIONS))]


def _gives_back(module: Module, statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
        # A flag that tells others that the generator is at work.
        return any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in statement.targets)
    return any(
        act.form != METHOD
        or (ends(act.verb, module.facts) and not _stops_waiting(module, act))
        or (bool(act.given) and ends_argument(act.verb, module.facts))
        for act in givings(statement)
    )


def _stops_waiting(module: Module, act: Act) -> bool:
    """Tell whether a generator only cancels a task of its own that waits for something to happen: late is no harm."""
    task = act.call.func.value if act.call and isinstance(act.call.func, ast.Attribute) else None
    made = module.value(task) if act.verb == "cancel" and isinstance(task, ast.Name) else None
    job = made.args[0] if isinstance(made, ast.Call) and made.args else None
    event = job.func if isinstance(job, ast.Call) and isinstance(job.func, ast.Attribute) else None
    return event is not None and event.attr == "wait" and module.kind(event.value) is Kind.EVENT


def _takes_exit(module: Module, handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(name in _TAKES_EXIT for name in module.names(handler.type) if name)


def _given_back_by(module: Module, item: ast.withitem, seen: frozenset[ast.AST]) -> Iterator[bool]:
    """Yield whether it is urgent what leaving an item gives back, nothing where it gives nothing back.

    A timeout or a task group around a ``yield`` is a mistake of its own.
    """
    expression = item.context_expr
    maker = expression.func if isinstance(expression, ast.Call) else expression
    if module.name(maker) in _HOLDS_NOTHING or managers.scope(module, item) or module.kind(expression) in _SCOPES:
        return
    own = managers.own_manager(module, item)
    if own is not None and own.generator is not None:
        if own.generator not in seen:
            yield from (held.is_urgent for held in _held(module, own.generator, seen))
    elif own is not None and own.leave is not None:
        yield from _cleanups(module, own.leave.body)
    else:
        yield _is_urgent(module, expression, maker)


def _is_urgent(module: Module, expression: ast.expr, maker: ast.expr) -> bool:
    if module.kind(expression) in _LOCKS:
        return True
    last = words(maker.attr if isinstance(maker, ast.Attribute) else getattr(maker, "id", ""))[-1:]
    return bool(last) and last[0].lower() in (_TRANSACTION_WORDS if maker is not expression else _LOCK_WORDS)


def _jumps(module: Module, loop: ast.AsyncFor) -> Iterator[ast.stmt]:
    """Yield the statements that leave a loop before its end."""
    for statement in own_statements(loop.body):
        if isinstance(statement, ast.Return) or (
            isinstance(statement, ast.Break) and _loop_around(module, statement) is loop
        ):
            yield statement


def _loop_around(module: Module, jump: ast.stmt) -> ast.AST | None:
    """Return the loop that a ``break`` ends."""
    child: ast.AST = jump
    for around in module.ancestors(jump):
        if isinstance(around, _LOOPS) and child in around.body:
            return around
        child = around
    return None


def _cancelled_in(module: Module, flow: Flow, loop: ast.AsyncFor) -> ast.AST | None:
    """Return a suspension point in a loop's body from which a cancellation leaves the function."""
    inside = {node for statement in loop.body for node in walk(statement)}

    def turns(state: State) -> bool:
        return state.point.kind == SUSPEND and state.point.node is loop

    waits = interruptible(module, flow.suspensions(lambda point: point.node in inside))
    for state, cancelled in flow.cancelled(waits):
        if flow.walk([cancelled], is_end, avoid=turns) is not None:
            return state.point.node
    return None
