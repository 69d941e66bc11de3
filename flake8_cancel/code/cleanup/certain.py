"""Which pairs of taking and giving back are a function's own business for certain."""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.contradicting import exclude_each_other
from flake8_cancel.code.cleanup.dying import dies_with_object, dies_with_process
from flake8_cancel.code.cleanup.entries import is_taken_up_again
from flake8_cancel.code.cleanup.escapes import escapes
from flake8_cancel.code.cleanup.harmless import is_harmless, is_look, makers
from flake8_cancel.code.cleanup.reentry import is_guard
from flake8_cancel.code.cleanup.taking import (
    COUNT,
    ENTRY,
    FLAG,
    MADE,
    METHOD,
    Act,
    Key,
    calls_back,
    key,
    root,
    statements_of,
    takings,
    unless_there,
)
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import binds, has_parameter, is_outer, of_types, verb_of, walk
from flake8_cancel.code.verbs import is_exit, matches, opens, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Tasks and processes have rules of their own.
_OTHER_KINDS = frozenset(
    {Kind.TASK, Kind.FUTURE, Kind.GATHER, Kind.SHIELD, Kind.PROCESS, Kind.TIMER_HANDLE, Kind.HANDLE}
)
_PROCESS_MAKERS = frozenset({"asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"})
# What these make stays on the disk until it is removed.
_TEMPORARY = frozenset({"tempfile.mkdtemp", "tempfile.mkstemp"})
_REMOVES = frozenset({"remove", "removedirs", "rmdir", "rmtree", "unlink"})
_PUTS_BACK = frozenset({"put", "put_nowait"})


def is_shielded(module: Module, node: ast.AST) -> bool:
    """Tell whether a node stands in a scope of anyio that lets no cancellation in, or in one that is named after it."""
    calls = [
        item.context_expr
        for parent in module.ancestors(node)
        if isinstance(parent, (ast.With, ast.AsyncWith))
        for item in parent.items
        if isinstance(item.context_expr, ast.Call)
    ]
    if any(keyword.arg == "shield" for call in calls for keyword in call.keywords):
        return True
    makers = (part for call in calls for part in walk(call.func))
    return any("shield" in str(getattr(part, "attr", getattr(part, "id", ""))).lower() for part in makers)


