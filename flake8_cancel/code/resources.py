"""What makes something that must be given back, and what gives it back."""

from __future__ import annotations

import ast
from typing import NamedTuple

from flake8_cancel.code import api
from flake8_cancel.code.names import Names
from flake8_cancel.code.references import References

# Methods that give back what a call of an unknown maker gave.
_ANY_RELEASE = frozenset(
    {
        "aclose",
        "cleanup",
        "close",
        "disconnect",
        "dispose",
        "kill",
        "quit",
        "release",
        "shutdown",
        "stop",
        "terminate",
    }
)
_COUNTED = frozenset({"-="})
_PUT_IN = frozenset({"discard", "pop", "remove"})
_PUTTING = frozenset({"add", "append"})


class Acquisition(NamedTuple):
    """A statement that makes or takes something.

    Attributes:
        reference: what holds it: the variable it is assigned to, or the receiver it is taken from.
        releases: the methods that give it back; ``-=`` for a counter.
        call: the call that makes it, None for a counter.
        giver: the receiver that gave it, to which it may be given back: ``pool`` of ``pool.acquire()``.
        known: whether the pair of verbs is known, rather than guessed from the verb.
    """

    reference: str
    releases: frozenset[str]
    call: ast.Call | None = None
    giver: str | None = None
    known: bool = True


class Resources:
    """Answers what is acquired and released.

    Args:
        names: the names of the module.
        references: what the expressions of the module refer to.
        facts: what the user told about the code.
    """

    def __init__(self, names: Names, references: References, facts: api.Facts) -> None:
        self._names = names
        self._references = references
        self._facts = facts

    def cleanup_call(self, call: ast.AST) -> str | None:
        """Return what a cleanup call cleans up; see ``Module.cleanup_call``."""
        if not isinstance(call, ast.Call):
            return None
        name = self._names.name(call.func)
        verb = _last_word(call.func)
        if verb is None or not (name in self._facts.cleanup_calls or self._is_cleanup(verb)):
            return None
        if isinstance(call.func, ast.Attribute) and name is None:
            return self._references.reference(call.func.value) or "?"
        # A function cleans up its first argument: shutil.rmtree(path), os.unlink(path), release(connection).
        return (self._references.reference(call.args[0]) if call.args else None) or "?"

    def acquisition(self, statement: ast.AST) -> Acquisition | None:
        """Return what a statement makes or takes; see ``Module.acquisition``."""
        if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
            reference = self._references.reference(statement.target)
            is_counter = isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, int)
            return Acquisition(reference, _COUNTED) if reference and is_counter else None
        if isinstance(statement, ast.Expr):
            call = _call(statement.value)
            return self._taken(call) if call else None
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            call = _call(statement.value)
            return self._made(call, statement.targets[0]) if call else None
        if isinstance(statement, ast.AnnAssign) and statement.value:
            call = _call(statement.value)
            return self._made(call, statement.target) if call else None
        return None

    def releases(self, node: ast.AST, acquisition: Acquisition) -> bool:
        """Tell whether a node gives back what was acquired; see ``Module.releases``."""
        if isinstance(node, ast.AugAssign):
            is_counter = "-=" in acquisition.releases and isinstance(node.op, ast.Sub)
            return is_counter and self._references.reference(node.target) == acquisition.reference
        if isinstance(node, ast.Delete):
            return any(self._references.reference(target) == acquisition.reference for target in node.targets)
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return False
        receiver = self._references.reference(node.func.value)
        is_passed = any(self._references.reference(argument) == acquisition.reference for argument in node.args)
        if receiver == acquisition.reference:
            return node.func.attr in acquisition.releases
        if acquisition.giver is None or receiver != acquisition.giver:
            return False
        return self._is_cleanup(node.func.attr) if is_passed else not node.args and node.func.attr == "release"

    def _made(self, call: ast.Call, target: ast.expr) -> Acquisition | None:
        """Return what is assigned from a call that makes something."""
        name = self._names.name(call.func) or ""
        verb = _last_word(call.func) or ""
        known = api.ACQUIRING_FUNCTIONS.get(name)
        if known is None and isinstance(call.func, ast.Attribute):
            known = api.ACQUIRING_METHODS.get(verb)
        if known is not None and known.part is not None:
            if not isinstance(target, (ast.Tuple, ast.List)) or len(target.elts) <= known.part:
                return None
            target = target.elts[known.part]
        reference = self._references.reference(target)
        if reference is None:
            return None
        is_method = isinstance(call.func, ast.Attribute) and not name
        giver = self._references.reference(call.func.value) if is_method else None  # type: ignore[attr-defined]
        if known is not None:
            return Acquisition(reference, known.releases | _ANY_RELEASE, call, giver)
        if self._is_maker(name, verb):
            return Acquisition(reference, _ANY_RELEASE, call, giver, known=False)
        return None

    def _taken(self, call: ast.Call) -> Acquisition | None:
        """Return what a call as a statement takes: ``await lock.acquire()``, ``await client.connect()``."""
        if not isinstance(call.func, ast.Attribute):
            return None
        reference = self._references.reference(call.func.value)
        if reference is None:
            return None
        known = api.ACQUIRING_METHODS.get(call.func.attr)
        if known is not None and known.on_receiver:
            return Acquisition(reference, known.releases, call)
        if call.func.attr in _PUTTING and call.args:
            return Acquisition(reference, _PUT_IN, call)
        if call.func.attr in api.STARTING_VERBS:
            return Acquisition(reference, api.STARTING_VERBS[call.func.attr], call, known=False)
        return None

    def _is_maker(self, name: str, verb: str) -> bool:
        if any(maker in (name, verb) or maker.endswith(f".{verb}") for maker in self._facts.resource_makers):
            return True
        # What else asyncio makes (tasks, futures, processes, locks) is not closed.
        if name.startswith("asyncio.") or verb in api.TASK_STARTING_METHODS or verb == "create_future":
            return False
        word = verb.strip("_")
        return word.partition("_")[0] in api.MAKING_WORDS or word[:1].isupper()

    def _is_cleanup(self, verb: str) -> bool:
        word = verb.strip("_")
        if word in api.CLEANUP_VERBS or verb in self._facts.cleanup_calls:
            return True
        return "_" in word and word.partition("_")[0] in api.CLEANUP_FIRST_WORDS


def _call(expression: ast.expr) -> ast.Call | None:
    """Return the call that a value is, or waits for."""
    value = expression.value if isinstance(expression, ast.Await) else expression
    return value if isinstance(value, ast.Call) else None


def _last_word(function: ast.expr) -> str | None:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None
