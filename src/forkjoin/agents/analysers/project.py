"""Where a project's own configuration of a tool stands: in the tree's folder, or above it in the same repository."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal


def folders_up(root: str) -> tuple[Path, ...]:
    """Return the tree's folder and those above it up to the top of its repository; outside one the folder alone."""
    here = Path(root)
    above: list[Path] = []
    for folder in (here, *here.parents):
        above.append(folder)
        if (folder / ".git").exists():
            return tuple(above)
    return (here,)


def toml_of(path: Path) -> dict[str, Any] | Literal["broken"] | None:
    """Return a TOML file's content, None where there is no such file, "broken" where it is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return "broken"


def tool_table(pyproject: Path, tool: str) -> dict[str, Any] | Literal["broken"] | None:
    """Return `[tool.<tool>]` of one file, None where it has none, "broken" where the file is no TOML."""
    whole = toml_of(pyproject)
    if not isinstance(whole, dict):
        return whole
    tools = whole.get("tool")
    if not isinstance(tools, dict) or tool not in tools:
        return None
    return tools[tool] if isinstance(tools[tool], dict) else "broken"
