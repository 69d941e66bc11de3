"""What ``__aenter__`` takes and ``__aexit__`` gives back: nobody calls the one when the other was cut."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.certain import is_new
from flake8_cancel.code.cleanup.passed_clauses import is_in_passed_clause
from flake8_cancel.code.cleanup.releases import (
    Skip,
    after,
    guards,
    may_give_back,
    passes,
    skipped,
)
from flake8_cancel.code.cleanup.taking import (
    MADE,
    METHOD,
    Act,
    gives_back,
    givings,
    key,
    own_statements,
    root_name,
    statements_of,
    takings,
)
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import ends, matches

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_Method = ast.FunctionDef | ast.AsyncFunctionDef

_ENTERS = frozenset({"enter_async_context", "enter_context"})
_UNWINDS = frozenset({"__aexit__", "__exit__", "aclose", "close"})


def half_entered(module: Module, function: ast.AsyncFunctionDef) -> Iterator[Skip]:
    """Yield what an ``__aenter__`` leaves taken when it is cancelled behind that, though ``__aexit__`` gives it back.

    Args:
        module: the module.
        function: a coroutine function; any other than ``__aenter__`` has none.
    """
    owner = module.parent(function) if function.name == "__aenter__" else None
    if not isinstance(owner, ast.ClassDef):
        return
    exits = [node for node in owner.body if isinstance(node, _Method) and node.name == "__aexit__"]
    given = [act for method in _with_helpers(module, exits) for act in _givings(method)]
    flow = module.flow(function) if given else None
    if flow is None:
        return
    statements = list(statements_of(function))
    ending = [act for node in statements for act in givings(node)]
    taken = [act for node in statements for act in takings(node) if _is_own(act)]
    stacks = {act.thing for act in taken if act.verb in _ENTERS}
    for taking in taken:
        if taking.form == MADE and not is_new(module, function, taking):
            continue
        giving = next((act for act in given if _undoes(module, act, taking, taking.thing in stacks)), None)
        if giving is None or _is_opened_later(function, taking, giving):
            continue
        ended = {act.node for act in ending if _ends(module, act, taking)}
        if any(is_in_passed_clause(module, node) for node in ended):
            continue
        asking = {guard for node in ended for guard in guards(module, node, taking.thing)}
        place = skipped(module, flow, after(flow, taking.node), passes(ended | asking))
        if place is not None:
            yield Skip(taking, giving, place, ())
            return


def _with_helpers(module: Module, methods: list[_Method]) -> list[_Method]:
    """Return methods and those of this class that they call."""
    found = list(methods)
    for method in found:
        for node in walk(method):
            called = module.definition(node.func) if isinstance(node, ast.Call) else None
            if isinstance(called, _Method) and called not in found and called.name != "__aenter__":
                found.append(called)
    return found


def _givings(method: _Method) -> Iterable[Act]:
    return (act for node in own_statements(method.body) for act in givings(node))


def _is_own(act: Act) -> bool:
    return root_name(act.thing) in ("self", "super")


def _is_opened_later(function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    """Tell whether what is made is only opened by what it is given back from: a lock is acquired, then released.

    So is the context that is made and then entered: cut while it enters, it has not been.
    """
    names = [taking.thing]
    if isinstance(taking.node, ast.Assign):
        names.extend(map(key, taking.node.targets))
    return taking.form == MADE and any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and matches(node.func.attr, giving.verb)
        and key(node.func.value) in names
        for node in walk(function)
    )


def _ends(module: Module, act: Act, taking: Act) -> bool:
    facts = module.facts
    return gives_back(act, taking, facts) or may_give_back(act, taking, facts) or _ends_own(module, act)


def _ends_own(module: Module, act: Act) -> bool:
    """Tell whether a statement gives back something of the object, or all of it."""
    return _is_own(act) and (act.form != METHOD or ends(act.verb, module.facts))


def _undoes(module: Module, giving: Act, taking: Act, is_stack: bool) -> bool:
    if is_stack:
        return taking.verb in _ENTERS and giving.thing == taking.thing and giving.verb in _UNWINDS
    return gives_back(giving, taking, module.facts)
