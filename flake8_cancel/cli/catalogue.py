"""``--explain`` and ``--rules``: the rules' own documentation."""

from __future__ import annotations

from flake8_cancel import registry


def explanation(code: str) -> str | None:
    """Return the documentation of a rule, None when there is no such rule.

    Args:
        code: the rule's code or name, in any case.
    """
    for entry in registry.entries():
        if code.lower() in (entry.code.lower(), entry.name):
            return f"{entry.code} {entry.name}\n\n{entry.documentation}\n"
    return None


def listing() -> str:
    """Return one line a rule: code, name, summary."""
    entries = registry.entries()
    width = max((len(entry.name) for entry in entries), default=0)
    return "".join(f"{entry.code}  {entry.name:<{width}}  {entry.summary}\n" for entry in entries)
