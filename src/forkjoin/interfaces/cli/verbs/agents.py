"""`forkjoin agents`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING

from msgspec import structs

from forkjoin.interfaces.cli.asking import Asked
from forkjoin.interfaces.cli.talk import data, data_json, line_width

if TYPE_CHECKING:
    from forkjoin.engine import KnownAgent

EXAMPLES = (
    ("forkjoin agents", "what is here, and how to get what is not"),
    ("forkjoin agents --json", "for a program"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """List the agents this version drives, the coding agents found on this machine, analysers, and perspectives.

    A project adds a perspective by .forkjoin/perspectives/NAME.md, a user by perspectives/NAME.md in the settings
    folder: what to look for, in Markdown.
    """


def act(ask: Ask) -> int:
    """List them."""
    from forkjoin.engine import known_agents, known_analysers, known_perspectives

    perspectives = known_perspectives(ask.tree)
    agents, cards = [each for agent in known_agents() for each in _with_alias(agent)], known_analysers()
    if ask.json:
        # every field, those at their default too
        shown = [structs.asdict(card) for card in cards]
        looks = [asdict(one) for one in perspectives]
        data_json(
            {"forkjoin": 1, "agents": [asdict(agent) for agent in agents], "analysers": shown, "perspectives": looks}
        )
        return 0
    data("agents of this version:")
    for agent in agents:
        if agent.driven:
            _print(_lines(agent.name, agent.found, _about(agent)))
    others = [agent for agent in agents if not agent.driven]
    if others:
        data("other coding agents found here (not driven yet by this version):")
    for agent in others:
        data(f"  {agent.name:20} {agent.path}")
    data("analysers:")
    for card in cards:
        _print(_lines(card.name, card.found, card.description if card.found else card.hint))
    data("perspectives (review -p NAME, perspectives: in a plan):")
    for one in perspectives:
        said = one.description if one.origin == "built in" else f"{one.description} ({one.origin})"
        _print(_lines(one.name, True, said))
    return 0


def _about(agent: KnownAgent) -> str:
    """Return what is said of an agent: of a program its version and log-in, or how to get there."""
    if not agent.path or not agent.version:
        return agent.note
    return f"{agent.version}, " + (f"logged in by {agent.how}" if agent.how else f"not logged in; {agent.note}")


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        data(line)


def _with_alias(agent: KnownAgent) -> list[KnownAgent]:
    """A command goes by two names: `-a shell` makes shell lines of prompts."""
    if agent.name != "command":
        return [agent]
    return [agent, replace(agent, name="shell", note="the same for -a: each -t PROMPT is a shell line")]


def _lines(name: str, found: bool, note: str) -> Iterator[str]:
    said = note if found else f"not found; {note or 'install its program'}"
    head, width = f"  {name:20} ", line_width()
    yield from wrap(said, max(40, width), initial_indent=head, subsequent_indent=" " * len(head)) or [head.rstrip()]
