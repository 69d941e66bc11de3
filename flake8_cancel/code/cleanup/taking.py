"""What single statements take and give back: things made, pairs of methods, counters, entries of collections."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flake8_cancel.code.api import Facts
from flake8_cancel.code.tree import children, verb_of, walk
from flake8_cancel.code.verbs import TAKES_OUT, ends, ends_argument, is_exit, matches, opens, undoes, words

# The meaning of an expression without its place: equal keys are the same expression.
Key = tuple[object, ...]

MADE, METHOD, COUNT, ENTRY, FLAG = "made", "method", "count", "entry", "flag"

# What is taken by these is what they return, if anything is made of that.
_HAND_OUT = frozenset({"acquire", "checkout", "open"})
# What puts an entry into a collection; the entry is the first argument.
_PUTS = frozenset({"add", "append", "appendleft", "setdefault"})
# Reading from a collection takes nothing.
_LOOKS = frozenset({"get", "pop", "popleft", "popitem", "get_nowait", "setdefault"})
_LONGEST_SHOWN = 60
# Statements inside these are not the function's own.
_CLOSED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)


class Act(NamedTuple):
    """Something taken or given back by one statement.

    Attributes:
        form: MADE (a call's result is bound), METHOD (of a receiver), COUNT (``n += 1``), ENTRY (``d[k] = v``),
            FLAG (``self.busy = True``).
        node: the statement.
        thing: the bound name or attribute, the receiver, the counter, the collection; None for a plain function.
        verb: the called name.
        given: the arguments of the call, the amount, the key of the entry.
        call: the call.
        result: of a METHOD, what its result is bound to.
        awaited: whether the call is awaited.
    """

    form: str
    node: ast.stmt
    thing: Key | None
    verb: str = ""
    given: tuple[Key, ...] = ()
    call: ast.Call | None = None
    result: Key | None = None
    awaited: bool = False


def own_statements(body: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    """Yield the statements of a block and those inside them, in order, without those of nested functions."""
    waiting = list(body)[::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        if isinstance(node, _CLOSED):
            continue
        waiting.extend(reversed(children(node)))


@functools.lru_cache(maxsize=16)
def statements_of(function: ast.AsyncFunctionDef | ast.FunctionDef) -> tuple[ast.stmt, ...]:
    """Return the statements of a function, in order: many questions are asked of each."""
    return tuple(own_statements(function.body))


def key(node: object) -> Key:
    """Return the meaning of an expression apart from where it stands and whether it is read or written."""
    if not isinstance(node, ast.AST):
        return (type(node).__name__, node) if not isinstance(node, list) else tuple(map(key, node))
    parts = [key(getattr(node, field, None)) for field in node._fields if field != "ctx"]
    return (type(node).__name__, *parts)


def mentions(expression: ast.AST | None, thing: Key | None) -> bool:
    """Tell whether an expression, or a part of it, is a thing."""
    if expression is None or thing is None:
        return False
    return any(isinstance(node, ast.expr) and key(node) == thing for node in walk(expression))


def root(expression: ast.expr | None) -> str:
    """Return the name with which a chain of attributes, items and calls begins, or ""."""
    while isinstance(expression, (ast.Attribute, ast.Subscript, ast.Call, ast.Await)):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    return expression.id if isinstance(expression, ast.Name) else ""


def root_name(thing: Key | None) -> str:
    """Return the name with which a thing begins: ``self`` of ``self.pool``, ``super`` of ``super()``, or ""."""
    while thing and thing[0] in ("Attribute", "Subscript", "Call"):
        inner = thing[1]
        thing = inner if isinstance(inner, tuple) else None
    return str(thing[1][1]) if thing and thing[0] == "Name" else ""  # type: ignore[index]


def owners(thing: Key | None) -> Iterator[Key]:
    """Yield a thing and what it is an attribute or item of."""
    while thing:
        yield thing
        inner = thing[1] if thing[0] in ("Attribute", "Subscript") else None
        thing = inner if isinstance(inner, tuple) else None


@functools.lru_cache(maxsize=1_024)
def takings(statement: ast.stmt) -> tuple[Act, ...]:
    """Return what a simple statement takes."""
    return tuple(_takings(statement))


def _takings(statement: ast.stmt) -> Iterator[Act]:
    if isinstance(statement, ast.AugAssign):
        if isinstance(statement.op, ast.Add):
            yield Act(COUNT, statement, key(statement.target), given=(key(statement.value),))
        return
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    elif not isinstance(statement, ast.Expr):
        return
    call, awaited = _call(unless_there(statement.value, *targets))
    for target in targets:
        if isinstance(target, ast.Subscript):
            yield Act(ENTRY, statement, key(target.value), given=(key(target.slice),))
    if call is None:
        return
    for bound in _bound(targets):
        if awaited or verb_of(call) not in _LOOKS:
            yield Act(MADE, statement, key(bound), verb_of(call), _given(call), call, awaited=awaited)
    if isinstance(call.func, ast.Attribute):
        result = key(targets[0]) if targets else None
        receiver = key(call.func.value)
        if call.func.attr in _PUTS and not targets and call.args:
            yield Act(ENTRY, statement, receiver, call.func.attr, _given(call), call)
        else:
            yield Act(METHOD, statement, receiver, call.func.attr, _given(call), call, result, awaited)


@functools.lru_cache(maxsize=1_024)
def givings(statement: ast.stmt) -> tuple[Act, ...]:
    """Return what a simple statement may give back."""
    return tuple(_givings(statement))


def _givings(statement: ast.stmt) -> Iterator[Act]:
    if isinstance(statement, ast.AugAssign):
        if isinstance(statement.op, ast.Sub):
            yield Act(COUNT, statement, key(statement.target), given=(key(statement.value),))
    elif isinstance(statement, ast.Delete):
        for target in statement.targets:
            if isinstance(target, ast.Subscript):
                yield Act(ENTRY, statement, key(target.value), given=(key(target.slice),))
    elif isinstance(statement, ast.Expr):
        call, awaited = _call(statement.value)
        if call is not None:
            receiver = key(call.func.value) if isinstance(call.func, ast.Attribute) else None
            yield Act(METHOD, statement, receiver, verb_of(call), _given(call), call, awaited=awaited)


def unless_there(value: ast.expr | None, *targets: ast.expr) -> ast.expr | None:
    """Return what an expression makes if there is none yet, of ``given or await connect()``; of any other all of it.

    What is bound to the name that it is asked of lives longer than what makes it.
    """
    match value:
        case ast.BoolOp(op=ast.Or(), values=[*there, made]):
            kept = {key(target) for target in targets}
            is_plain = all(isinstance(one, (ast.Attribute, ast.Name)) and key(one) not in kept for one in there)
            return made if is_plain else value
    return value


def taken_out(statement: ast.stmt) -> Iterator[Act]:
    """Yield the entry that a statement takes out of an attribute, and binds or returns, whole or a part of it."""
    if not isinstance(statement, (ast.AnnAssign, ast.Assign, ast.Return)):
        return
    value = statement.value
    while isinstance(value, (ast.Attribute, ast.Await, ast.Subscript)):
        value = value.value
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Attribute() as collection, attr="pop"), args=[_, *_]):
            yield Act(METHOD, statement, key(collection), "pop", _given(value), value)


def raised_flag(statement: ast.stmt) -> Iterator[Act]:
    """Yield the flag of an object that a statement sets."""
    if _sets_flag(statement, True):
        assert isinstance(statement, ast.Assign)
        yield Act(FLAG, statement, key(statement.targets[0]))


def lowered_flag(statement: ast.stmt) -> Iterator[Act]:
    """Yield the flag of an object that a statement takes back."""
    if _sets_flag(statement, False):
        assert isinstance(statement, ast.Assign)
        yield Act(FLAG, statement, key(statement.targets[0]))


def gives_back(giving: Act, taking: Act, facts: Facts) -> bool:
    """Tell whether one act undoes another.

    Args:
        giving: what may give back.
        taking: what was taken.
        facts: the names of further cleanup calls.
    """
    if not {COUNT, FLAG}.isdisjoint({giving.form, taking.form}):
        return giving.form == taking.form and giving.thing == taking.thing and giving.given == taking.given
    if taking.form == ENTRY:
        takes_out = giving.form == ENTRY or giving.verb in TAKES_OUT
        return takes_out and giving.thing == taking.thing and giving.given[:1] == taking.given[:1] != ()
    if giving.form != METHOD:
        return False
    if taking.form == MADE:
        if giving.thing == taking.thing:
            return ends(giving.verb, facts)
        if calls_back(giving, taking):
            return undoes(giving.verb, facts)
        return taking.thing in giving.given and ends_argument(giving.verb, facts)
    if giving.thing != taking.thing or giving.thing is None:
        return False
    is_end = opens(taking.verb) and ends(giving.verb, facts) and not is_exit(giving.verb)
    if not is_end and not matches(taking.verb, giving.verb):
        return False
    if taking.result is not None and words(taking.verb)[0] in _HAND_OUT and taking.result not in giving.given:
        return False
    is_general = not giving.given or is_exit(giving.verb)
    return is_general or not {*taking.given, taking.result}.isdisjoint(giving.given)


def calls_back(giving: Act, taking: Act) -> bool:
    """Tell whether one act calls what another has made: ``unsubscribe = subscribe()``, ``unsubscribe()``."""
    if giving.call is None or giving.thing is not None or giving.given:
        return False
    return taking.form == MADE and key(giving.call.func) == taking.thing


def shown(act: Act) -> str:
    """Return an act as it is named in a message: ``conn.close()``, ``del self._jobs[key]``, ``self._busy -= 1``."""
    if act.call is None:
        return _short(ast.unparse(act.node))
    return _short(f"{ast.unparse(act.call.func)}({', '.join(map(ast.unparse, act.call.args))})")


def _short(text: str) -> str:
    if len(text) <= _LONGEST_SHOWN:
        return text
    head, bracket, _ = text.partition("(")
    return f"{head}(...)" if bracket and len(head) < _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def is_known_pair(giving: Act, taking: Act) -> bool:
    """Tell whether giving back needs no success: pairs of methods of one receiver, counters, entries."""
    return (taking.form != MADE and giving.form == taking.form) or (taking.form, giving.form) == (ENTRY, METHOD)


def _sets_flag(statement: ast.stmt, value: bool) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Attribute)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is value
    )


def _call(value: ast.expr | None) -> tuple[ast.Call | None, bool]:
    """Return the call that an expression is, seen through ``await`` and ``wait_for``, and whether it is awaited."""
    awaited = isinstance(value, ast.Await)
    if isinstance(value, ast.Await):
        value = value.value
        inner = value.args[0] if isinstance(value, ast.Call) and value.args else None
        if isinstance(value, ast.Call) and isinstance(inner, ast.Call) and verb_of(value) in ("wait_for", "shield"):
            value = inner
    return (value, awaited) if isinstance(value, ast.Call) else (None, False)


def _given(call: ast.Call) -> tuple[Key, ...]:
    return tuple(map(key, [*call.args, *(keyword.value for keyword in call.keywords)]))


def _bound(targets: list[ast.expr]) -> Iterator[ast.expr]:
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            yield from (part for part in target.elts if isinstance(part, (ast.Name, ast.Attribute)))
        elif isinstance(target, (ast.Name, ast.Attribute)):
            yield target
