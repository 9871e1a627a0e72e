"""What of agents and analysers is on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from forkjoin.agents import Coded, cards, dialect, found_agents, names
from forkjoin.errors import ForkjoinError
from forkjoin.model import AnalyserCard


@dataclass(frozen=True, kw_only=True)
class KnownAgent:
    """An agent that plans may name (`driven`), or a coding agent's program that this version does not drive."""

    name: str
    driven: bool
    found: bool
    path: str = ""
    version: str = ""
    how: str = ""
    note: str = ""


def known_agents() -> tuple[KnownAgent, ...]:
    """Return the agents of this version and what their probes say, then other agents' programs found on the PATH."""
    ours = tuple(_probed(name) for name in names())
    taken = {agent.name for agent in ours}
    others = tuple(
        KnownAgent(name=found.name, driven=False, found=True, path=found.path, note="not driven by this version")
        for found in found_agents()
        if found.name not in taken
    )
    return ours + others


def only_agent() -> str:
    """Return the coding agent that is here and logged in, where it is the only one; else "". Starts no program."""
    here = [dialect(found.name) for found in found_agents() if found.name in names()]
    logged_in = [one.name for one in here if isinstance(one, Coded) and one.coding.logged_in()]
    return logged_in[0] if len(logged_in) == 1 else ""


def known_analysers() -> tuple[AnalyserCard, ...]:
    """Return the offline analysers, those that are not installed too."""
    return cards()


def _probed(name: str) -> KnownAgent:
    try:
        probe = dialect(name).probe()
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
    )
