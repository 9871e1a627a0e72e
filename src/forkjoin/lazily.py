"""The names of a package, loaded when first asked for: who needs one of them does not load what the others need.

A package says each of its names once, one a line, in the form that means "public" to type checkers:

    if TYPE_CHECKING:
        from forkjoin.engine.run import Run as Run
    else:
        __getattr__, __all__ = lazily(__spec__)

Those lines are read at run time, too: a table beside them would say every name again, and `__all__` once more. Type
checkers do not see `__getattr__`, behind which they would take any name for one that is there.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec


def lazily(spec: ModuleSpec) -> tuple[Callable[[str], Any], list[str]]:
    """Return the `__getattr__` and the `__all__` that the imports of a package's file ask for."""
    loader: Any = spec.loader  # that of a folder and that of a zip both have get_data
    home: dict[str, str] = {}
    for line in loader.get_data(spec.origin).decode().split("\n"):
        match line.split():
            case ["from", module, "import", name, "as", public] if name == public:
                home[name] = module

    def load(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {spec.name!r} has no attribute {name!r}")
        return getattr(importlib.import_module(home[name]), name)

    return load, sorted(home)
