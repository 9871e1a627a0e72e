"""What of agents and analysers is on this machine, what each agent will see here, and what it lacks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from forkjoin.agents import (
    Coded,
    Coding,
    Feature,
    Seen,
    cards,
    coders,
    dialect,
    features,
    found_agents,
    is_known,
    names,
    seen_by,
)
from forkjoin.errors import ForkjoinError, UnknownId
from forkjoin.model import AnalyserCard


class KnownAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that plans may name (`driven`), or a coding agent's program that this version does not drive."""

    name: str
    driven: bool
    found: bool
    path: str = ""
    version: str = ""
    how: str = ""
    note: str = ""
    features: tuple[Feature, ...] = ()


class ExplainedAgent(msgspec.Struct, frozen=True, kw_only=True):
    """A coding agent, what it will read where it starts, and the next step for each thing that it lacks here."""

    agent: KnownAgent
    sees: tuple[Seen, ...]
    next: tuple[str, ...]


def agent_names() -> tuple[str, ...]:
    """Return what `-a` takes in this version; nothing is asked whether it is here."""
    return (*names(), "shell")


def is_agent(name: str) -> bool:
    """Whether plans may name it; what other packages register is read only for a name that is not ours."""
    return name == "shell" or is_known(name)


def known_agents() -> tuple[KnownAgent, ...]:
    """Return the agents of this version and what their probes say, then other agents' programs found on the PATH."""
    ours = _all_probed(names())
    taken = {agent.name for agent in ours}
    others = tuple(
        KnownAgent(name=found.name, driven=False, found=True, path=found.path, note="not driven by this version")
        for found in found_agents()
        if found.name not in taken
    )
    return ours + others


def only_agent() -> str:
    """Return the coding agent that is here and logged in, where it is the only one; else "". Starts no program."""
    ours = coders()
    here = [ours[found.name] for found in found_agents() if found.name in ours]
    logged_in = [one.name for one in here if one.coding.logged_in()]
    return logged_in[0] if len(logged_in) == 1 else ""


def explained_agents(tree: Path, asked: Sequence[str] = ()) -> tuple[ExplainedAgent, ...]:
    """Return the coding agents that this version drives (those that are *asked* for) as they would start in *tree*.

    Raises UnknownId for a name that is no coding agent's.
    """
    ours = list(coders())
    for name in asked:
        if name not in ours:
            raise UnknownId("coding agent", name, ours)
    chosen = [name for name in ours if not asked or name in asked]
    return tuple(_explained(agent, coders()[agent.name].coding, tree.absolute()) for agent in _all_probed(chosen))


def _explained(agent: KnownAgent, coding: Coding, tree: Path) -> ExplainedAgent:
    if not agent.found:
        return ExplainedAgent(agent=agent, sees=(), next=(f"install it: {agent.note}",))
    sees = seen_by(coding.places, tree=tree, home=Path.home(), environ=os.environ)
    return ExplainedAgent(agent=agent, sees=sees, next=tuple(_steps(agent, coding, sees, tree)))


def _steps(agent: KnownAgent, coding: Coding, sees: Sequence[Seen], tree: Path) -> Iterator[str]:
    if not agent.version:
        yield f"it does not say its version: look at {agent.path} --version"
    if not agent.how:
        yield f"no log-in was found: {agent.note}"
    if withheld := ", ".join(coding.withheld()):
        yield f"its settings take a key from {withheld}, which tasks do not get: give it by pass_env: [{withheld}]"
    for file in dict.fromkeys(one.file for one in sees if one.trouble.startswith("cannot")):
        yield f"repair {file}: {next(one.trouble for one in sees if one.file == file)}"
    files = dict.fromkeys(Path(one.file) for one in sees)
    inside = [path.relative_to(tree).as_posix() for path in files if path.is_relative_to(tree)]
    if ignored := _ignored(tree, inside):
        said = ", ".join(ignored)
        yield f"git ignores {said}: a writer works in a clone, and lacks it; give it: carry: [{said}]"
    if coding.as_root and os.geteuid() == 0 and not os.environ.get(coding.as_root):
        yield f"it refuses permission: full to root; in a container of yours set {coding.as_root}=1"


def _ignored(tree: Path, files: Sequence[str]) -> list[str]:
    """Return those of *files* (relative to *tree*) that git ignores; none outside git."""
    if not files:
        return []
    asked = ["git", "-C", str(tree), "check-ignore", "-z", "--stdin"]
    try:
        said = subprocess.run(
            asked, input="\0".join(files).encode(), capture_output=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [name for name in said.decode("utf-8", "replace").split("\0") if name]


def known_analysers() -> tuple[AnalyserCard, ...]:
    """Return the offline analysers, those that are not installed too."""
    return cards()


def _all_probed(asked: Sequence[str]) -> tuple[KnownAgent, ...]:
    """Return what the probes of these say, in that order; they look side by side, for a program takes its time."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return tuple(pool.map(_probed, asked))


def _probed(name: str) -> KnownAgent:
    try:
        spoken = dialect(name)
        probe = spoken.probe()
    except ForkjoinError as error:
        return KnownAgent(name=name, driven=True, found=False, note=str(error))
    return KnownAgent(
        name=name,
        driven=True,
        found=probe.found,
        path=probe.path,
        version=probe.version,
        how=probe.how,
        note=probe.hint or probe.how,
        features=features(spoken.coding.features) if isinstance(spoken, Coded) else (),
    )
