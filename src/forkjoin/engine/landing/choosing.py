"""Which tasks' changes are to be landed, in which order, and why others are not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from forkjoin.engine.landing.asked import LandAsk
from forkjoin.errors import PlanError, UnknownId, listed
from forkjoin.model import LeftOut, RunView, TaskId, TaskView
from forkjoin.model.text import one_line, spelled
from forkjoin.workspaces import covered

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A task whose changes are to be landed; `only` says which of them (None: all), `stands_on` on whose they build.

    `without` are the files that it changed and that are then still on no branch, `parts` the commits that hold others.
    """

    task: TaskView
    stands_on: tuple[TaskId, ...] = ()
    only: Callable[[str], bool] | None = None
    without: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def id(self) -> TaskId:
        """The task's id."""
        return self.task.id


@dataclass
class Chosen:
    """The candidates, each behind those it stands on; and what of the others there is to say."""

    candidates: list[Candidate] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    empty: list[TaskId] = field(default_factory=list)
    before: list[TaskId] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def chosen(view: RunView, ask: LandAsk, *, landed: Collection[TaskId]) -> Chosen:
    """Return what is to be landed; *landed* are the tasks whose changes the user's repository holds already."""
    accept = _accepted(view, ask.accept)
    behind = stands_on(view)
    wanted = _wanted(view, ask.tasks, behind)
    found = Chosen()
    open_ = _not_chosen(view, found, wanted, asked=bool(ask.tasks), landed=landed)
    wanted -= open_
    for task in _in_order(view, behind):
        if task.id in wanted:
            _choose(found, task, ask, accept=accept.get(task.id, ()), stands_on=behind[task.id], landed=landed)
    settled = {*wanted, *open_, *landed}
    others = [task.id for task in view.unlanded if task.id not in settled]
    if others:
        found.notes.append(f"not asked for, and not landed: {listed(others, _SHOWN)}")
    named = {str(name) for name in ask.tasks}
    along = [one.id for one in found.candidates if named and one.id not in named and str(one.task.number) not in named]
    if along:
        found.notes.append(f"landed too, for others stand on them: {listed(along, _SHOWN)}")
    return found


def _not_chosen(
    view: RunView, found: Chosen, wanted: Collection[TaskId], *, asked: bool, landed: Collection[TaskId]
) -> set[TaskId]:
    """Return the alternatives among *wanted* of which somebody has to choose one first; raise PlanError for two."""
    left: set[TaskId] = set()
    to_land = set(wanted).difference(landed)
    for name, group in _alternatives(view).items():
        mine = [task for task in group if task in to_land]
        there = next((task for task in group if task in landed), "")
        if asked and len(mine) > 1:
            raise PlanError(f"{' and '.join(mine)} are alternatives of {name}", next_step="name one of them to land")
        if asked and not there:
            continue
        left.update(mine)
        reason = _alternative(name, there)
        found.left_out += [LeftOut(task=task, kind="alternative", reason=reason) for task in mine]
    return left


def _alternatives(view: RunView) -> dict[str, list[TaskId]]:
    groups: dict[str, list[TaskId]] = {}
    for task in view.tasks:
        if task.task.alternative:
            groups.setdefault(task.task.alternative, []).append(task.id)
    return groups


def _alternative(name: str, landed: str) -> str:
    why = f"{landed} has landed in its place" if landed else "name the one to land: forkjoin land TASK"
    return f"it is one of the alternatives of {name}; {why}"


def stands_on(view: RunView) -> dict[TaskId, tuple[TaskId, ...]]:
    """Return whose changes each task started from: of completed predecessors, or of theirs where they had none."""
    tasks = {task.id: task for task in view.tasks}
    before = _before(view)
    found: dict[TaskId, tuple[TaskId, ...]] = {}
    for name in _lowest_first(before):
        given = (one for first in before[name] for one in _gives(tasks[first], found[first]))
        found[name] = tuple(dict.fromkeys(given))
    return found


def _before(view: RunView) -> dict[TaskId, list[TaskId]]:
    before: dict[TaskId, list[TaskId]] = {task.id: [] for task in view.tasks}
    for edge in view.edges:
        if edge.first in before and edge.then in before:
            before[edge.then].append(edge.first)
    return before


def _lowest_first(before: Mapping[TaskId, Sequence[TaskId]]) -> Iterable[TaskId]:
    """Return every task after all that it stands on; a loop, not a recursion: chains may be long."""
    order: dict[TaskId, None] = {}
    for last in before:
        todo = [last]
        while todo:
            waits = [one for one in before[todo[-1]] if one not in order]
            todo += waits
            if not waits:
                order[todo.pop()] = None
    return order


def _gives(task: TaskView, above: tuple[TaskId, ...]) -> tuple[TaskId, ...]:
    if task.state != "completed":
        return ()
    return (task.id,) if task.changes.commit else above


