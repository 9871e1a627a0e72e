"""What a coding agent will see where it starts: settings, instructions, skills, MCP servers. Names only, no values."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["settings", "instructions", "skill", "mcp server"]
_CONFIG = ".config/"  # which XDG_CONFIG_HOME moves
_MOST = 1024 * 1024  # bytes of a settings file that are read


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One thing that an agent reads at its start. `file` is where it stands; `trouble` why it will not be read."""

    kind: Kind
    name: str
    file: str
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Where an agent looks: below its own folder (`home`, moved by the variable `moved_by`) and below the project."""

    home: str
    moved_by: str
    own: tuple[tuple[Kind, str], ...]
    project: tuple[tuple[Kind, str], ...]
    servers: Callable[[Path, Path, Path], Iterator[Seen]]  # of the user's HOME, of its own folder, of the project


def seen_by(agent: str, *, tree: Path, home: Path, environ: Mapping[str, str]) -> tuple[Seen, ...]:
    """Return what a coding agent that starts in *tree* reads; nothing of an agent that is no coding agent.

    Only files that are there are named; what an organisation's administrator set is not looked for.
    """
    places = _PLACES.get(agent)
    if places is None:
        return ()
    moved = environ.get("XDG_CONFIG_HOME", "") if places.home.startswith(_CONFIG) else ""
    usual = Path(moved, places.home.removeprefix(_CONFIG)) if moved else home / places.home
    own = Path(environ.get(places.moved_by) or usual)
    found = [*_files(own, places.own), *_files(tree, places.project), *places.servers(home, own, tree)]
    order: tuple[Kind, ...] = ("settings", "instructions", "skill", "mcp server")
    return tuple(sorted(found, key=lambda one: order.index(one.kind)))


def _files(folder: Path, wanted: tuple[tuple[Kind, str], ...]) -> Iterator[Seen]:
    for kind, pattern in wanted:
        try:
            paths = sorted(folder.glob(pattern)) if "*" in pattern else [folder / pattern]
            there = [path for path in paths if path.is_file()]
        except OSError:
            continue
        for path in there:
            name = path.parent.name if path.name == "SKILL.md" else path.name
            yield Seen(kind=kind, name=name, file=str(path), trouble=_trouble(path) if kind == "settings" else "")


def _trouble(path: Path) -> str:
    if path.suffix not in (".json", ".toml"):
        return ""
    try:
        _read(path)
    except (OSError, ValueError) as error:
        return f"cannot be read: {error}"
    return ""


def _read(path: Path) -> dict[str, Any]:
    """Return a settings file; {} where it is not there. Raises OSError, ValueError."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST + 1)
    except FileNotFoundError:
        return {}
    if len(raw) > _MOST:
        raise ValueError("it is larger than 1 MiB")
    text = raw.decode("utf-8-sig")
    try:
        found = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text or "{}")
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return found if isinstance(found, dict) else {}


def _named(path: Path, *keys: str) -> Iterator[Seen]:
    """Yield the servers whose names are the keys of the table at *keys* of a settings file."""
    try:
        at: Any = _read(path)
        for key in keys:
            at = at.get(key) if isinstance(at, dict) else None
    except (OSError, ValueError) as error:
        yield Seen(kind="mcp server", name="?", file=str(path), trouble=f"cannot be read: {error}")
        return
    for name, said in at.items() if isinstance(at, dict) else ():
        off = isinstance(said, dict) and (said.get("enabled") is False or said.get("disabled") is True)
        yield Seen(kind="mcp server", name=str(name), file=str(path), trouble="turned off there" if off else "")


def _claude(home: Path, own: Path, tree: Path) -> Iterator[Seen]:
    # Its own folder, where it was moved, holds this file too.
    main = own / ".claude.json" if own != home / ".claude" else home / ".claude.json"
    yield from _named(main, "mcpServers")
    yield from _named(main, "projects", str(tree.resolve()), "mcpServers")
    yield from _named(tree / ".mcp.json", "mcpServers")


def _codex(home: Path, own: Path, tree: Path) -> Iterator[Seen]:
    del home
    yield from _named(own / "config.toml", "mcp_servers")
    yield from _named(tree / ".codex" / "config.toml", "mcp_servers")


def _opencode(home: Path, own: Path, tree: Path) -> Iterator[Seen]:
    del home
    for folder in (own, tree, tree / ".opencode"):
        yield from _named(folder / "opencode.json", "mcp")


def _nothing(home: Path, own: Path, tree: Path) -> Iterator[Seen]:
    del home, own, tree
    return iter(())


_PLACES = {
    "claude": _Places(
        home=".claude", moved_by="CLAUDE_CONFIG_DIR", servers=_claude,
        own=(("settings", "settings.json"), ("instructions", "CLAUDE.md"), ("skill", "skills/*/SKILL.md")),
        project=(("settings", ".claude/settings.json"), ("settings", ".claude/settings.local.json"),
                 ("instructions", "CLAUDE.md"), ("instructions", ".claude/CLAUDE.md"),
                 ("instructions", "CLAUDE.local.md"), ("skill", ".claude/skills/*/SKILL.md")),
    ),
    "codex": _Places(
        home=".codex", moved_by="CODEX_HOME", servers=_codex,
        own=(("settings", "config.toml"), ("instructions", "AGENTS.override.md"), ("instructions", "AGENTS.md"),
             ("skill", "skills/*/SKILL.md")),
        project=(("settings", ".codex/config.toml"), ("instructions", "AGENTS.override.md"),
                 ("instructions", "AGENTS.md"), ("skill", ".agents/skills/*/SKILL.md")),
    ),
    "opencode": _Places(
        home=".config/opencode", moved_by="OPENCODE_CONFIG_DIR", servers=_opencode,
        own=(("settings", "opencode.json"), ("settings", "opencode.jsonc"), ("instructions", "AGENTS.md"),
             ("skill", "skill*/*/SKILL.md")),
        project=(("settings", "opencode.json"), ("settings", "opencode.jsonc"), ("settings", ".opencode/opencode.json"),
                 ("instructions", "AGENTS.md"), ("skill", ".opencode/skill*/*/SKILL.md"),
                 ("skill", ".claude/skills/*/SKILL.md")),
    ),
    "pi": _Places(
        home=".pi/agent", moved_by="PI_CODING_AGENT_DIR", servers=_nothing,
        own=(("settings", "settings.json"), ("settings", "models.json"), ("instructions", "AGENTS.md"),
             ("skill", "skills/*/SKILL.md")),
        project=(("settings", ".pi/settings.json"), ("instructions", "AGENTS.md"), ("instructions", "CLAUDE.md"),
                 ("skill", ".pi/skills/*/SKILL.md")),
    ),
}  # fmt: skip
