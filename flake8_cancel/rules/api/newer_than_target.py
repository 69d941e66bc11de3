"""A name of asyncio is used that the oldest Python the code must run on does not have.

Why:
    ``TaskGroup``, ``timeout()``, ``Runner``, ``Task.cancelling()`` and ``Task.uncancel()`` came with Python 3.11.
    Before it they raise AttributeError or ImportError, often in a path that only a timeout or a cancellation takes.
    ``cancel()`` takes a message since Python 3.9; before it a message is a TypeError, and nothing is cancelled.

Bad:
    # target: 3.10
    import asyncio


    async def fetch(session, url):
        async with asyncio.timeout(10):
            return await session.get(url)

Good:
    # target: 3.10
    import asyncio


    async def fetch(session, url):
        return await asyncio.wait_for(session.get(url), 10)

Fix:
    None: a backport, another call or a newer Python is a decision about the whole project.

Not found:
    Files that ask for the name or for the Python that has it, imports whose failure is caught, and annotations that are
    never evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.patterns import Before, Matching
from flake8_cancel.code.timed_traces import has_timeout_scope
from flake8_cancel.code.younger import MESSAGE, YOUNGER, began, gives_message, younger_imports, younger_use
from flake8_cancel.rule import Finding, Module, Rule

_MESSAGE = Matching(r"cancel\s*\(\s*[^\s)]", "cancel")


class NewerThanTarget(Rule):
    code = "CNL210"
    needs = ()
    file_needs = (
        ("asyncio", "contextlib"),
        (
            *(Before(version, name.rpartition(".")[2]) for name, version in YOUNGER.items() if "timeout" not in name),
            Before(YOUNGER["asyncio.timeout"], has_timeout_scope),
            Before(MESSAGE, _MESSAGE),
        ),
    )
    visits = (ast.Attribute, ast.Call, ast.ImportFrom)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        if isinstance(node, ast.ImportFrom):
            for alias, name in younger_imports(module, node):
                yield self.finding(alias, _message(name, module))
        elif isinstance(node, ast.Call):
            if gives_message(module, node):
                target = ".".join(map(str, module.facts.target))
                yield self.finding(
                    node, f"cancel() takes a message since Python 3.9, and this code must run on {target}; leave it out"
                )
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            used = younger_use(module, node)
            if used is not None:
                yield self.finding(node, _message(used, module))


def _message(name: str, module: Module) -> str:
    version, target = (".".join(map(str, found)) for found in (began(name) or (), module.facts.target))
    return f"{name} came with Python {version}, and this code must run on {target}; guard it or do without"
