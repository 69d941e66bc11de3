"""What a function does with a process: who makes it, who waits for it, who may end it, who else may hold it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import HARMLESS_CALLS, LOGGING_VERBS
from flake8_cancel.code.lost.keeping import parameter_given
from flake8_cancel.code.tree import named, verb_of, walk
from flake8_cancel.code.verbs import ends_argument

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

# What one use of a process does: looks at it, reads what it writes, waits for its end, may end it, or keeps it.
LOOKS, READS, WAITS, ENDS, KEEPS = "looks", "reads", "waits", "ends", "keeps"

_MAKERS = {"asyncio.create_subprocess_exec": False, "asyncio.create_subprocess_shell": True}
_STREAMS = frozenset({"stdin", "stdout", "stderr"})
_WAITING = frozenset({"communicate", "wait"})
# Whoever has one of these can end it: its methods, the number other processes know it by, its transport.
_ENDING = frozenset({"_transport", "kill", "pid", "send_signal", "terminate"})
_TO_THE_END = frozenset({"read", "readall"})
_IN_PIECES = frozenset({"read", "readexactly", "readline", "readuntil"})
_CLOSES = frozenset({"close", "write_eof"})
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.comprehension)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_PASSING = (ast.BoolOp, ast.IfExp, ast.Starred, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.keyword)
# A caller gets what is returned only when nobody was cancelled.
_LOOKING = (
    ast.Compare,
    ast.UnaryOp,
    ast.FormattedValue,
    ast.BinOp,
    ast.Return,
    ast.Assert,
    ast.If,
    ast.While,
    ast.Expr,
)
_PLAIN_STREAMS = frozenset({"asyncio.subprocess.DEVNULL", "asyncio.subprocess.STDOUT"}) | {
    f"subprocess.{name}" for name in ("DEVNULL", "STDOUT")
}
# What a program that is asked for one of these tells, and ends; and programs that tell another one to end.
_ASKED = frozenset({"--help", "--version", "-version"})
_SENDERS = frozenset({"kill", "killall", "pkill", "taskkill"})
_OF_A_GROUP = frozenset({"preexec_fn", "process_group", "start_new_session"})
# Helpers that hand it on to helpers are followed so far.
_DEEPEST = 3


class Made(NamedTuple):
    """The making of a process.

    Attributes:
        call: the call that gives it.
        is_shell: whether a shell may run what it was asked for.
        is_piped: whether others may hold a pipe to it, so that waiting for it may be waiting for them.
        leads_group: whether it is started with a session or group of its own, or may be.
    """

    call: ast.Call
    is_shell: bool
    is_piped: bool
    leads_group: bool


def made(module: Module, value: ast.expr | None, depth: int = 0) -> Made | None:
    """Return how an expression certainly makes a process that nobody else has, None for any other expression.

    Args:
        module: the module.
        value: the expression.
        depth: how many helpers of this file were followed.
    """
    if isinstance(value, ast.IfExp):
        return _either([made(module, one, depth) for one in (value.body, value.orelse)])
    call = value.value if isinstance(value, ast.Await) else None
    if isinstance(call, ast.Call) and module.name(call.func) == "asyncio.wait_for" and call.args:
        call = call.args[0]
    if not isinstance(call, ast.Call):
        return None
    name = module.name(call.func)
    if name in _MAKERS:
        return Made(call, _MAKERS[name], _is_piped(module, call), any(one.arg in _OF_A_GROUP for one in call.keywords))
    helper = module.definition(call.func)
    if not isinstance(helper, ast.AsyncFunctionDef) or helper.decorator_list or depth == _DEEPEST:
        return None
    found = _either([_returned(module, helper, node, depth + 1) for node in _returns(module, helper)])
    return found and found._replace(call=call)


def ends_alone(module: Module, making: Made) -> bool:
    """Tell whether a process is known to end at once: it tells its version or its help, or tells another one to end.

    Args:
        module: the module.
        making: how it was made.
    """
    if module.name(making.call.func) not in _MAKERS or making.is_shell:
        return False
    words: list[ast.expr | None] = []
    for argument in making.call.args:
        given = module.value(argument.value) if isinstance(argument, ast.Starred) else argument
        words += given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]
    told = [one.value for one in words if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    is_sender = bool(words) and isinstance(words[0], ast.Constant) and bool(told) and told[0] in _SENDERS
    return is_sender or (len(told) == len(words) and not _ASKED.isdisjoint(told))


def uses(module: Module, function: AnyFunction, name: str, depth: int = 0) -> Iterator[tuple[ast.Name, str]]:
    """Yield each use of a process that a local name or parameter holds, and what it does.

    Args:
        module: the module.
        function: the function.
        name: the name.
        depth: how many helpers of this file were followed.
    """
    for node in named(function, name):
        if isinstance(node.ctx, ast.Load):
            done = _done(module, node, depth)
            if module.function(node) is not function and done != LOOKS:
                # A nested function may be called by anybody at any time.
                done = KEEPS if done == ENDS else LOOKS
            yield node, done


def _done(module: Module, name: ast.Name, depth: int) -> str:
    attribute = module.parent(name)
    if not isinstance(attribute, ast.Attribute):
        return _passed_on(module, name, depth)
    parent = module.parent(attribute)
    is_called = isinstance(parent, ast.Call) and parent.func is attribute
    if attribute.attr in _WAITING:
        return WAITS if is_called else KEEPS
    if attribute.attr == "pid":
        return _passed_on(module, attribute, depth)
    if attribute.attr in _ENDING:
        return ENDS if is_called or isinstance(parent, ast.Attribute) else KEEPS
    return _done_with_stream(module, attribute) if attribute.attr in _STREAMS else LOOKS


def _done_with_stream(module: Module, stream: ast.Attribute) -> str:
    """Tell what is done with a pipe: reading it to its end waits for the process, closing it may end that."""
    parent = module.parent(stream)
    if isinstance(parent, (ast.AsyncFor, ast.comprehension)) and parent.iter is stream:
        return READS
    call = module.parent(parent) if isinstance(parent, ast.Attribute) else None
    if not isinstance(parent, ast.Attribute) or not isinstance(call, ast.Call) or call.func is not parent:
        return LOOKS
    if parent.attr in _CLOSES:
        return ENDS
    is_whole = parent.attr in _TO_THE_END and not call.args and not call.keywords
    return READS if is_whole or (parent.attr in _IN_PIECES and _is_in_loop(module, call)) else LOOKS


def _passed_on(module: Module, value: ast.expr, depth: int) -> str:
    node: ast.AST = value
    for parent in module.ancestors(value):
        if isinstance(parent, ast.Call):
            return LOOKS if node is parent.func else _given(module, parent, value, depth)
        if isinstance(parent, ast.withitem):
            return ENDS
        if isinstance(parent, (ast.Attribute, *_LOOKING)):
            return LOOKS
        if not isinstance(parent, _PASSING):
            return KEEPS
        node = parent
    return KEEPS


def _given(module: Module, call: ast.Call, value: ast.expr, depth: int) -> str:
    """Tell what a call does with a process, or the number of one, that is among its arguments."""
    verb = verb_of(call)
    name = module.name(call.func) or ""
    if verb.lstrip("_") in LOGGING_VERBS or name in HARMLESS_CALLS:
        return LOOKS
    if ends_argument(verb, module.facts) or name.partition(".")[0] in ("os", "psutil"):
        return ENDS
    helper = module.definition(call.func)
    if isinstance(helper, ast.ClassDef):
        return KEEPS
    comes_back = _comes_back(module, call)
    parameter = parameter_given(helper, call, value) if helper and not helper.decorator_list else None
    if helper is None or parameter is None or depth == _DEEPEST or not isinstance(value, ast.Name):
        return ENDS if comes_back else KEEPS
    if isinstance(helper, ast.FunctionDef):
        comes_back = True
    found = {done for _, done in uses(module, helper, parameter, depth + 1)}
    if KEEPS in found or (ENDS in found and not comes_back):
        return KEEPS
    if ENDS in found:
        return ENDS
    return READS if found & {READS, WAITS} and comes_back else LOOKS


def _comes_back(module: Module, call: ast.Call) -> bool:
    """Tell whether what a call does is over when its statement is, or its block is left: it is awaited, or entered."""
    for parent in module.ancestors(call):
        if isinstance(parent, ast.Call) and module.name(parent.func) == "asyncio.create_task":
            return False
        if isinstance(parent, (ast.Await, ast.withitem, ast.AsyncFor)):
            return True
        if isinstance(parent, ast.stmt):
            return False
    return False


def _is_in_loop(module: Module, node: ast.AST) -> bool:
    for parent in module.ancestors(node):
        if isinstance(parent, _FUNCTIONS):
            return False
        if isinstance(parent, _LOOPS):
            return True
    return False


# --- who makes it ----------------------------------------------------------------------------------------------------


def _either(found: list[Made | None]) -> Made | None:
    certain = [one for one in found if one is not None]
    if not certain or len(certain) < len(found):
        return None
    return Made(
        certain[0].call,
        any(one.is_shell for one in certain),
        any(one.is_piped for one in certain),
        any(one.leads_group for one in certain),
    )


def _returns(module: Module, helper: ast.AsyncFunctionDef) -> list[ast.Return]:
    return [node for node in walk(helper) if isinstance(node, ast.Return) and module.function(node) is helper]


def _returned(module: Module, helper: ast.AsyncFunctionDef, node: ast.Return, depth: int) -> Made | None:
    """Return how what a helper returns was made, None where somebody else has it too."""
    if not isinstance(node.value, ast.Name):
        return made(module, node.value, depth)
    if any(done != LOOKS for _, done in uses(module, helper, node.value.id, depth)):
        return None
    return made(module, module.value(node.value), depth)


def _is_piped(module: Module, call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg is None:
            return True
        is_none = isinstance(keyword.value, ast.Constant) and keyword.value.value is None
        if keyword.arg in _STREAMS and not is_none and module.name(keyword.value) not in _PLAIN_STREAMS:
            return True
    return False
