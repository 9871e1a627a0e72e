"""What `doctor` says of what a run is made with: agents, analysers, extras, and the settings that were made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from forkjoin.engine.doctor.fact import Fact
from forkjoin.engine.known import KnownAgent, known_agents, known_analysers
from forkjoin.engine.settings import Settings

_OF_EXTRA = re.compile(r"([\w.-]+).*;.*\bextra == ['\"]([\w-]+)['\"]")


def equipment(settings: Settings) -> Iterator[Fact]:
    """Yield a fact for each: none of them keeps forkjoin from running, a lack of analysers is worth a warning."""
    yield from _agents()
    yield _analysers()
    yield from _extras()
    made = [f"{name} ({settings.places.get(name, origin)})" for name, origin in settings.origins.items()]
    yield Fact(name="settings", verdict="ok", seen=", ".join(made) or "all at their defaults",
               remedy="their values: forkjoin doctor --settings")  # fmt: skip


def _agents() -> Iterator[Fact]:
    agents = known_agents()
    said = [f"{agent.name} {agent.version}".strip() for agent in agents if agent.driven and agent.found]
    lacking = [agent.name for agent in agents if agent.driven and not agent.found]
    others = [agent.name for agent in agents if not agent.driven]
    hints = [f"not here: {', '.join(lacking)}"] if lacking else []
    hints += [f"found, but not driven by this version: {', '.join(others)}"] if others else []
    yield Fact(name="agents", verdict="ok", seen=", ".join(said) or "none",
               remedy=f"{'; '.join(hints)} (see: forkjoin agents)" if hints else "")  # fmt: skip
    for agent in agents:
        if agent.features and agent.found:
            yield _log_in(agent)


def _log_in(agent: KnownAgent) -> Fact:
    if agent.how:
        return Fact(name=agent.name, verdict="ok", seen=f"logged in by {agent.how}",
                    remedy=f"more: forkjoin agents --explain {agent.name}")  # fmt: skip
    return Fact(name=agent.name, verdict="warning", seen="no log-in was found", remedy=agent.note)


def _analysers() -> Fact:
    cards = known_analysers()
    found = [card.name for card in cards if card.found]
    missing = [card.name for card in cards if not card.found]
    return Fact(name="analysers", verdict="ok" if found else "warning", seen=", ".join(found) or "none",
                remedy=f"not here: {', '.join(missing)} (see: forkjoin agents)" if missing else "")  # fmt: skip


def _extras() -> Iterator[Fact]:
    """Yield which extras of this installation are whole, and the command that adds the others."""
    try:
        needs = _needs()
    except PackageNotFoundError:  # run from a source tree that nobody installed
        return
    lacking = {name: [one for one in packages if not _installed(one)] for name, packages in needs.items()}
    whole = [name for name, packages in lacking.items() if not packages]
    hints = [f"{name} lacks {', '.join(packages)}: pip install 'forkjoin[{name}]'"
             for name, packages in lacking.items() if packages]  # fmt: skip
    yield Fact(name="extras", verdict="ok", seen=", ".join(whole) or "none", remedy="; ".join(hints))


def _needs() -> dict[str, list[str]]:
    """Return the packages of each extra but `all`."""
    named, wanted = metadata("forkjoin").get_all("Provides-Extra") or [], requires("forkjoin") or []
    needs: dict[str, list[str]] = {name: [] for name in named if name != "all"}
    for found in filter(None, map(_OF_EXTRA.match, wanted)):
        if found[2] in needs:
            needs[found[2]].append(found[1])
    return needs


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
