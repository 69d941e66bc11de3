"""What the values of expressions certainly are: tasks, futures, groups, locks, collections of them, ..."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from flake8_cancel.code.meaning.annotations import Annotations
from flake8_cancel.code.meaning.answers import Answers
from flake8_cancel.code.meaning.calls import Calls
from flake8_cancel.code.meaning.collected import Collected
from flake8_cancel.code.meaning.definitions import Definition, Definitions
from flake8_cancel.code.meaning.names import Names
from flake8_cancel.code.meaning.reaching import reaching
from flake8_cancel.code.meaning.scopes import Binding, Form, Survey
from flake8_cancel.code.meaning.values import ATTRIBUTES, AWAITABLE, NONE, NOTHING, Kind, Known, elements, joined, part


class Kinds:
    """Answers what values are; each answer is kept.

    Args:
        survey: what the walk over the module found.
        names: the names of the module.
        definitions: the definitions of the module.
    """

    def __init__(self, survey: Survey, names: Names, definitions: Definitions) -> None:
        self.survey = survey
        self.names = names
        self.definitions = definitions
        self._annotations = Annotations(survey, names, definitions)
        self._calls = Calls(self)
        self._collected = Collected(self)
        self._answers = Answers()

    def kind(self, expression: ast.expr | None) -> Kind | None:
        """Return what a value certainly is; see ``Module.kind``."""
        known = self.known(expression)
        return None if known is None or known.kind in (Kind.NONE, Kind.NOTHING) else known.kind

    def element_kind(self, expression: ast.expr | None) -> Kind | None:
        """Return what the elements of a collection certainly are; see ``Module.element_kind``."""
        known = self.known(expression)
        if known is None or known.kind not in (Kind.COLLECTION, Kind.TUPLE):
            return None
        element = elements(known)
        return None if element is None or element.kind in (Kind.NONE, Kind.NOTHING) else element.kind

    def value(self, expression: ast.expr) -> ast.expr | None:
        """Return the expression that a name stands for where it is used; see ``Module.value``."""
        if not isinstance(expression, ast.Name):
            return expression
        bindings = reaching(self.survey, expression, self.names.bindings(expression))
        if len(bindings) == 1 and bindings[0].form is Form.ASSIGNED and not bindings[0].path:
            return bindings[0].value
        return None

    def known(self, expression: ast.AST | None) -> Known | None:
        """Return what is known of the value of an expression, or of the results of a function of this file."""
        return None if expression is None else self._answers.get(expression, self._answer)

    def of_binding(self, binding: Binding) -> Known | None:
        """Return what a binding gives, apart from its annotation."""
        if binding.value is None:
            return NOTHING if binding.form is Form.ASSIGNED else None
        if binding.form is Form.ASSIGNED:
            return part(self.known(binding.value), binding.path)
        if binding.form is Form.ELEMENT:
            return part(_element(self.known(binding.value)), binding.path)
        if binding.form is Form.ENTERED:
            return part(self._entered(binding.value), binding.path)
        return None

    def called(self, call: ast.Call) -> Definition | None:
        """Return the function or class of this file that a call certainly calls; see ``Module.called``."""
        function = call.func
        if isinstance(function, ast.Subscript):
            generic = self.definitions.definition(function.value)
            return generic if isinstance(generic, ast.ClassDef) else None
        found = self.definitions.definition(function)
        receiver = self.known(function.value) if found is None and isinstance(function, ast.Attribute) else None
        if receiver is None or receiver.definition is None or not isinstance(function, ast.Attribute):
            return found
        return self.definitions.member(receiver.definition, function.attr)

    def entered_by(self, function: ast.AST) -> Known | None:
        """Return what a generator function yields."""
        found = self.survey.yields.get(function, [])
        return joined(self.known(one.value) if isinstance(one, ast.Yield) and one.value else None for one in found)

    def is_added_to(self, reference: ast.Name | ast.Attribute) -> bool:
        """Tell whether something is put into the collection that a name or attribute holds, after it was made."""
        return self._collected.is_added_to(reference)

    def annotated(self, annotation: ast.expr | None) -> Known | None:
        """Return what an annotation says."""
        return self._annotations.known(annotation)

    def _answer(self, expression: ast.AST) -> Known | None:
        question = _QUESTIONS.get(type(expression))
        return question(self, expression) if question else None

    def _name(self, name: ast.Name) -> Known | None:
        owner = self.definitions.receiver_class(name)
        if owner:
            return Known(Kind.INSTANCE, definition=owner)
        bindings = self.names.bindings(name)
        # What is added to a collection leaves it the collection that it is.
        assigned = [binding for binding in bindings if binding.form is not Form.AUGMENTED]
        known = self._held(name, reaching(self.survey, name, assigned))
        is_changed = len(assigned) < len(bindings) and known is not None and known.kind is not Kind.COLLECTION
        return None if is_changed else known

    def _attribute(self, expression: ast.Attribute) -> Known | None:
        receiver = self.known(expression.value)
        if receiver is None:
            return None
        if receiver.definition is None:
            return ATTRIBUTES.get((receiver.kind, expression.attr))
        bindings = self.definitions.attribute_bindings(receiver.definition, expression.attr)
        defined = [binding.node for binding in bindings if binding.form is Form.DEFINED]
        if not defined:
            return self._held(expression, bindings)
        if len(defined) == len(bindings) == 1 and self.definitions.is_property(defined[0]):
            return self._calls.result(defined[0])
        return None

    def _held(self, reference: ast.Name | ast.Attribute, bindings: Iterable[Binding]) -> Known | None:
        """Return what a name or attribute holds; an annotation tells where the assigned values do not."""
        bindings = [binding for binding in bindings if binding.form is not Form.AUGMENTED]
        known = joined(map(self.of_binding, bindings)) if bindings else None
        known = self._collected.filled(reference, known)
        if known is not None and known.kind not in (Kind.NONE, Kind.NOTHING) and not _is_open(known):
            return known
        said = [self._said(binding) for binding in bindings if binding.annotation]
        return (joined(said) if said else None) or known

    def _said(self, binding: Binding) -> Known | None:
        """Return what an annotation says of what it stands beside: of ``*rest`` and ``**rest`` it names the parts."""
        known = self._annotations.known(binding.annotation)
        arguments = self.survey.parents.get(binding.node)
        if not isinstance(arguments, ast.arguments) or binding.node not in (arguments.vararg, arguments.kwarg):
            return known
        return Known(Kind.COLLECTION, known) if binding.node is arguments.vararg else None

    def _call(self, call: ast.Call) -> Known | None:
        return self._calls.known(call)

    def _await(self, expression: ast.Await) -> Known | None:
        return awaited(self.known(expression.value))

    def _walrus(self, expression: ast.NamedExpr) -> Known | None:
        return self.known(expression.value)

    def _choice(self, expression: ast.IfExp) -> Known | None:
        return joined((self.known(expression.body), self.known(expression.orelse)))

    def _either(self, expression: ast.BoolOp) -> Known | None:
        return joined(map(self.known, expression.values))

    def _constant(self, expression: ast.Constant) -> Known | None:
        return NONE if expression.value is None else None

    def _display(self, expression: ast.List | ast.Set) -> Known | None:
        return Known(Kind.COLLECTION, joined(map(self._item, expression.elts)))

    def _tuple(self, expression: ast.Tuple) -> Known | None:
        if not expression.elts or any(isinstance(item, ast.Starred) for item in expression.elts):
            return Known(Kind.COLLECTION, joined(map(self._item, expression.elts)))
        return Known(Kind.TUPLE, parts=tuple(map(self.known, expression.elts)))

    def _item(self, expression: ast.expr) -> Known | None:
        if isinstance(expression, ast.Starred):
            return _element(self.known(expression.value))
        return self.known(expression)

    def _dictionary(self, expression: ast.Dict) -> Known | None:
        values, keys = [], []
        for key, value in zip(expression.keys, expression.values, strict=True):
            known = self.known(value)
            values.append(known if key else _element(known))
            keys.append(self.known(key) if key else (known.key if known else None))
        return Known(Kind.COLLECTION, joined(values), joined(keys))

    def _comprehension(self, expression: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Known | None:
        return Known(Kind.COLLECTION, self.known(expression.elt))

    def _dictionary_comprehension(self, expression: ast.DictComp) -> Known | None:
        return Known(Kind.COLLECTION, self.known(expression.value), self.known(expression.key))

    def _subscript(self, expression: ast.Subscript) -> Known | None:
        value = self.known(expression.value)
        if value is None or value.kind not in (Kind.COLLECTION, Kind.TUPLE):
            return None
        if isinstance(expression.slice, ast.Slice):
            return Known(Kind.COLLECTION, elements(value))
        if value.kind is Kind.TUPLE and isinstance(expression.slice, ast.Constant):
            position = expression.slice.value
            return part(value, [position]) if isinstance(position, int) and position >= 0 else elements(value)
        return elements(value)

    def _operation(self, expression: ast.BinOp) -> Known | None:
        if isinstance(expression.op, (ast.Sub, ast.BitAnd)):
            return self.known(expression.left)
        if isinstance(expression.op, (ast.Add, ast.BitOr)):
            return joined((self.known(expression.left), self.known(expression.right)))
        return None

    def _entered(self, manager: ast.expr) -> Known | None:
        """Return what ``as`` binds."""
        if isinstance(manager, ast.Call):
            if self.names.name(manager.func) in ("contextlib.aclosing", "contextlib.closing") and manager.args:
                return self.known(manager.args[0])
            function = self.definitions.definition(manager.func)
            if function and self.definitions.is_manager(function):
                return self.entered_by(function)
        known = self.known(manager)
        if known is None or known.kind not in _ENTER_THEMSELVES:
            return self._entered_instance(known)
        return known

    def _entered_instance(self, known: Known | None) -> Known | None:
        """Return what entering an instance of a class of this file gives."""
        if known is None or known.definition is None:
            return None
        for name in ("__aenter__", "__enter__"):
            method = self.definitions.member(known.definition, name)
            if method:
                result = self._calls.result(method)
                return awaited(result) if name == "__aenter__" else result
        return None


def awaited(known: Known | None) -> Known | None:
    """Return what awaiting a value gives."""
    if known is None or known.kind is Kind.NOTHING:
        return known
    return known.element if known.kind in AWAITABLE else None


def _element(known: Known | None) -> Known | None:
    if known is None or known.kind is Kind.NOTHING:
        return known
    return elements(known) if known.kind in (Kind.COLLECTION, Kind.TUPLE) else None


def _is_open(known: Known) -> bool:
    """Tell whether nothing is known of what a collection holds, so that its annotation may say more."""
    return known.kind is Kind.COLLECTION and (known.element is None or known.element.kind is Kind.NOTHING)


_ENTER_THEMSELVES = frozenset({Kind.RUNNER, Kind.SERVER, Kind.TASK_GROUP, Kind.TIMEOUT})
_QUESTIONS: dict[type[ast.AST], Callable[[Kinds, Any], Known | None]] = {
    ast.Name: Kinds._name,
    ast.Attribute: Kinds._attribute,
    ast.Call: Kinds._call,
    ast.Await: Kinds._await,
    ast.NamedExpr: Kinds._walrus,
    ast.IfExp: Kinds._choice,
    ast.BoolOp: Kinds._either,
    ast.Constant: Kinds._constant,
    ast.List: Kinds._display,
    ast.Set: Kinds._display,
    ast.Tuple: Kinds._tuple,
    ast.Dict: Kinds._dictionary,
    ast.ListComp: Kinds._comprehension,
    ast.SetComp: Kinds._comprehension,
    ast.GeneratorExp: Kinds._comprehension,
    ast.DictComp: Kinds._dictionary_comprehension,
    ast.Subscript: Kinds._subscript,
    ast.BinOp: Kinds._operation,
}
