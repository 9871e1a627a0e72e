"""Where a project's own configuration of a tool stands: in the tree's folder, or above it in the same repository."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
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


def homes(root: str, files: Sequence[str], names: Collection[str]) -> tuple[str, ...]:
    """Return the topmost folders of a tree, "" for its own, that hold one of *names*; above them lies none.

    The tree's own folder counts too where a folder above it, up to the top of its repository, holds one.
    """
    if any((folder / name).is_file() for folder in folders_up(root) for name in names):
        return ("",)
    folders = {
        "/".join(parts[:depth]) for path in files for parts in (path.split("/"),) for depth in range(1, len(parts))
    }
    found: list[str] = []
    for folder in sorted(folders):
        below = any(folder.startswith(f"{home}/") for home in found)
        if not below and "\n" not in folder and any((Path(root) / folder / name).is_file() for name in names):
            found.append(folder)
    return tuple(found)


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
