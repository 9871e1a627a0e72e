"""The programs we install into: where each looks for skills and agents, and what we put there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forkjoin.engine.installing.definitions import definitions

Files = Mapping[str, str]  # a file of the plugin folder -> its text


@dataclass(frozen=True, kw_only=True)
class Host:
    """One program: its command, its folder, and the files it gets there, by their paths below that folder.

    `merges` is what goes into a JSON file of its own, as key, key, value; of the names in `merged_into` the first that
    exists is meant, else the first. It is given whether our MCP server can be started here.
    """

    program: str
    folder: Callable[[Mapping[str, str]], Path]
    files: Callable[[Files], dict[str, str]]
    merged_into: tuple[str, ...] = ()
    merges: Callable[[bool], tuple[str, str, Any]] | None = None


def _under(variable: str, *below: str) -> Callable[[Mapping[str, str]], Path]:
    """Return what finds a folder: the variable's where it is set, else the one below HOME."""

    def folder(environ: Mapping[str, str]) -> Path:
        named = environ.get(variable, "") if variable else ""
        return Path(named) if named else Path(environ.get("HOME") or "~").expanduser().joinpath(*below)

    return folder


def _opencode_folder(environ: Mapping[str, str]) -> Path:
    return _under("XDG_CONFIG_HOME", ".config")(environ) / "opencode"


def _skill(files: Files) -> dict[str, str]:
    return {name: text for name, text in files.items() if name.startswith("skills/")}


def _agents(form: str) -> dict[str, str]:
    return {f"agents/{name}": text for name, text in definitions(form).items()}


HOSTS: dict[str, Host] = {
    "claude": Host(
        program="claude",
        folder=_under("CLAUDE_CONFIG_DIR", ".claude"),
        files=lambda files: _skill(files) | _agents("claude"),
    ),
    "codex": Host(
        program="codex",
        folder=_under("CODEX_HOME", ".codex"),
        files=lambda files: _skill(files) | _agents("codex"),
    ),
    "gemini": Host(
        program="gemini",
        folder=_under("", ".gemini"),
        files=lambda files: {
            f"extensions/forkjoin/{name}": text
            for name, text in ({"gemini-extension.json": files["gemini-extension.json"]} | _skill(files)).items()
        },
    ),
    "opencode": Host(
        program="opencode",
        folder=_opencode_folder,
        files=lambda files: _skill(files) | _agents("opencode"),
        merged_into=("opencode.json", "opencode.jsonc"),
        merges=lambda served: (
            "mcp", "forkjoin", {"type": "local", "command": ["forkjoin", "mcp"], "enabled": served},
        ),
    ),
    "pi": Host(program="pi", folder=_under("PI_CODING_AGENT_DIR", ".pi", "agent"), files=_skill),
}  # fmt: skip
