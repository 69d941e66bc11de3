"""The house: who may import whom, what may touch a file, how long a module may be, where a rule lives."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from flake8_cancel import registry

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "flake8_cancel"
TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "flake8_cancel", "fixtures", "tests"}

# A layer is a module or a folder below flake8_cancel; __init__ holds the version. Every layer may import itself,
# except that rules never import each other.
MAY_IMPORT = {
    "__init__": set(),
    "__main__": {"cli"},
    "finding": set(),
    "source": set(),
    "code": {"source"},
    "parts": set(),
    "words": {"code", "parts"},
    "rule": {"code", "finding", "words"},
    "rules": {"code", "rule"},
    "index": {"code", "words"},
    "registry": {"index", "rule", "rules", "words"},
    "check": {"code", "finding", "rule", "source", "words"},
    "settings": {"code"},
    "plugin": {"__init__", "check", "registry", "settings"},
    "fix": {"check", "code", "finding", "rule", "source"},
    "codemod": {"check", "code", "finding", "fix", "registry", "rule", "settings", "source"},
    "cli": {"__init__", "check", "cli.report", "code", "finding", "fix", "plugin", "registry", "settings", "source"},
    "cli.report": {"__init__", "cli", "finding", "registry", "source"},
}
# What else a layer may import for annotations alone, and what it may import inside a function of that name.
FOR_ANNOTATIONS = {"rule": {"fix", "libcst"}, "rules": {"fix", "libcst"}}
INSIDE = {"rules": {"fix": {"fix", "libcst"}}}
# What a layer imports when it is first needed, never when it is loaded.
ONLY_INSIDE = {"plugin": {"check", "registry"}, "cli": {"fix", "libcst"}}

LIBCST = {"fix", "codemod"}
OUTSIDE = {"argparse", "glob", "io", "os", "pathlib", "shutil", "subprocess", "sys", "tempfile"}
MAY_TOUCH = {
    "source": {"io"},
    "settings": {"argparse", "os", "sys"},
    "plugin": {"argparse"},
    "codemod": {"argparse"},
    "fix": {"io", "sys"},
    "__main__": {"sys"},
    "cli": OUTSIDE,
    "cli.report": {"argparse", "io", "os", "pathlib", "sys"},
}
TOUCHING_CALLS = {"input", "open", "print"}
MAY_CALL = {"settings": {"open"}, "cli": TOUCHING_CALLS}

LONGEST_MODULE = 300
LONGEST_RULE = 120
CHAPTERS = {
    "lost": "1",
    "api": "2",
    "shield": "3",
    "cleanup": "4",
    "ownership": "5",
    "timeouts": "6",
    "strict": "9",
}

# flake8 shares its tree: neither the nodes nor the lists in them may be changed.
READS_TREES = ("check.py", "plugin.py", "registry.py", "rule.py", "code", "rules")
CHANGING_CALLS = {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"}
CHANGING_FUNCTIONS = {"setattr", "delattr", "copy_location", "fix_missing_locations", "increment_lineno"}
NODES = {"child", "expression", "function", "handler", "item", "node", "statement", "tree"}
FIELDS = {field for kind in vars(ast).values() if isinstance(kind, type) for field in getattr(kind, "_fields", ())}

MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
RULES = [path for path in MODULES if path.parent.parent == PACKAGE / "rules" and path.name != "__init__.py"]


class Import(NamedTuple):
    """An import: the module, the function it stands in (or ""), and whether it serves annotations alone."""

    module: str
    function: str
    annotations: bool


def named(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=[path.relative_to(ROOT).as_posix() for path in paths])


def test_the_top_level_holds_what_belongs_there() -> None:
    assert {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} == TOP_LEVEL


@named(MODULES)
def test_imports_go_one_way(path: Path) -> None:
    layer = layer_of(path)
    own = set() if layer == "rules" else {layer}
    for found in imports_of(path):
        allowed = own | MAY_IMPORT[layer] | INSIDE.get(layer, {}).get(found.function, set())
        if found.annotations:
            allowed |= FOR_ANNOTATIONS.get(layer, set())
        target = imported_layer(found.module)
        if layer in LIBCST:
            allowed.add("libcst")
        assert target is None or target in allowed, f"{found.module} is imported"
        if target in ONLY_INSIDE.get(layer, set()):
            assert found.function or found.annotations, f"{found.module} is imported when the module is loaded"


@named(MODULES)
def test_only_the_outer_layers_touch_files_options_and_the_terminal(path: Path) -> None:
    layer = layer_of(path)
    touched = {found.module.partition(".")[0] for found in imports_of(path)} & OUTSIDE
    assert touched <= MAY_TOUCH.get(layer, set())
    called = {
        node.func.id
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TOUCHING_CALLS
    }
    assert called <= MAY_CALL.get(layer, set())


@named(MODULES + TESTS)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


@named([path for path in MODULES if path.relative_to(PACKAGE).parts[0] in READS_TREES])
def test_nothing_is_written_to_a_tree(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        assert not writes_to_another(node), f"line {node.lineno} may change a node of flake8's tree"


@pytest.mark.parametrize(
    "line",
    [
        "node.parent = above",
        "node.parent: ast.AST = above",
        "node.lineno += 1",
        "del node.lineno",
        "a, node.b = 1, 2",
        "handler.body.append(statement)",
        "setattr(node, 'parent', above)",
        "ast.fix_missing_locations(node)",
        "node.__dict__['parent'] = above",
        "node.body[0] = statement",
    ],
)
def test_writing_to_a_tree_is_seen(line: str) -> None:
    assert any(writes_to_another(node) for node in ast.walk(ast.parse(line)))


@named(RULES)
def test_rules_are_short(path: Path) -> None:
    documentation = parsed(path).body[0]
    assert ast.get_docstring(parsed(path)), "a rule is documented by its docstring"
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines - (documentation.end_lineno or 0) <= LONGEST_RULE


@named(RULES)
def test_a_rule_is_where_its_code_and_name_say(path: Path) -> None:
    classes = [node for node in parsed(path).body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    assert [node.name.lower() for node in classes] == [path.stem.replace("_", "")]
    entries = [entry for entry in registry.entries() if entry.name == path.stem.replace("_", "-")]
    assert len(entries) == 1
    assert re.fullmatch(r"CNL[1-9][0-9]{2}", entries[0].code)
    assert entries[0].code[3] == CHAPTERS[path.parent.name]


def test_codes_are_unique() -> None:
    codes = [entry.code for entry in registry.entries()]
    assert len(codes) == len(RULES) > 0
    assert sorted(set(codes)) == codes


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def layer_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "cli.report" if parts[:2] == ("cli", "report") else "".join(parts[:1])


def imported_layer(module: str) -> str | None:
    """Return the layer that a module belongs to, "libcst" for all of that, None for others' modules."""
    package, _, rest = module.partition(".")
    if package == "libcst":
        return "libcst"
    if package != PACKAGE.name:
        return None
    path = PACKAGE / rest.replace(".", "/")
    layer = layer_of(path)
    # `from flake8_cancel import __version__` and the like take a name of the package itself.
    return layer if layer in MAY_IMPORT else "__init__"