def _choose(
    found: Chosen, task: TaskView, ask: LandAsk, *, accept: Sequence[str], stands_on: tuple[TaskId, ...],
    landed: Collection[TaskId],
) -> None:  # fmt: skip
    whole = "" in accept
    if task.id in landed:
        taken = _everything if whole or ask.violations == "accept" else covered(accept)
        _choose_rest(found, task, taken, stands_on=stands_on)
        return
    ended_well = task.state == "completed" or task.kind == "violation"
    if not ended_well and not whole:
        found.left_out.append(_not_done(task))
    elif not task.changes.files or not task.changes.commit:
        found.empty.append(task.id)
    elif not task.changes.violations or whole or ask.violations == "accept":
        found.candidates.append(Candidate(task=task, stands_on=stands_on))
    else:
        _choose_part(found, task, ask, accept=accept, stands_on=stands_on)


def _everything(_: str) -> bool:
    return True


def _choose_rest(found: Chosen, task: TaskView, taken: Callable[[str], bool], *, stands_on: tuple[TaskId, ...]) -> None:
    """Take of what was left when a task was landed that which is accepted now."""
    wanted = frozenset(path for path in task.landed_without if taken(path))
    rest = tuple(path for path in task.landed_without if path not in wanted)
    if rest:
        found.notes.append(_only_a_part(task, rest))
    if wanted:
        parts = (*task.landed_parts, task.landed_as)
        only = wanted.__contains__
        found.candidates.append(Candidate(task=task, stands_on=stands_on, only=only, without=rest, parts=parts))
    else:
        found.before.append(task.id)


def _choose_part(
    found: Chosen, task: TaskView, ask: LandAsk, *, accept: Sequence[str], stands_on: tuple[TaskId, ...]
) -> None:
    """Take what was declared, and of the rest what was accepted; nothing of it where that leaves some unspoken for."""
    taken = covered(accept)
    outside = [path for path in task.changes.violations if not taken(path)]
    if outside and ask.violations != "keep-declared":
        reason = (
            f"it changed {listed(outside, _SHOWN, say=spelled)}, which it may not; take all of it with "
            f"--accept {task.id}, or only what it may change with --violations keep-declared"
        )
        found.left_out.append(LeftOut(task=task.id, kind="violation", reason=reason))
        return
    kept = {change.path for change in task.changes.files} - set(outside)
    if not kept:
        found.left_out.append(
            LeftOut(task=task.id, kind="violation", reason="it may change nothing of what it changed")
        )
        return
    if outside:
        found.notes.append(_only_a_part(task, outside))
    only = kept.__contains__ if outside else None
    found.candidates.append(Candidate(task=task, stands_on=stands_on, only=only, without=tuple(outside)))


def _only_a_part(task: TaskView, rest: Sequence[str]) -> str:
    named = listed(rest, _SHOWN, say=spelled)
    return f"of {task.id} only a part is landed, without {named}; take the rest with --accept {task.id}"


def _not_done(task: TaskView) -> LeftOut:
    word = task.state.replace("_", " ")
    why = one_line(task.why, 200)
    how = f"; take what it changed with --accept {task.id}" if task.changes.files else ""
    return LeftOut(task=task.id, kind="state", reason=f"{word}{f' ({why})' if why else ''}{how}")


def _accepted(view: RunView, said: Iterable[str]) -> dict[TaskId, list[str]]:
    """Return for each task the globs that are accepted of it; "" = all."""
    found: dict[TaskId, list[str]] = {}
    for one in said:
        name, colon, glob = one.partition(":")
        task = view.task(name)
        if task is None:
            raise UnknownId("task", name, [task.id for task in view.tasks], hint="--accept takes TASK or TASK:GLOB")
        if colon and not glob:
            raise PlanError("names no files behind the colon", where=f"--accept {one}", next_step="say TASK:GLOB")
        found.setdefault(task.id, []).append(glob)
    return found


def _wanted(view: RunView, names: Sequence[str], behind: dict[TaskId, tuple[TaskId, ...]]) -> set[TaskId]:
    """Return the tasks that are asked for, and those that they stand on."""
    if not names:
        return {task.id for task in view.tasks}
    todo = []
    for name in names:
        task = view.task(name)
        if task is None:
            raise UnknownId("task", name, [task.id for task in view.tasks], hint=f"this is run {view.run}")
        todo.append(task.id)
    wanted: set[TaskId] = set()
    while todo:
        one = todo.pop()
        if one not in wanted:
            wanted.add(one)
            todo += behind[one]
    return wanted


def _in_order(view: RunView, behind: dict[TaskId, tuple[TaskId, ...]]) -> list[TaskView]:
    """Return the tasks as they were asked, but each behind those it stands on."""
    tasks = {task.id: task for task in view.tasks}
    done: dict[TaskId, TaskView] = {}
    for task in view.tasks:
        todo = [task.id]
        while todo:
            waits = [one for one in behind[todo[-1]] if one not in done]
            if waits:
                todo += reversed(waits)
                continue
            name = todo.pop()
            done.setdefault(name, tasks[name])
    return list(done.values())
