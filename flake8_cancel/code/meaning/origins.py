"""Where futures come from: the calls of this file that made what an expression may be.

A future is followed backwards through names, attributes, records, collections, queues, arguments and results, with the
path to it in what holds it: of ``queue.put_nowait((future, value))`` the future is the part 0 of some element.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flake8_cancel.code.meaning.arguments import Arguments
from flake8_cancel.code.meaning.definitions import Definition
from flake8_cancel.code.meaning.kinds import Kinds
from flake8_cancel.code.meaning.parts import Path, fit, parts_of, parts_of_function, parts_of_method, selector
from flake8_cancel.code.meaning.reaching import reaching
from flake8_cancel.code.meaning.scopes import Binding, Form
from flake8_cancel.code.meaning.values import Kind


class _Step(NamedTuple):
    """What stands at a path in the value of an expression; the calls that returned it are kept, the last one inmost."""

    expression: ast.expr
    path: Path
    calls: tuple[ast.Call, ...] = ()


class _Addition(NamedTuple):
    """What is put into a collection: the name or attribute that holds it has the value at a path.

    Attributes:
        holder: the name or attribute.
        owners: the classes that the attribute may belong to.
        path: where the value is put.
        value: what is put in.
    """

    holder: ast.expr
    owners: list[ast.ClassDef]
    path: Path
    value: ast.expr


# Methods that put an argument into what they belong to: which, and whether it is a collection of what is put in.
_PUT_IN: dict[str, tuple[int, bool]] = {
    "add": (0, False),
    "append": (0, False),
    "appendleft": (0, False),
    "extend": (0, True),
    "insert": (1, False),
    "put": (0, False),
    "put_nowait": (0, False),
    "setdefault": (1, False),
    "update": (0, True),
}
# Classes of futures; the second is another name of the first.
_CLASSES = frozenset({"asyncio.Future", "tornado.concurrent.Future"})
# So far a question is followed, so deeply are collections nested, and records that hold records.
_MOST_STEPS = 1000
_LONGEST_PATH = 6
_DEEPEST = 4


class Origins:
    """Answers where futures come from.

    Args:
        kinds: the kinds of the module.
    """

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._arguments = Arguments(kinds)
        self._found: dict[ast.expr, frozenset[ast.Call]] = {}
        self._additions: dict[str, list[_Addition]] | None = None
        self._steps = 0

    def of(self, expression: ast.expr) -> frozenset[ast.Call]:
        """Return the calls that made the futures that an expression may be, or waits for; see ``Module.origins``."""
        if expression not in self._found:
            self._index()
            steps = self._walk(_Step(expression, ()))
            self._found[expression] = frozenset(maker for maker in map(self._maker, steps) if maker)
        return self._found[expression]

    def methods(self, call: ast.Call) -> list[Definition]:
        """Return the methods of this file that a call may call; see ``Module.may_call``."""
        if not isinstance(call.func, ast.Attribute):
            return []
        self._index()
        self._steps = 0
        name = call.func.attr
        found = (self._kinds.definitions.member(one, name) for one in self._owners(call.func.value, 0, True))
        return [one for one in found if one is not None]

    def _maker(self, step: _Step) -> ast.Call | None:
        call = step.expression
        if step.path or not isinstance(call, ast.Call) or self._kinds.called(call) is not None:
            return None
        # A generic class may be subscripted: ``asyncio.Future[int]()``.
        maker = call.func.value if isinstance(call.func, ast.Subscript) else call.func
        is_loops = isinstance(maker, ast.Attribute) and maker.attr == "create_future"
        return call if is_loops or self._kinds.names.name(maker) in _CLASSES else None

    def _walk(self, start: _Step, depth: int = 0, adds: bool = True) -> list[_Step]:
        """Return every step from where a value is used to where it comes from, in the order they are found in.

        Args:
            start: the value.
            depth: how many questions are being asked of what holds it.
            adds: whether to count what is put into collections after they are made.
        """
        if not depth:
            self._steps = 0
        seen: dict[_Step, None] = {}
        waiting = [start]
        while waiting and self._steps < _MOST_STEPS:
            step = waiting.pop()
            if step not in seen and len(step.path) <= _LONGEST_PATH and len(step.calls) <= _LONGEST_PATH:
                self._steps += 1
                seen[step] = None
                waiting.extend(self._before(step, depth, adds))
        return list(seen)

    def _before(self, step: _Step, depth: int, adds: bool) -> Iterator[_Step]:
        expression, path, _ = step
        if isinstance(expression, ast.Name):
            bindings = self._kinds.names.bindings(expression)
            yield from self._of_bindings(reaching(self._kinds.survey, expression, bindings), step)
            yield from self._added(step, []) if adds and path else ()
        elif isinstance(expression, ast.Attribute):
            yield from self._of_attribute(expression, step, depth, adds)
        elif isinstance(expression, ast.Call):
            yield from self._of_call(expression, step)
        else:
            yield from (step._replace(expression=part, path=rest) for part, rest in parts_of(expression, path))

    def _of_bindings(self, bindings: Iterable[Binding], step: _Step) -> Iterator[_Step]:
        for binding in bindings:
            if binding.form is Form.PARAMETER and isinstance(binding.node, ast.arg):
                yield from self._of_parameter(binding.node, step)
            elif binding.value is None:
                continue
            elif binding.form in (Form.ASSIGNED, Form.AUGMENTED):
                yield step._replace(expression=binding.value, path=(*binding.path, *step.path))
            elif binding.form is Form.ELEMENT:
                yield step._replace(expression=binding.value, path=(None, *binding.path, *step.path))

    def _of_parameter(self, parameter: ast.arg, step: _Step) -> Iterator[_Step]:
        """Yield what is given for a parameter: by the call that the value came out of, else by any."""
        function = self._kinds.survey.parents[self._kinds.survey.parents[parameter]]
        inmost = step.calls[-1] if step.calls and self._kinds.called(step.calls[-1]) is function else None
        calls = step.calls[:-1] if inmost else ()
        yield from (_Step(one, step.path, calls) for one in self._arguments.given(parameter, inmost))

    # --- attributes --------------------------------------------------------------------------------------------------

    def _of_attribute(self, attribute: ast.Attribute, step: _Step, depth: int, adds: bool) -> Iterator[_Step]:
        definitions = self._kinds.definitions
        owners = self._owners(attribute.value, depth, adds)
        for owner in owners:
            bindings = definitions.attribute_bindings(owner, attribute.attr)
            yield from self._of_bindings(bindings, _Step(attribute, step.path))
            yield from (_Step(one, step.path) for one in self._arguments.of_field(owner, attribute.attr))
            for binding in bindings:
                if binding.form is Form.DEFINED and definitions.is_property(binding.node):
                    yield from self._returned(binding.node, _Step(attribute, step.path))
        if adds and owners:
            yield from self._added(_Step(attribute, step.path), owners)

    def _owners(self, expression: ast.expr, depth: int, adds: bool) -> list[ast.ClassDef]:
        """Return the classes of this file of which something may be an instance."""
        known = self._kinds.known(expression)
        if known is not None or depth > _DEEPEST:
            return [known.definition] if known and known.definition else []
        steps = self._walk(_Step(expression, ()), depth + 1, adds)
        made = [step.expression for step in steps if isinstance(step.expression, ast.Call) and not step.path]
        classes = [self._kinds.called(call) for call in made]
        return [one for one in dict.fromkeys(classes) if isinstance(one, ast.ClassDef)]

    # --- calls -------------------------------------------------------------------------------------------------------

    def _of_call(self, call: ast.Call, step: _Step) -> Iterator[_Step]:
        definition = self._kinds.called(call)
        name = self._kinds.names.name(call.func)
        path = step.path
        if isinstance(definition, ast.ClassDef):
            # A named tuple is taken apart by position.
            if path and isinstance(path[0], int) and path[0] < len(call.args):
                yield step._replace(expression=call.args[path[0]], path=path[1:])
        elif definition is not None:
            yield from self._returned(definition, step._replace(calls=(*step.calls, call)))
        elif name is not None:
            yield from (
                step._replace(expression=one, path=rest) for one, rest in parts_of_function(name, call.args, path)
            )
        elif isinstance(call.func, ast.Attribute):
            if call.func.attr == "get" and self._is_awaited_later(call, call.func.value):
                yield step._replace(expression=call.func.value)
            else:
                found = parts_of_method(call.func, call.args, path)
                yield from (step._replace(expression=one, path=rest) for one, rest in found)

    def _returned(self, function: ast.AST, step: _Step) -> Iterator[_Step]:
        survey = self._kinds.survey
        path = step.path
        if isinstance(function, ast.AsyncFunctionDef):
            if not path:
                return
            path = path[1:]
        for one in survey.returns.get(function, ()) if function not in survey.yields else ():
            if one.value:
                yield step._replace(expression=one.value, path=path)

    def _is_awaited_later(self, get: ast.Call, receiver: ast.expr) -> bool:
        """Tell whether ``get()`` is a queue's, whose element only comes when it is awaited."""
        is_awaited = isinstance(self._kinds.survey.parents.get(get), ast.Await)
        return is_awaited or self._kinds.kind(receiver) is Kind.QUEUE

    # --- additions ---------------------------------------------------------------------------------------------------

    def _added(self, step: _Step, owners: list[ast.ClassDef]) -> Iterator[_Step]:
        """Yield what is put into what a name or attribute holds after it is made."""
        for addition in self._index().get(_word(step.expression), ()):
            if not self._is_same(step.expression, owners, addition) or len(addition.path) > len(step.path):
                continue
            if all(fit(*pair) for pair in zip(addition.path, step.path, strict=False)):
                yield _Step(addition.value, step.path[len(addition.path) :])

    def _is_same(self, expression: ast.expr, owners: list[ast.ClassDef], addition: _Addition) -> bool:
        if isinstance(expression, ast.Name) and isinstance(addition.holder, ast.Name):
            bindings = self._kinds.names.bindings(expression)
            return bool(bindings) and bindings is self._kinds.names.bindings(addition.holder)
        are_related = self._kinds.definitions.are_related
        return any(are_related(one, other) for one in owners for other in addition.owners)

    def _index(self) -> dict[str, list[_Addition]]:
        """Return all that is put into collections, by the last word of each name and attribute that holds them."""
        if self._additions is None:
            self._additions = {}
            for receiver, path, value in self._all_additions():
                for step in self._walk(_Step(receiver, path), adds=False):
                    holder, owners = step.expression, list[ast.ClassDef]()
                    if isinstance(holder, ast.Attribute):
                        owners = self._owners(holder.value, 1, False)
                    if isinstance(holder, (ast.Name, ast.Attribute)):
                        addition = _Addition(holder, owners, step.path, value)
                        self._additions.setdefault(_word(holder), []).append(addition)
        return self._additions

    def _all_additions(self) -> Iterator[tuple[ast.expr, Path, ast.expr]]:
        survey = self._kinds.survey
        for method, (position, is_collection) in _PUT_IN.items():
            for call in survey.calls.get(method, ()):
                if isinstance(call.func, ast.Attribute) and len(call.args) > position:
                    yield call.func.value, () if is_collection else (None,), call.args[position]
        for target, binding in survey.item_bindings:
            if binding.form is Form.ASSIGNED and binding.value and not binding.path:
                yield target.value, (selector(target.slice),), binding.value
        is_own = self._kinds.definitions.receiver_class
        for attribute, binding in survey.attribute_bindings:
            # What others set of an object; what its own methods set is among the bindings of its class.
            if binding.form is Form.ASSIGNED and binding.value and not binding.path and not is_own(attribute.value):
                yield attribute, (), binding.value


def _word(expression: ast.expr) -> str:
    return expression.id if isinstance(expression, ast.Name) else getattr(expression, "attr", "")
