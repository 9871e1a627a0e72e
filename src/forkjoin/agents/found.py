"""Which agent programs are on this machine: a name and a path, nothing is started."""

from __future__ import annotations

from collections.abc import Mapping
from shutil import which
from typing import NamedTuple

from forkjoin.agents.table import coders

# Those that no dialect drives: known, so that they can be named.
OTHERS: dict[str, str] = {
    "gemini": "gemini",
    "copilot": "copilot",
    "cursor": "cursor-agent",
    "qwen": "qwen",
    "amp": "amp",
    "goose": "goose",
    "aider": "aider",
}


class FoundAgent(NamedTuple):
    """An agent program: the agent's name, and where its program lies."""

    name: str
    path: str


def found_agents(environ: Mapping[str, str] | None = None) -> tuple[FoundAgent, ...]:
    """Return the agent programs on the PATH of *environ* (of this process where None); those we drive come first."""
    ours = {name: one.coding.program for name, one in coders().items()}
    programs = ours | {name: program for name, program in OTHERS.items() if name not in ours}
    path = None if environ is None else environ.get("PATH", "")
    found = ((name, which(program, path=path)) for name, program in programs.items())
    return tuple(FoundAgent(name, where) for name, where in found if where is not None)
