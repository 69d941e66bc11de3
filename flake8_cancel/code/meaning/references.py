"""What expressions refer to: which variables, attributes and elements of collections, under all their names."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from flake8_cancel.code.meaning.kinds import Kinds
from flake8_cancel.code.meaning.reaching import reaching
from flake8_cancel.code.meaning.scopes import Binding, Form
from flake8_cancel.code.meaning.values import Known

# One thing under all the keys it goes by in this file; two things that share a key are taken for one.
Thing = frozenset[str]
Things = tuple[Thing, ...]

# Calls that wait for their arguments, for the elements of their first argument, and for their first argument.
_WAIT_FOR_ALL = frozenset({"asyncio.gather"})
_WAIT_FOR_ELEMENTS = frozenset({"asyncio.wait", "asyncio.as_completed"})
_WAIT_FOR_FIRST = frozenset({"asyncio.ensure_future", "asyncio.shield", "asyncio.wait_for", "asyncio.wrap_future"})
_SAME_ELEMENTS = frozenset(
    {
        "builtins.frozenset",
        "builtins.list",
        "builtins.reversed",
        "builtins.set",
        "builtins.sorted",
        "builtins.tuple",
    }
)
_VIEWS = frozenset({"copy", "values"})
# Aliases of aliases are followed so far.
_DEEPEST = 8


class References:
    """Answers what expressions refer to.

    Args:
        kinds: the kinds of the module.
    """

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._numbers: dict[int, int] = {}

    def reference(self, expression: ast.AST) -> str | None:
        """Return a readable key of a chain of names; see ``Module.reference``."""
        words: list[str] = []
        while True:
            if isinstance(expression, ast.NamedExpr):
                expression = expression.target
            elif isinstance(expression, ast.Attribute):
                words.append(f".{expression.attr}")
                expression = expression.value
            elif isinstance(expression, ast.Subscript):
                index = expression.slice
                key = repr(index.value) if isinstance(index, ast.Constant) else self.reference(index)
                if key is None:
                    return None
                words.append(f"[{key}]")
                expression = expression.value
            elif isinstance(expression, ast.Name):
                words.append("self" if self._kinds.definitions.receiver_class(expression) else expression.id)
                return "".join(reversed(words))
            else:
                return None

    def things(self, expression: ast.AST | None, depth: int = 0) -> Things | None:
        """Return the things that an expression refers to, or that awaiting it waits for; None when it is unknown.

        ``await gather(a, *others)`` waits for ``a`` and for each element of ``others``; a name stands for itself and
        for what it was assigned from, a loop variable for the elements it runs over.
        """
        if depth > _DEEPEST or expression is None:
            return None
        if isinstance(expression, ast.Name):
            return self._of_name(expression, depth)
        if isinstance(expression, ast.Attribute):
            return (frozenset({self._key(expression)}),)
        if isinstance(expression, ast.Subscript):
            found = self.elements(expression.value, depth + 1) or ()
            return (frozenset({self._key(expression)}).union(*found),)
        if isinstance(expression, ast.NamedExpr):
            return _together(frozenset({self._key(expression.target)}), self.things(expression.value, depth + 1))
        if isinstance(expression, ast.IfExp):
            return _either(self.things(one, depth + 1) for one in (expression.body, expression.orelse))
        if isinstance(expression, ast.BoolOp):
            return _either(self.things(one, depth + 1) for one in expression.values)
        return self._of_call(expression, depth + 1) if isinstance(expression, ast.Call) else None

    def elements(self, expression: ast.AST | None, depth: int = 0) -> Things | None:
        """Return the things that a collection holds; None when it is unknown."""
        if depth > _DEEPEST or expression is None:
            return None
        if isinstance(expression, (ast.List, ast.Tuple, ast.Set)):
            return self._all(expression.elts, depth + 1)
        if isinstance(expression, (ast.Name, ast.Attribute)):
            return self._elements_of_reference(expression, depth)
        if isinstance(expression, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            return self.things(expression.elt, depth + 1)
        if isinstance(expression, ast.BinOp):
            if isinstance(expression.op, ast.Sub):
                return self.elements(expression.left, depth + 1)
            left, right = (self.elements(one, depth + 1) for one in (expression.left, expression.right))
            return None if left is None or right is None else (*left, *right)
        if isinstance(expression, ast.Subscript) and isinstance(expression.slice, ast.Slice):
            return self.elements(expression.value, depth + 1)
        if isinstance(expression, ast.BoolOp):
            return _either(self.elements(one, depth + 1) for one in expression.values)
        return self._elements_of_call(expression, depth + 1) if isinstance(expression, ast.Call) else None

    def parameter_key(self, parameter: ast.arg) -> str:
        """Return the key of a parameter, as the things that it holds go by."""
        function = self._kinds.survey.parents[self._kinds.survey.parents[parameter]]
        bindings = self._kinds.survey.inner[function].bindings[parameter.arg]
        return self._variable(parameter.arg, bindings)

    def _of_name(self, name: ast.Name, depth: int) -> Things | None:
        bindings = self._kinds.names.bindings(name)
        holding = reaching(self._kinds.survey, name, bindings)
        own = frozenset(self._version(name, bindings, binding) for binding in holding) or frozenset({self._key(name)})
        if len(holding) != 1:
            return (own,)
        binding = holding[0]
        if binding.form is Form.ASSIGNED and not binding.path:
            return _together(own, self.things(binding.value, depth + 1))
        if binding.form is Form.ELEMENT:
            return _together(own, self._element(binding, depth + 1))
        return (own,)

    def _of_call(self, call: ast.Call, depth: int) -> Things | None:
        name = self._kinds.names.name(call.func)
        if name in _WAIT_FOR_ALL:
            return self._all(call.args, depth)
        if name in _WAIT_FOR_ELEMENTS:
            return self.elements(call.args[0], depth) if call.args else None
        if name in _WAIT_FOR_FIRST and call.args:
            return self.things(call.args[0], depth)
        return None

    def _all(self, expressions: Iterable[ast.expr], depth: int) -> Things | None:
        found: list[Thing] = []
        for one in expressions:
            things = self.elements(one.value, depth) if isinstance(one, ast.Starred) else self.things(one, depth)
            if things is None:
                return None
            found.extend(things)
        return tuple(found)

    def _element(self, binding: Binding, depth: int) -> Things | None:
        """Return what a loop variable stands for."""
        if not binding.path:
            return self.elements(binding.value, depth)
        call = binding.value
        if len(binding.path) > 1 or not isinstance(call, ast.Call):
            return None
        position = binding.path[0]
        name = self._kinds.names.name(call.func)
        if name == "builtins.enumerate" and position == 1 and call.args:
            return self.elements(call.args[0], depth)
        if name == "builtins.zip" and position < len(call.args):
            return self.elements(call.args[position], depth)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "items" and position == 1:
            return self.elements(call.func.value, depth)
        return None

    def _elements_of_reference(self, expression: ast.Name | ast.Attribute, depth: int) -> Things:
        own = frozenset({f"{self._key(expression)}[]"})
        if not isinstance(expression, ast.Name) or self._kinds.is_added_to(expression):
            return (own,)
        holding = reaching(self._kinds.survey, expression, self._kinds.names.bindings(expression))
        if len(holding) != 1 or holding[0].form is not Form.ASSIGNED:
            return (own,)
        value = holding[0].value
        if not holding[0].path:
            return _together(own, self.elements(value, depth + 1))
        # done, pending = await asyncio.wait(tasks)
        call = value.value if isinstance(value, ast.Await) else None
        return _together(own, self._of_call(call, depth + 1) if isinstance(call, ast.Call) else None)

    def _elements_of_call(self, call: ast.Call, depth: int) -> Things | None:
        name = self._kinds.names.name(call.func)
        if name in _SAME_ELEMENTS and call.args:
            return self.elements(call.args[0], depth)
        if name == "builtins.filter" and len(call.args) == 2:
            return self.elements(call.args[1], depth)
        if name == "asyncio.as_completed" and call.args:
            return self.elements(call.args[0], depth)
        if isinstance(call.func, ast.Attribute) and call.func.attr in _VIEWS and not call.args:
            return self.elements(call.func.value, depth)
        return None

    def _version(self, name: ast.Name, bindings: list[Binding], binding: Binding) -> str:
        """Return the key of what one binding puts into a variable."""
        return self._key(name) if len(bindings) < 2 else f"{self._key(name)}@{bindings.index(binding)}"

    def _key(self, expression: ast.AST) -> str:
        """Return a key that is the same for all uses of one variable or attribute, and for no other."""
        words: list[str] = []
        while isinstance(expression, (ast.Attribute, ast.Subscript)):
            if isinstance(expression, ast.Subscript):
                words.append(f"[{ast.dump(expression.slice)}]")
            else:
                words.append(f".{expression.attr}")
                owner = self._kinds.known(expression.value)
                if owner and owner.definition:
                    words.append(self._class_key(owner))
                    return "".join(reversed(words))
            expression = expression.value
        if isinstance(expression, ast.Name):
            words.append(self._variable(expression.id, self._kinds.names.bindings(expression)))
        else:
            words.append(ast.dump(expression))
        return "".join(reversed(words))

    def _variable(self, name: str, bindings: list[Binding]) -> str:
        # The list of its bindings is kept by its scope, so it stands for the variable.
        return f"{name}#{self._numbers.setdefault(id(bindings), len(self._numbers))}" if bindings else name

    def _class_key(self, known: Known) -> str:
        assert known.definition is not None
        family = (known.definition, *self._kinds.definitions.local_bases(known.definition))
        return f"<{self._kinds.definitions.qualname(family[-1])}>"


def _together(own: Thing, things: Things | None) -> Things:
    """Return things that go by a further name."""
    return tuple(own | thing for thing in things) if things else (own,)


def _either(choices: Iterable[Things | None]) -> Things | None:
    """Return what a choice refers to, leaving out the unknown: ``self._task or None``."""
    found = [thing for things in choices if things for thing in things]
    return tuple(found) or None
