"""The visible table of analysers: a new one is its file and a line here."""

from __future__ import annotations

from forkjoin.agents.analysers.analyser import Analyser
from forkjoin.agents.analysers.bandit import Bandit
from forkjoin.agents.analysers.complexipy import Complexipy
from forkjoin.agents.analysers.programs import HINT, located
from forkjoin.agents.analysers.ruff import GROUPS, Ruff
from forkjoin.agents.analysers.typos import Typos
from forkjoin.agents.analysers.vulture import Vulture
from forkjoin.errors import UnknownId
from forkjoin.model import AnalyserCard

ANALYSERS: dict[str, Analyser] = {
    **{f"ruff-{group.perspective}": Ruff(group=group) for group in GROUPS},
    "bandit": Bandit(),
    "vulture": Vulture(),
    "complexipy": Complexipy(),
    "typos": Typos(),
}

# How long each takes on a tree of some hundred files, one beside another: the longest is to start first.
_SECONDS = {"bandit": 10.0, "vulture": 2.0, "complexipy": 1.5}


def analyser(name: str) -> Analyser:
    """Return the analyser of that name; raise UnknownId with the known ones."""
    if name not in ANALYSERS:
        raise UnknownId("analyser", name, tuple(ANALYSERS), hint="write its name as the task's text")
    return ANALYSERS[name]


def cards() -> tuple[AnalyserCard, ...]:
    """Return all analysers as planning sees them, and whether their programs are here."""
    found = {program: bool(located(program)) for program in {one.program for one in ANALYSERS.values()}}
    return tuple(
        AnalyserCard(
            name=one.name,
            description=one.description,
            perspectives=one.perspectives,
            languages=one.languages,
            found=found[one.program],
            hint="" if found[one.program] else HINT,
            estimate=_SECONDS.get(one.name, 1.0),
        )
        for one in ANALYSERS.values()
    )
