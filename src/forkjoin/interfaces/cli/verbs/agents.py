"""`forkjoin agents`."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from msgspec import structs

from forkjoin.interfaces.cli.asking import Asked
from forkjoin.interfaces.cli.talk import data, data_json

EXAMPLES = (
    ("forkjoin agents", "what is here, and how to get what is not"),
    ("forkjoin agents --json", "for a program"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """List the agents this version drives, the coding agents found on this machine, and the offline analysers."""


def act(ask: Ask) -> int:
    """List them."""
    from forkjoin.engine import known_agents, known_analysers

    agents, cards = known_agents(), known_analysers()
    if ask.json:
        # every field, those at their default too
        shown = [structs.asdict(card) for card in cards]
        data_json({"forkjoin": 1, "agents": [asdict(agent) for agent in agents], "analysers": shown})
        return 0
    data("agents of this version:")
    for agent in agents:
        if agent.driven:
            data(_line(agent.name, agent.found, agent.note))
    others = [agent for agent in agents if not agent.driven]
    data("coding agents found on this machine (not driven yet by this version):" if others else "no coding agent found")
    for agent in others:
        data(f"  {agent.name:20} {agent.path}")
    data("analysers:")
    for card in cards:
        data(_line(card.name, card.found, card.description if card.found else card.hint))
    return 0


def _line(name: str, found: bool, note: str) -> str:
    return f"  {name:20} {note if found else f'not found; {note}'}".rstrip()
