"""What a project tells ruff to ignore: `--select` on a command line overrides it, so it is read and handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from forkjoin.agents.analysers.analyser import Look
from forkjoin.agents.analysers.project import toml_of, tool_table

_NAMES = (".ruff.toml", "ruff.toml", "pyproject.toml")  # the first in a folder wins, as in ruff
_CHAIN = 8


@dataclass(frozen=True, kw_only=True)
class Configured:
    """The settings of one configuration: its folder ("" = the tree and what is above), what it ignores, whether it
    asks for documentation rules."""

    folder: str
    ignores: tuple[str, ...]
    docs: bool


def configured(look: Look) -> tuple[Configured, ...]:
    """Return the configurations in force in the tree, the topmost first; of a broken one ruff itself complains."""
    found: dict[str, Configured] = {}
    folders = {str(PurePosixPath(path).parent) for path in look.configs if PurePosixPath(path).name in _NAMES}
    for folder in sorted(folders):
        settings = _in_folder(Path(look.root, folder))
        if settings is not None:
            name = "" if folder == "." else folder
            found[name] = _configured(name, settings)
    if "" not in found:
        above = (_in_folder(folder) for folder in Path(look.root).parents)
        inherited = next((settings for settings in above if settings is not None), {})
        found = {"": _configured("", inherited), **found}
    return tuple(found.values())


def ignored_by_path(configs: tuple[Configured, ...]) -> dict[str, tuple[str, ...]]:
    """Return ruff's per-file-ignores that say the same: a folder's own configuration replaces the one above it."""
    out: dict[str, tuple[str, ...]] = {}
    for config in configs:
        if not config.ignores:
            continue
        nested = [c.folder for c in configs if c.folder != config.folder and _within(c.folder, config.folder)]
        if config.folder == "" and nested:
            out["!{" + ",".join(f"{_literal(folder)}/**" for folder in nested) + "}"] = config.ignores
        else:
            out[f"{_literal(config.folder)}/**" if config.folder else "**"] = config.ignores
    return out


def _within(folder: str, above: str) -> bool:
    return above == "" or folder.startswith(f"{above}/")


def _literal(folder: str) -> str:
    return "".join(f"[{char}]" if char in "*?[]{},!" else char for char in folder)


def _in_folder(folder: Path) -> dict[str, Any] | None:
    for name in _NAMES:
        settings = _table(folder / name)
        if settings is not None:
            return _extended(settings, folder, _CHAIN)
    return None


def _table(path: Path) -> dict[str, Any] | None:
    """Return ruff's settings in one file, None where it has none."""
    table = tool_table(path, "ruff") if path.name == "pyproject.toml" else toml_of(path)
    return table if isinstance(table, dict) else None


def _extended(settings: dict[str, Any], folder: Path, left: int) -> dict[str, Any]:
    """Return the settings with those of the file they extend below them."""
    target = settings.get("extend")
    if not isinstance(target, str) or left == 0:
        return settings
    path = folder / Path(target).expanduser()
    below = _table(path)
    if below is None:
        return settings
    below = _extended(below, path.parent, left - 1)
    lint = {**_lint(below), **_lint(settings)}
    lint["ignore"] = [
        *_codes(_lint(settings), "ignore", "extend-ignore"),
        *_codes(_lint(below), "ignore", "extend-ignore"),
    ]
    return {"lint": lint}


def _configured(folder: str, settings: Mapping[str, Any]) -> Configured:
    lint = _lint(settings)
    chosen = _codes(lint, "select", "extend-select")
    return Configured(
        folder=folder,
        ignores=tuple(dict.fromkeys(_codes(lint, "ignore", "extend-ignore"))),
        docs="pydocstyle" in lint or any(code == "ALL" or code.rstrip("0123456789") == "D" for code in chosen),
    )


def _lint(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the linter: those at the top are the old spelling of those under `lint`."""
    lint = settings.get("lint", {})
    return {**settings, **lint} if isinstance(lint, dict) else dict(settings)


def _codes(lint: Mapping[str, Any], *keys: str) -> list[str]:
    listed = [lint[key] for key in keys if isinstance(lint.get(key), list)]
    return [code for codes in listed for code in codes if isinstance(code, str)]
