"""Every node of ``ast`` is found again by its mark, and found right."""

from __future__ import annotations

import ast
import asyncio
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import pytest

from flake8_cancel.finding import mark
from flake8_cancel.fix.locate import Places
from flake8_cancel.source import split_lines
from tests.fix.driving import in_characters

FILES = sorted(Path(asyncio.__file__).parent.glob("*.py"))
# What libcst has otherwise, as the contract of a mark says, and what no mistake stands at.
ELSEWHERE = (ast.JoinedStr, ast.FormattedValue, ast.Slice, ast.pattern, getattr(ast, "type_param", ast.pattern))
NOT_ALL_FOUND = (ast.GeneratorExp, ast.Tuple, ast.Constant, ast.alias)
# What libcst counts as part of a small statement, and of an argument or an item.
SEPARATORS, COMMAS = "; \\\n", ", \n"
SNIPPETS = [
    "@first\n@second(3)\nasync def decorated(a: int = 1, *b: str, c=2, **d) -> None:\n    return (await (a.b.c)(1))\n",
    "@first\nclass Decorated(Base, metaclass=Meta):\n    def method(self): return self\n",
    "try: await x\nexcept (OSError, asyncio.CancelledError) as e: pass\nelse: a; b\nfinally: c()\n",
    "try:\n    pass;\nexcept OSError:\n    pass; pass;\nexcept asyncio.CancelledError:\n    raise\n",
    "if a:\n    b\nelif (c):\n    d\nelif e: f; g\nelse:\n    if h: i\n",
    "if a: b; await c; d()\n",
    "(await x).y((await z), *rest, key=(value), **more)\n",
    "((a)).b[(c)](d)\n",
    "x = (\n    await (\n        y\n    )\n)\n",
    "async with (a) as b, c(d) as (e, f), g: pass\n",
    "async with (\n    (await a) as b,\n    c,\n): pass\n",
    "with (a): pass\n",
    "with (yield): pass\n",
    "async for (a, b) in c: continue\nelse: pass\n",
    "for a in b:\n    break\n",
    "while (a := b): break;\n",
    "é = 'ü'; await ö(ä).ß\n",
    "if 1:\n\tawait é\n\tx\n",
    "lambda a, *, b=1: (yield a)\n",
    "[await a async for b in c if await d]\n",
    "{a: b for a in b}; {a for a in b}; {a: b, **c}; {a, b}\n",
    "a and b and c or not d\n",
    "a < b < (c) is not d\n",
    "a + -b * (c - d)\n",
    "a if b else c\n",
    "x: int = 1\nx += (2)\ndel a, b\nassert a, b\nglobal g\n",
    "match a:\n    case [b, *c] if d: e\n    case {'k': v, **rest}:\n        await f\n",
    "import a.b as c, d\nfrom . import e as f\nfrom a import (\n    b,\n    c as d,\n)\n",
    "raise A(b) from (c)\n",
    "def f():\n    x = yield\n    y = yield from z\n    return\n",
    "print(f'{a}' 'b', f'{c!r:>{d}}')\n",
    "x = 1; \\\n  await y; z = 2\n",
    "async def f():\n    async with a:\n        if b:\n            await c  # d\n        # e\n    # f\n# g\n",
    "f(x for x in y)\n",
    "#!a\n\n# b\nx = await y; z\n\n\n# c\n@first\n# d\nasync def f():\n    await z\n\n    # e\n\n\nwith a: b\n# g\nc\n",
    "x = (a, b), ((c, d))\n",
    "[a, *b] = c\n",
]
if sys.version_info >= (3, 11):
    SNIPPETS.append("try:\n    pass\nexcept* OSError as e:\n    pass\n")
if sys.version_info >= (3, 12):
    SNIPPETS.append("type A[T] = list[T]\ndef f[T](a: T): pass\nclass B[T](C): pass\n")


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_asyncio_itself(path: Path) -> None:
    assert list(found_wrong(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_tricky_code(snippet: str) -> None:
    assert list(found_wrong(snippet)) == []


@pytest.mark.parametrize("snippet", SNIPPETS[:8])
def test_the_same_deeper(snippet: str) -> None:
    assert list(found_wrong("async def outer():\n" + textwrap.indent(snippet, "\t"))) == []


def test_nothing_is_found_where_there_is_nothing() -> None:
    text = "async def f():\n    await x\n"
    module = cst.parse_module(text)
    places = Places(module, {})
    await_mark = mark(ast.parse(text).body[0].body[0].value)  # type: ignore[attr-defined]
    assert isinstance(places.find(await_mark), cst.Await)
    assert places.find(await_mark._replace(node="Call")) is None
    assert places.find(await_mark._replace(span=await_mark.span._replace(column=5))) is None


def found_wrong(text: str) -> Iterator[str]:
    module = cst.parse_module(text)
    places, lines = Places(module, {}), split_lines(text)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ELSEWHERE) or not (hasattr(node, "lineno") or isinstance(node, ast.withitem)):
            continue
        found = places.find(in_characters(mark(node), lines))
        if found is None:
            if not isinstance(node, NOT_ALL_FOUND):
                yield f"line {getattr(node, 'lineno', '')}: {ast.dump(node)} is not found"
        elif not is_same(node, found, module):
            yield f"line {getattr(node, 'lineno', '')}: {ast.dump(node)} is found as {module.code_for_node(found)!r}"


def is_same(node: ast.AST, found: cst.CSTNode, module: cst.Module) -> bool:
    """Tell whether the code of what was found, parsed by itself, is the node."""
    written = module.code_for_node(found).strip().rstrip(SEPARATORS)
    match node:
        case ast.ExceptHandler():
            star = "*" if isinstance(found, cst.ExceptStarHandler) else ""
            assert written.startswith(f"except{star}")
            again: ast.AST = ast.parse(f"try:\n    pass\n{written}").body[0].handlers[0]  # type: ignore[attr-defined]
        case ast.If():
            again = ast.parse(written.removeprefix("el")).body[0]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            # Their statements are compared by themselves.
            return cst.ensure_type(found, cst.ClassDef | cst.FunctionDef).name.value == node.name
        case ast.stmt():
            again = ast.parse(written).body[0]
        case ast.withitem():
            again = ast.parse(f"with {written.rstrip(COMMAS)}: pass").body[0].items[0]  # type: ignore[attr-defined]
        case ast.keyword() | ast.Starred():
            return undirected(node.value) in undirected(ast.parse(f"f({written.rstrip(COMMAS)})"))
        case ast.arg():
            return written.lstrip("* ").startswith(node.arg)
        case ast.alias():
            return written.startswith(node.name)
        case ast.expr():
            again = ast.parse(f"({written})", mode="eval").body
            return undirected(again) == undirected(node)
        case _:
            return False
    return ast.dump(again) == ast.dump(node)


def undirected(node: ast.AST) -> str:
    """Return the dump of an expression that is read, for one that may be assigned to."""
    return ast.dump(node).replace("Store()", "Load()").replace("Del()", "Load()")
