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


def no_servers(home: Path, own: Path, tree: Path) -> Iterator[Seen]:
    """Yield nothing: it has none."""
    del home, own, tree
    return iter(())


def no_keys(own: Path) -> Iterator[str]:
    """Yield nothing: its settings name none."""
    del own
    return iter(())


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where an agent looks: below its own folder (`home`, moved by the variable `moved_by`) and below the project.

    `servers` yields its MCP servers. `keys` are the variables in which its settings say that a key is, "" for one that
    stands there itself, or need not be.
    """

    home: str
    moved_by: str
    own: tuple[tuple[Kind, str], ...]
    project: tuple[tuple[Kind, str], ...]
    servers: Callable[[Path, Path, Path], Iterator[Seen]] = no_servers  # of HOME, its own folder, the project
    keys: Callable[[Path], Iterator[str]] = no_keys  # of its own folder

    def folder(self, home: Path, environ: Mapping[str, str]) -> Path:
        """Return its own folder."""
        moved = environ.get("XDG_CONFIG_HOME", "") if self.home.startswith(_CONFIG) else ""
        usual = Path(moved, self.home.removeprefix(_CONFIG)) if moved else home / self.home
        return Path(environ.get(self.moved_by) or usual)

    def named_keys(self, home: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
        """Return what `keys` says of its settings; nothing where they cannot be read."""
        try:
            return tuple(dict.fromkeys(self.keys(self.folder(home, environ))))
        except (OSError, ValueError):
            return ()


def seen_by(places: Places, *, tree: Path, home: Path, environ: Mapping[str, str]) -> tuple[Seen, ...]:
    """Return what a coding agent that looks at *places* and starts in *tree* reads.

    Only files that are there are named; what an organisation's administrator set is not looked for.
    """
    own = places.folder(home, environ)
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
        read_settings(path)
    except (OSError, ValueError) as error:
        return f"cannot be read: {error}"
    return ""


def read_settings(path: Path) -> dict[str, Any]:
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


def servers_at(path: Path, *keys: str) -> Iterator[Seen]:
    """Yield the servers whose names are the keys of the table at *keys* of a settings file."""
    try:
        at: Any = read_settings(path)
        for key in keys:
            at = at.get(key) if isinstance(at, dict) else None
    except (OSError, ValueError) as error:
        yield Seen(kind="mcp server", name="?", file=str(path), trouble=f"cannot be read: {error}")
        return
    for name, said in at.items() if isinstance(at, dict) else ():
        off = isinstance(said, dict) and (said.get("enabled") is False or said.get("disabled") is True)
        yield Seen(kind="mcp server", name=str(name), file=str(path), trouble="turned off there" if off else "")