def imports_of(path: Path) -> Iterator[Import]:
    """Yield every import of a module, with `from package import module` as the module it brings."""

    def visit(node: ast.AST, function: str, annotations: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, function, annotations) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                brought = whole if is_package(node.module or "") else node.module or ""
                yield Import(brought, function, annotations)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function = node.name
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            annotations = True
        for child in ast.iter_child_nodes(node):
            yield from visit(child, function, annotations)

    return visit(parsed(path), "", False)


def is_package(module: str) -> bool:
    return (ROOT.joinpath(*module.split(".")) / "__init__.py").exists()


def writes_to_another(node: ast.AST) -> bool:
    """Tell whether a node of a module's own tree may write to a node of the checked one.

    What is called as nodes are, and an attribute that no class of this package declares, are taken for such a node.
    """
    if isinstance(node, ast.Attribute):
        return not isinstance(node.ctx, ast.Load) and maybe_of_a_node(node)
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return maybe_field(node.value)
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Attribute):
        changes = called.attr in CHANGING_CALLS and maybe_field(called.value)
        return changes or called.attr in CHANGING_FUNCTIONS
    return isinstance(called, ast.Name) and called.id in CHANGING_FUNCTIONS


@functools.cache
def declared() -> frozenset[str]:
    """Return the attributes that classes of this package set on themselves."""
    return frozenset(
        node.attr
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node.value)
    )


def maybe_field(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {*FIELDS, "__dict__"} and maybe_of_a_node(node)


def maybe_of_a_node(node: ast.Attribute) -> bool:
    if is_own(node.value):
        return False
    return node.attr not in declared() or (isinstance(node.value, ast.Name) and node.value.id in NODES)


def is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")
