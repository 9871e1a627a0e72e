"""The visible table of agents, one line each; those from outside register by the entry point group."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from forkjoin.agents.coding import Coded
from forkjoin.agents.dialect import Dialect
from forkjoin.errors import CannotHere, UnknownId
from forkjoin.model import AnalyserCard

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

AGENTS: dict[str, str] = {
    "claude": "forkjoin.agents.claude:ClaudeDialect",
    "codex": "forkjoin.agents.codex:CodexDialect",
    "opencode": "forkjoin.agents.opencode:OpencodeDialect",
    "pi": "forkjoin.agents.pi:PiDialect",
    "command": "forkjoin.agents.command:CommandDialect",
    "function": "forkjoin.agents.function:FunctionDialect",
    "static": "forkjoin.agents.static:StaticDialect",
    "sarif": "forkjoin.agents.sarif:SarifDialect",
}
GROUP = "forkjoin.agents"
_made: dict[str, Dialect] = {}
_PARTS = ("name", "answers", "probe", "invocation", "parse", "judge")


def names() -> tuple[str, ...]:
    """Return the agents that plans may name: ours first, then those other packages register."""
    return (*AGENTS, *sorted(set(_registered()) - set(AGENTS)))


def is_known(name: str) -> bool:
    """Whether it is one of `names`; what other packages register is read only for a name that is not ours."""
    return name in AGENTS or name in _registered()


def dialect(name: str) -> Dialect:
    """Return the agent of that name; raise UnknownId with the known ones, CannotHere where it cannot be loaded."""
    if name not in _made:
        _made[name] = _loaded(name)
    return _made[name]


def coders() -> dict[str, Coded]:
    """Return the dialects of the coding agents by name, ours first; none of a package that cannot be loaded."""
    found: dict[str, Coded] = {}
    for name in names():
        with suppress(CannotHere):
            made = dialect(name)
            if isinstance(made, Coded):
                found[name] = made
    return found


def cards(root: str = "", files: Sequence[str] = ()) -> tuple[AnalyserCard, ...]:
    """Return what the `static` agent can look at, which of its programs are here, and which apply to a tree."""
    from forkjoin.agents.analysers import cards as all_cards

    return all_cards(root, files)


def _loaded(name: str) -> Dialect:
    if name in AGENTS:
        module, _, attribute = AGENTS[name].partition(":")
        return cast(Dialect, getattr(import_module(module), attribute)())
    entry = _registered().get(name)
    if entry is None:
        raise UnknownId("agent", name, (*names(), "shell"))  # that a prompt is a shell line is for the engine to say
    return _from_outside(name, entry)


def _from_outside(name: str, entry: EntryPoint) -> Dialect:
    package = entry.dist.name if entry.dist is not None else entry.value
    try:
        found: Any = entry.load()
        made = found() if isinstance(found, type) or not hasattr(found, "invocation") else found
    except Exception as error:  # a broken package of somebody else must not end ours
        raise CannotHere(
            f"agent {name!r} of package {package!r} cannot be loaded ({type(error).__name__}: {error}); "
            f"repair or remove that package, or choose another agent"
        ) from error
    missing = [part for part in _PARTS if not hasattr(made, part)]
    if missing:
        raise CannotHere(
            f"agent {name!r} of package {package!r} lacks {', '.join(missing)}; install another release of that package"
        )
    return cast(Dialect, made)


def _registered() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}
