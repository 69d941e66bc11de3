"""The one walk over a module that fills its survey."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from flake8_cancel.code.meaning.scopes import COMPREHENSIONS, FUNCTIONS, Binding, Form, Scope, Survey
from flake8_cancel.code.tree import FIELDS

_INNER_FIELDS: dict[type[ast.AST], frozenset[str]] = {
    **dict.fromkeys((*FUNCTIONS, ast.ClassDef), frozenset({"body"})),
    **dict.fromkeys(COMPREHENSIONS, frozenset({"elt", "key", "value", "generators"})),
}
# Of each type of node the fields that hold nodes, and whether these are in the node's own scope. Operators are one
# shared node each, so they have no parent.
_FIELDS: dict[type[ast.AST], tuple[tuple[str, bool], ...]] = {
    kind: tuple((field, field in _INNER_FIELDS.get(kind, ())) for field in fields if field not in ("op", "ops"))
    for kind, fields in FIELDS.items()
}


def survey_of(tree: ast.Module) -> Survey:
    """Return what one walk over the tree finds.

    Args:
        tree: the syntax tree; nothing is written to it.
    """
    survey = Survey(tree)
    _walk(tree, survey)
    _redirect(survey)
    return survey


def _walk(tree: ast.Module, survey: Survey) -> None:
    waiting: list[ast.AST] = [tree]
    parents, scopes = survey.parents, survey.scopes
    while waiting:
        node = waiting.pop()
        scope = scopes[node]
        kind = type(node)
        inner = scope
        if kind in _INNER_FIELDS:
            inner = survey.inner[node] = Scope(node, scope)
        note = _NOTES.get(kind)
        if note:
            note(survey, node, scope)
        children: list[ast.AST] = []
        for field, is_inside in _FIELDS[kind]:
            value = getattr(node, field, None)
            if value is None:
                continue
            at = inner if is_inside else scope
            for child in value if type(value) is list else (value,):
                if isinstance(child, ast.AST):
                    parents[child] = node
                    scopes[child] = at
                    if type(child) is not ast.Constant:
                        # Nothing is inside, and there is nothing to note.
                        children.append(child)
        if kind is ast.comprehension and parents[node].generators[0] is node:  # type: ignore[attr-defined]
            # The first iterable of a comprehension is evaluated outside it.
            scopes[node.iter] = scope.parent or scope
        children.reverse()
        waiting.extend(children)


def _redirect(survey: Survey) -> None:
    """Move what ``global`` and ``nonlocal`` names bind to the scope that owns them."""
    for scope in survey.inner.values():
        for name in scope.global_names:
            moved = scope.bindings.pop(name, [])
            survey.module_scope.bindings.setdefault(name, []).extend(moved)
        for name in scope.nonlocal_names:
            moved = scope.bindings.pop(name, [])
            owner = survey.lookup(name, scope.parent) if scope.parent else []
            owner.extend(moved)


def _bind(survey: Survey, target: ast.expr, binding: Binding, scope: Scope) -> None:
    """Note that a target is bound: a name, an attribute, an item, or each part of a tuple."""
    waiting = [(target, binding)]
    while waiting:
        target, binding = waiting.pop()
        if isinstance(target, ast.Name):
            scope.bindings.setdefault(target.id, []).append(binding)
        elif isinstance(target, ast.Attribute):
            survey.attribute_bindings.append((target, binding))
        elif isinstance(target, ast.Subscript):
            survey.item_bindings.append((target, binding))
        elif isinstance(target, ast.Starred):
            waiting.append((target.value, Binding(Form.OTHER, binding.node)))
        elif isinstance(target, (ast.Tuple, ast.List)):
            waiting.extend(_parts(target, binding))


def _parts(target: ast.Tuple | ast.List, binding: Binding) -> Iterator[tuple[ast.expr, Binding]]:
    value = binding.value if binding.form is Form.ASSIGNED and not binding.path else None
    paired = (
        isinstance(value, (ast.Tuple, ast.List))
        and len(value.elts) == len(target.elts)
        and not any(isinstance(part, ast.Starred) for part in (*value.elts, *target.elts))
    )
    for position, part in enumerate(target.elts):
        if isinstance(value, (ast.Tuple, ast.List)) and paired:
            yield part, binding._replace(value=value.elts[position])
        elif any(isinstance(before, ast.Starred) for before in target.elts[:position]):
            yield part, Binding(Form.OTHER, binding.node)
        else:
            yield part, binding._replace(path=(*binding.path, position))


def _assign(survey: Survey, node: ast.Assign, scope: Scope) -> None:
    for target in node.targets:
        _bind(survey, target, Binding(Form.ASSIGNED, node, node.value), scope)


def _annotate(survey: Survey, node: ast.AnnAssign, scope: Scope) -> None:
    _bind(survey, node.target, Binding(Form.ASSIGNED, node, node.value, annotation=node.annotation), scope)


def _augment(survey: Survey, node: ast.AugAssign, scope: Scope) -> None:
    survey.augmented.append(node)
    _bind(survey, node.target, Binding(Form.AUGMENTED, node, node.value), scope)


def _walrus(survey: Survey, node: ast.NamedExpr, scope: Scope) -> None:
    while isinstance(scope.node, COMPREHENSIONS) and scope.parent:
        scope = scope.parent
    _bind(survey, node.target, Binding(Form.ASSIGNED, node, node.value), scope)


def _loop(survey: Survey, node: ast.For | ast.AsyncFor | ast.comprehension, scope: Scope) -> None:
    asynchronous = isinstance(node, ast.AsyncFor) or (isinstance(node, ast.comprehension) and node.is_async)
    form = Form.OTHER if asynchronous else Form.ELEMENT
    _bind(survey, node.target, Binding(form, node, node.iter), scope)


def _with(survey: Survey, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
    for item in node.items:
        if item.optional_vars:
            _bind(survey, item.optional_vars, Binding(Form.ENTERED, node, item.context_expr), scope)


def _import(survey: Survey, node: ast.Import, scope: Scope) -> None:
    for alias in node.names:
        first = alias.name.partition(".")[0]
        text = alias.name if alias.asname else first
        _name(scope, alias.asname or first, Binding(Form.IMPORTED, node, text=text))


def _import_from(survey: Survey, node: ast.ImportFrom, scope: Scope) -> None:
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name == "*":
            scope.stars.append(module)
            continue
        text = f"{module}{alias.name}" if module.endswith(".") else f"{module}.{alias.name}"
        _name(scope, alias.asname or alias.name, Binding(Form.IMPORTED, node, text=text))


def _define(survey: Survey, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: Scope) -> None:
    _name(scope, node.name, Binding(Form.DEFINED, node))
    inner = survey.inner[node]
    for parameter in getattr(node, "type_params", ()):
        _name(inner, parameter.name, Binding(Form.OTHER, parameter))
    if isinstance(node, ast.ClassDef):
        survey.classes.append(node)
    else:
        _parameters(survey, node, scope)


def _parameters(survey: Survey, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> None:
    inner = survey.inner[node]
    arguments = node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        _name(inner, argument.arg, Binding(Form.PARAMETER, argument, annotation=argument.annotation))
    for rest in (arguments.vararg, arguments.kwarg):
        if rest:
            _name(inner, rest.arg, Binding(Form.PARAMETER, rest, annotation=rest.annotation))


def _named(survey: Survey, node: Any, scope: Scope) -> None:
    """Handlers and match patterns: what they bind has no kind that the file tells."""
    name = getattr(node, "rest", None) or getattr(node, "name", None)
    if isinstance(name, ast.Name):
        name = name.id
    if name:
        _name(scope, name, Binding(Form.OTHER, node))


def _global(survey: Survey, node: ast.Global, scope: Scope) -> None:
    if scope is not survey.module_scope:
        scope.global_names.update(node.names)


def _nonlocal(survey: Survey, node: ast.Nonlocal, scope: Scope) -> None:
    scope.nonlocal_names.update(node.names)


def _use(survey: Survey, node: ast.Name, scope: Scope) -> None:
    survey.names.setdefault(node.id, []).append(node)


def _attribute(survey: Survey, node: ast.Attribute, scope: Scope) -> None:
    survey.attributes.setdefault(node.attr, []).append(node)


def _call(survey: Survey, node: ast.Call, scope: Scope) -> None:
    function = node.func
    if isinstance(function, ast.Attribute):
        survey.calls.setdefault(function.attr, []).append(node)
    elif isinstance(function, ast.Name):
        survey.calls.setdefault(function.id, []).append(node)


def _return(survey: Survey, node: ast.Return, scope: Scope) -> None:
    survey.returns.setdefault(scope.node, []).append(node)


def _yield(survey: Survey, node: ast.Yield | ast.YieldFrom, scope: Scope) -> None:
    survey.yields.setdefault(scope.node, []).append(node)


def _await(survey: Survey, node: ast.Await, scope: Scope) -> None:
    survey.awaits.append(node)


def _name(scope: Scope, name: str, binding: Binding) -> None:
    scope.bindings.setdefault(name, []).append(binding)


_NOTES: dict[type[ast.AST], Callable[[Survey, Any, Scope], None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotate,
    ast.AugAssign: _augment,
    ast.NamedExpr: _walrus,
    ast.For: _loop,
    ast.AsyncFor: _loop,
    ast.comprehension: _loop,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.FunctionDef: _define,
    ast.AsyncFunctionDef: _define,
    ast.ClassDef: _define,
    ast.Lambda: _parameters,
    ast.ExceptHandler: _named,
    ast.MatchAs: _named,
    ast.MatchStar: _named,
    ast.MatchMapping: _named,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Name: _use,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Return: _return,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Await: _await,
}
if hasattr(ast, "TypeAlias"):
    _NOTES[ast.TypeAlias] = _named
