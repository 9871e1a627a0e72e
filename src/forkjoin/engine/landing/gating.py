"""What the gate does to a combination: the smallest set of tasks that breaks it is found, and its last one left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from forkjoin.engine.landing.choosing import Candidate
from forkjoin.engine.landing.combining import Combined, Combining
from forkjoin.model import GateRun, LeftOut, TaskId
from forkjoin.planning import smallest_breaking

Run = Callable[[str, tuple[TaskId, ...]], GateRun]  # a tree, and whose changes are in it


@dataclass
class Judged:
    """A combination that passed, or nothing; what was left out for it, and every run of the gate."""

    combined: Combined
    left_out: list[LeftOut] = field(default_factory=list)
    runs: list[GateRun] = field(default_factory=list)


class Judging:
    """Runs the gate on combinations; a tree that was tried is not tried again."""

    def __init__(self, combining: Combining, run: Run) -> None:
        self._combining, self._run = combining, run
        self._known: dict[str, GateRun] = {}
        self._all: tuple[Candidate, ...] = ()
        self.runs: list[GateRun] = []

    def judged(self, candidates: Sequence[Candidate]) -> Judged:
        """Return the candidates that merge and pass together; each that was left out says with whom it breaks what.

        Of a set that breaks the gate the last task in the order asked goes, and what stands on it; then the rest is
        tried again.
        """
        left_out: list[LeftOut] = []
        kept, self._all = list(candidates), tuple(candidates)
        while True:
            gone = tuple(one.task for one in left_out)
            combined = self._combining.together(kept, gone=gone)
            if not combined.steps or self._gate(combined).ok:
                return Judged(combined=combined, left_out=left_out, runs=self.runs)
            members = [candidate for candidate, _ in combined.steps]
            breaking = smallest_breaking(members, self._fails)
            if not breaking:
                left_out += self._blamed_on_the_base(members)
                empty = Combined(tree=self._combining.start, steps=(), left_out=combined.left_out)
                return Judged(combined=empty, left_out=left_out, runs=self.runs)
            last = breaking[-1]
            left_out.append(_broken(breaking, self._evidence(members, breaking) or self._known[combined.tree]))
            kept = [one for one in kept if one.id != last.id]

    def _blamed_on_the_base(self, members: Sequence[Candidate]) -> list[LeftOut]:
        return [_on_the_base(one.id, self._known[self._combining.start]) for one in members]

    def _fails(self, members: tuple[Candidate, ...]) -> bool:
        """Whether the gate fails on these and what they stand on; what does not merge alone does not count."""
        combined = self._combined(members)
        return not combined.left_out and not self._gate(combined).ok

    def _combined(self, members: Sequence[Candidate]) -> Combined:
        wanted = {one.id for one in members}
        todo = list(members)
        by_id = {one.id: one for one in self._all}
        for one in todo:  # grows while it is read
            more = [by_id[first] for first in one.stands_on if first in by_id and first not in wanted]
            wanted.update(first.id for first in more)
            todo += more
        return self._combining.together([one for one in self._all if one.id in wanted])

    def _evidence(self, members: Sequence[Candidate], breaking: Sequence[Candidate]) -> GateRun | None:
        """Return the run that shows it best: of a set its own; of one task that behind all before it, which pass."""
        shown = breaking if len(breaking) > 1 else members[: members.index(breaking[-1]) + 1]
        return self._known.get(self._combined(shown).tree)

    def _gate(self, combined: Combined) -> GateRun:
        if combined.tree not in self._known:
            ended = self._run(combined.tree, combined.tasks)
            self._known[combined.tree] = ended
            self.runs.append(ended)
        return replace(self._known[combined.tree], tasks=combined.tasks)


def _broken(breaking: Sequence[Candidate], ended: GateRun) -> LeftOut:
    *others, last = (one.id for one in breaking)
    if not others:
        return LeftOut(task=last, kind="gate", reason=f"the gate fails with it: {ended.said}")
    alone = "it passes with each alone" if len(others) == 1 else "it passes with any of them left out"
    return LeftOut(
        task=last,
        kind="gate",
        reason=f"the gate fails with {', '.join(others)} and {last} together ({alone}): {ended.said}",
        beside=tuple(others),
    )


def _on_the_base(task: TaskId, ended: GateRun) -> LeftOut:
    why = f"the gate fails on what it would be landed on, without any change: {ended.said}"
    return LeftOut(task=task, kind="gate", reason=f"{why}; put that right, or land with --no-gate")
