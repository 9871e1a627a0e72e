"""`forkjoin agents`."""

from __future__ import annotations

from dataclasses import dataclass

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
    from forkjoin.engine import found_agents
    from forkjoin.engine.prepare import cards as analyser_cards  # type: ignore[attr-defined] # the engine lends them
    from forkjoin.engine.prepare import names as agent_names  # type: ignore[attr-defined] # likewise

    found, cards = list(found_agents()), analyser_cards()
    if ask.json:
        data_json(
            {
                "forkjoin": 1,
                "agents": list(agent_names()),
                "found": [{"name": name, "path": path} for name, path in found],
                "analysers": cards,
            }
        )
        return 0
    data(f"agents of this version: {', '.join(agent_names())} (and shell: a command line)")
    data("coding agents found on this machine (not driven yet by this version):" if found else "no coding agent found")
    for name, path in found:
        data(f"  {name:10} {path}")
    data("analysers:")
    for card in cards:
        here = "" if card.found else f"  [not found; {card.hint}]"
        data(f"  {card.name:20} {', '.join(card.perspectives)}: {card.description}{here}")
    return 0
