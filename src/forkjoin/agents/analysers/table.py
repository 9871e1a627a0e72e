"""The visible table of analysers: a new one is its file and a line here."""

from __future__ import annotations

from collections.abc import Sequence

from forkjoin.agents.analysers.analyser import Analyser
from forkjoin.agents.analysers.bandit import Bandit
from forkjoin.agents.analysers.clippy import Clippy
from forkjoin.agents.analysers.complexipy import Complexipy
from forkjoin.agents.analysers.coverage import CoverageData, CoverageReport
from forkjoin.agents.analysers.deptry import Deptry
from forkjoin.agents.analysers.eslint import Eslint
from forkjoin.agents.analysers.golangci_lint import GolangciLint
from forkjoin.agents.analysers.import_linter import ImportLinter
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
    "deptry": Deptry(),
    "import-linter": ImportLinter(),
    "coverage": CoverageData(),
    "coverage-report": CoverageReport(),
    "eslint": Eslint(),
    "golangci-lint": GolangciLint(),
    "clippy": Clippy(),
}

# How long each takes on a tree of some hundred files, one beside another: the longest is to start first.
_SECONDS = {
    "clippy": 30.0, "golangci-lint": 20.0, "bandit": 10.0, "eslint": 8.0, "import-linter": 3.0, "coverage": 2.0,
    "vulture": 2.0, "complexipy": 1.5,
}  # fmt: skip
# How to get a program that is not in the extra `review`.
_HINTS = {
    "eslint": "npm install --save-dev eslint", "golangci-lint": "see golangci-lint.run",
    "cargo-clippy": "rustup component add clippy", "coverage": "pip install coverage",
}  # fmt: skip


def analyser(name: str) -> Analyser:
    """Return the analyser of that name; raise UnknownId with the known ones."""
    if name not in ANALYSERS:
        raise UnknownId("analyser", name, tuple(ANALYSERS), hint="write its name as the task's text")
    return ANALYSERS[name]


def cards(root: str = "", files: Sequence[str] = ()) -> tuple[AnalyserCard, ...]:
    """Return all analysers as planning sees them, whether their programs are here, and whether they apply to a tree.

    Without a tree (*root* and its files) every one of them is taken to apply.
    """
    found = {program: bool(located(program)) for program in {one.program for one in ANALYSERS.values()}}
    return tuple(_card(one, root, files, found=found[one.program]) for one in ANALYSERS.values())


def _card(one: Analyser, root: str, files: Sequence[str], *, found: bool) -> AnalyserCard:
    applies = not root or one.applies(root, files)
    here = found or bool(root and applies and one.program_in(root, files))
    return AnalyserCard(
        name=one.name,
        description=one.description,
        perspectives=one.perspectives,
        languages=one.languages,
        found=here,
        applies=applies,
        hint="" if here else _HINTS.get(one.program, HINT),
        estimate=_SECONDS.get(one.name, 1.0),
    )