def is_certain(module: Module, function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    """Tell whether a function surely takes something of its own, and gives just that back.

    Args:
        module: the module.
        function: the coroutine function around both.
        taking: what takes.
        giving: what gives back.
    """
    # The function's own text first: the rest takes a model of the file, and most pairs are none.
    if not _fit_together(function, taking, giving):
        return False
    if exclude_each_other(module, taking.node, giving.node):
        return False
    if is_harmless(module, function, taking, giving) or dies_with_process(module, function, taking, giving):
        return False
    if dies_with_object(module, function, taking) or is_taken_up_again(module, function, taking):
        return False
    if taking.form == MADE:
        return _is_made(module, function, taking, giving)
    if taking.form == FLAG:
        return is_guard(module, function, taking)
    if taking.form in (COUNT, ENTRY):
        return True
    if isinstance(thing := _expression(taking), ast.Name):
        return not escapes(module, function, thing.id)
    return root(thing) != "self" or not given_elsewhere(module, function, taking, giving)


def _fit_together(function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    """Tell whether the text of a function alone lets it take something of its own, and give just that back."""
    # A rollback to something is an operation of its own.
    if giving.form == METHOD and words(giving.verb)[:1] == ("rollback",) and giving.given:
        return False
    if taking.form == MADE:
        return _is_bound_here(function, taking, giving)
    thing = _expression(taking)
    name = thing.id if isinstance(thing, ast.Name) else ""
    if taking.form == ENTRY and name and has_parameter(function, name):
        # It may be the caller's alone, and end with this call.
        return False
    if taking.form in (COUNT, ENTRY):
        return not (name and _is_local(function, name))
    return taking.form == FLAG or _is_pair(function, taking, giving, name)


def is_new(module: Module, function: ast.AsyncFunctionDef, taking: Act) -> bool:
    """Tell whether what is made was not there before, and is open as soon as it is made.

    Args:
        module: the module.
        function: the coroutine function.
        taking: what makes it.
    """
    if has_rules_of_its_own(module, taking):
        return False
    has_alias = isinstance(taking.node, ast.Assign) and len(taking.node.targets) > 1
    return taking.awaited or not (has_alias or is_look(taking.verb) or _is_opened(function, taking))


def has_rules_of_its_own(module: Module, taking: Act) -> bool:
    """Tell whether what is made is a task or a process.

    Args:
        module: the module.
        taking: what makes it.
    """
    if taking.call is not None and module.name(taking.call.func) in _PROCESS_MAKERS:
        return True
    return module.kind(_value(taking.node)) in _OTHER_KINDS


def is_lock_pair(taking: Act, giving: Act) -> bool:
    """Tell whether something is awaited to be acquired, and released at once, as only locks and semaphores are."""
    if taking.form != METHOD or giving.form != METHOD or taking.thing != giving.thing:
        return False
    is_taken = taking.verb == "acquire" and taking.awaited and taking.result is None
    return is_taken and giving.verb == "release" and not giving.awaited and not giving.given


def _is_bound_here(function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    name = _name(taking.thing)
    if not name or not _is_local(function, name) or taking.call is None or "cancel" in words(giving.verb):
        return False
    is_open = taking.awaited and opens(taking.verb)
    if giving.thing == taking.thing and not is_open and _is_opened(function, taking):
        return False
    return _only_made(function, name)


def _is_made(module: Module, function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    if taking.call is None or has_rules_of_its_own(module, taking):
        return False
    if is_look(taking.verb) and not taking.awaited and not _is_listed(module, taking.call):
        return False
    if giving.thing != taking.thing and not (
        calls_back(giving, taking) or _takes_back(module, function, taking, giving)
    ):
        return False
    return not escapes(module, function, _name(taking.thing))


def _is_listed(module: Module, call: ast.Call) -> bool:
    """Tell whether the user named a call as one that makes something to be released."""
    name = module.name(call.func)
    verb = verb_of(call)
    makers = module.facts.resource_makers
    return name in makers or any(maker.rpartition(".")[2] == verb for maker in makers)


def _takes_back(module: Module, function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    """Tell whether what made a thing takes it back: ``pool.acquire()`` and ``pool.release(thing)``."""
    if giving.given[:1] != (taking.thing,) or "cancel" in words(giving.verb):
        return False
    assert taking.call is not None
    if module.name(taking.call.func) in _TEMPORARY:
        return giving.verb in _REMOVES
    lender = taking.call.func.value if isinstance(taking.call.func, ast.Attribute) else None
    if taking.verb == "get" and giving.verb in _PUTS_BACK:
        # A queue is a pool where what was taken out is put back.
        return giving.thing == key(lender)
    if not _is_same_all_along(function, taking, taking.thing):
        return False
    return matches(taking.verb, giving.verb) or (
        len(giving.given) == 1
        and taking.awaited
        and words(giving.verb)[0] in ("aclose", "close", "disconnect", "release")
    )


def _is_same_all_along(function: ast.AsyncFunctionDef, taking: Act, thing: Key | None) -> bool:
    """Tell whether what was got is put back as it was: not what was read and is written back changed."""
    if taking.call is None or words(taking.verb)[:1] != ("get",):
        return True
    made = [one.func if isinstance(one, ast.Call) else None for one in makers(function, _name(thing))]
    return all(one is not None and key(one) == key(taking.call.func) for one in made)


def _is_opened(function: ast.AsyncFunctionDef, taking: Act) -> bool:
    """Tell whether a method of the thing opens it: before that there is nothing to be given back."""
    return any(
        act.form == METHOD and act.thing == taking.thing and opens(act.verb)
        for node in statements_of(function)
        for act in takings(node)
    )


def _value(statement: ast.stmt) -> ast.expr | None:
    value = getattr(statement, "value", None)
    return value if isinstance(value, ast.expr) else None


def _is_pair(function: ast.AsyncFunctionDef, taking: Act, giving: Act, name: str) -> bool:
    if is_lock_pair(taking, giving):
        return False
    if taking.result is not None and taking.result not in giving.given and not is_exit(giving.verb):
        return False
    if not _is_same_all_along(function, taking, taking.result):
        return False
    if name and _is_local(function, name) and _only_made(function, name):
        return True
    return words(taking.verb)[0] != "start" and matches(taking.verb, giving.verb)


def given_elsewhere(module: Module, function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    """Tell whether another function gives back what it has not taken itself, or is given the method that does.

    Args:
        module: the module.
        function: the function that takes and gives back.
        taking: what takes.
        giving: what gives back.
    """
    owner = module.class_around(function) if root(giving.call) == "self" else None
    mentioned: dict[ast.AST | None, set[str]] = {}
    for node in _attributes(owner or module.tree).get(giving.thing, ()):
        if node.attr in (taking.verb, giving.verb):
            is_passed = not isinstance(module.parent(node), ast.Call) or node in module.parent(node).args  # type: ignore[union-attr]
            if is_passed and node.attr == giving.verb:
                return True
            mentioned.setdefault(module.function(node), set()).add(node.attr)
    return any(verbs == {giving.verb} for verbs in mentioned.values())


@functools.lru_cache(maxsize=16)
def _attributes(node: ast.AST) -> dict[Key | None, list[ast.Attribute]]:
    """Return the attributes inside a node, by what they are asked of."""
    found: dict[Key | None, list[ast.Attribute]] = {}
    for attribute in of_types(node, (ast.Attribute,)):
        found.setdefault(key(attribute.value), []).append(attribute)
    return found


def _only_made(function: ast.AsyncFunctionDef, name: str) -> bool:
    """Tell whether a name is bound by calls alone, or to None as long as nothing is made."""
    for node in walk(function):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            made = unless_there(node.value, *targets)
            value = made.value if isinstance(made, ast.Await) else made
            fits = (
                value is None
                or isinstance(value, ast.Call)
                or (isinstance(value, ast.Constant) and value.value is None)
            )
            if not fits and any(binds(target, name) for target in targets):
                return False
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.NamedExpr)):
            if binds(node.target, name):
                return False
        elif isinstance(node, ast.withitem) and node.optional_vars is not None and binds(node.optional_vars, name):
            return False
    return True


def _is_local(function: ast.AsyncFunctionDef, name: str) -> bool:
    """Tell whether a name is bound in the function itself, and no parameter."""
    if is_outer(function, name):
        return False
    return binds(function, name) and not any(node.arg == name for node in of_types(function, (ast.arg,)))


def _name(thing: Key | None) -> str:
    return str(thing[1][1]) if thing and thing[0] == "Name" else ""  # type: ignore[index]


def _expression(taking: Act) -> ast.expr | None:
    """Return the receiver, counter or collection as it is written in the statement that takes."""
    for node in walk(taking.node):
        if isinstance(node, ast.expr) and key(node) == taking.thing:
            return node
    return None
