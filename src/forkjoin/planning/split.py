"""From a tree to the plan of a review: one task an analyser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from forkjoin.errors import UnknownId
from forkjoin.model import AnalyserCard, Plan, Task, TaskId, Tree

TIMEOUT_S: Final = 600.0


def review_plan(
    tree: Tree,
    cards: Sequence[AnalyserCard],
    *,
    perspectives: Sequence[str] = (),
    paths: Sequence[str] = (),
    name: str = "review",
) -> tuple[Plan, tuple[str, ...]]:
    """Return a read-only plan with a task for every found analyser that applies, and what will not be looked at.

    `perspectives` empty = all. An analyser without languages looks at any text. The plan has no tasks where nothing
    applies. Raises UnknownId for a perspective that no analyser has.
    """
    known = tuple(dict.fromkeys(one for card in cards for one in card.perspectives))
    for wanted in perspectives:
        if wanted not in known:
            raise UnknownId("perspective", wanted, known)
    if not tree.files:
        return Plan(name=name), ("it holds no files",)
    wanted_ones = tuple(dict.fromkeys(perspectives)) or known
    languages = tuple(language for language, _ in tree.languages)
    fitting = [card for card in cards if _looks_at(card, wanted_ones) and _applies(card, languages, tree)]
    chosen = [card for card in fitting if card.found]
    tasks = tuple(_task(card, paths) for card in chosen)
    return Plan(name=name, tasks=tasks), tuple(_not_looked_at(tree, fitting, chosen, wanted_ones))


def _looks_at(card: AnalyserCard, perspectives: Sequence[str]) -> bool:
    return any(one in perspectives for one in card.perspectives)


def _applies(card: AnalyserCard, languages: Sequence[str], tree: Tree) -> bool:
    if not card.applies:
        return False
    return bool(tree.files) if not card.languages else any(language in card.languages for language in languages)


def _task(card: AnalyserCard, paths: Sequence[str]) -> Task:
    return Task(
        id=TaskId(card.name),
        agent="static",
        task=card.name,
        description=card.description,
        reads=tuple(paths) or ("**",),
        writes=(),
        output="findings",
        cpu=1.0,
        estimate=card.estimate,
        timeout=TIMEOUT_S,
    )


def _not_looked_at(
    tree: Tree, fitting: Sequence[AnalyserCard], chosen: Sequence[AnalyserCard], perspectives: Sequence[str]
) -> list[str]:
    lines: list[str] = []
    seen = {language for card in chosen for language in card.languages}
    for language, count in tree.languages:
        if language not in seen:
            files = "1 file" if count == 1 else f"{count:,} files"
            lines.append(f"{language} ({files}): no analyser for it was found")
    covered = {one for card in chosen for one in card.perspectives}
    lines += [f"{one}: no analyser for it was found here" for one in perspectives if one not in covered]
    lines += [
        f"{card.name} is not installed{f': {card.hint}' if card.hint else ''}" for card in fitting if not card.found
    ]
    return lines
