"""Modules that stay unread until something of them is asked for."""

from __future__ import annotations

import importlib
import sys
import types

# Not typing's own, which takes longer to import than a run in which nothing changed.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def postpone(name: str) -> None:
    """Let a module be read when something of it is asked for, and not when it is imported.

    ``importlib.util.LazyLoader`` does not do: a second ``import`` looks at ``__spec__``, and that reads the module.

    Args:
        name: the module's whole name. Nothing happens if it was read before.
    """
    if name in sys.modules:
        return
    module = sys.modules[name] = _Postponed(name)
    package, _, own = name.rpartition(".")
    if package:
        setattr(importlib.import_module(package), own, module)


class _Postponed(types.ModuleType):
    """Stands for a module until one of its names is asked for, and makes place for it then."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        # Who holds the stand-in already, as `import *` does, finds all names in it.
        vars(self).update(vars(module))
        return getattr(module, name)
