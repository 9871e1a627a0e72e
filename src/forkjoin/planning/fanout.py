"""From a plan with `each` to a plan of tasks: one for every folder or file, balanced where they are to be few."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from forkjoin.errors import PlanError
from forkjoin.model import Each, Plan, Share, Task, TaskId, Tree
from forkjoin.planning.complete import Names, first_words, looking, slug
from forkjoin.planning.contradictions import each_fault
from forkjoin.planning.filling import Filling, tidied
from forkjoin.planning.matching import WORDS, Kind, Match, matched
from forkjoin.planning.shape import MAX_TASKS


class FannedOut(msgspec.Struct, frozen=True, kw_only=True):
    """A plan without `each`, what each task of a fan-out got, and what a person should know of it.

    `kin` has the tasks of each fan-out.
    """

    plan: Plan
    shares: tuple[Share, ...] = ()
    kin: tuple[tuple[TaskId, ...], ...] = ()
    notes: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()


def fanned_out(plan: Plan, tree: Tree) -> FannedOut:
    """Return *plan* with the tasks that its fan-outs make, behind its own, largest first.

    Raises PlanError for a glob that matches nothing, a mark that stands for nothing, more tasks than a plan may have.
    """
    names = Names(frozenset(task.id for task in plan.tasks if task.id))
    tasks, shares = list(plan.tasks), list[Share]()
    kin = list[tuple[TaskId, ...]]()
    notes, left = list[str](), list[str]()
    for number, each in enumerate(plan.each):
        where = "each" if len(plan.each) == 1 else f"each[{number}]"
        kind = kind_of(each, where=where)
        found = matched(tree, each.dirs or each.files, kind=kind, where=f"{where}.{kind}s")
        if len(found.matches) + len(tasks) > MAX_TASKS and each.at_most is None:
            raise PlanError(
                f"the plan has {len(tasks) + len(found.matches):,} tasks", where=where,
                next_step=f"a plan has at most {MAX_TASKS:,}; group them with at_most (--at-most N)",
            )  # fmt: skip
        groups = _balanced(found.matches, each.at_most or len(found.matches))
        template = tidied(each.task, kind, where=where)
        ids = _ids(groups, names)
        for id_, group in zip(ids, groups, strict=True):
            filling = Filling(kind=kind, names=tuple(match.path for match in group), where=where)
            tasks.append(replace(_made(template, filling), id=id_))
            shares.append(_share(tasks[-1], group))
        kin.append(tuple(task.id for task in tasks[-len(groups) :]))
        notes += [*found.notes, *_silent(template, kind, len(groups))]
        left += found.not_looked_at
    return FannedOut(
        plan=replace(plan, tasks=tuple(tasks), each=()),
        shares=tuple(shares),
        kin=tuple(kin),
        notes=tuple(notes),
        not_looked_at=tuple(left),
    )


def kind_of(each: Each, *, where: str) -> Kind:
    """Return whether it is about folders or files; raise PlanError for a fan-out that says neither, or both."""
    wrong = each_fault(each)
    if wrong is not None:
        raise PlanError(wrong.why, where=where, next_step=wrong.next_step)
    return "dir" if each.dirs else "file"


def _balanced(matches: Sequence[Match], count: int) -> list[list[Match]]:
    """Return at most *count* groups, the largest first: each match goes into the group that is smallest so far."""
    if count >= len(matches):
        return [[match] for match in matches]
    groups: list[list[Match]] = [[] for _ in range(count)]
    heap = [(0, 0, number) for number in range(count)]
    for match in matches:  # largest first, so the small ones even out what the large ones left
        size, members, number = heapq.heappop(heap)
        groups[number].append(match)
        heapq.heappush(heap, (size + match.bytes, members + 1, number))
    return sorted(groups, key=lambda group: (-sum(match.bytes for match in group), group[0].path))


def _ids(groups: Sequence[Sequence[Match]], names: Names) -> list[str]:
    """Return an id for each group: the last name of its first path, or all of the path where those repeat."""
    lasts = [slug(group[0].path.rpartition("/")[2]) for group in groups]
    apart = len(set(lasts)) == len(lasts) and all(lasts)
    stems = lasts if apart else [slug(group[0].path) for group in groups]
    return [names.free(stem or "part") for stem in stems]


def _made(template: Task, filling: Filling) -> Task:
    """Return the task of one group; claims that the template does not say are those of its paths."""
    task = filling.filled(template)
    description = task.description or _description(template, filling)
    writes = filling.globs() if task.writes is None and not task.reads_only and not task.perspective else task.writes
    reads = filling.globs() if task.reads is None else task.reads
    return replace(task, description=description, reads=reads, writes=writes)


def _description(template: Task, filling: Filling) -> str:
    more = len(filling.names) - 1
    what = filling.names[0] + (f" and {more} more" if more else "")
    said = looking(template.perspective) or first_words(template)
    return said.replace(filling.mark, what) if filling.mark in said else f"{what}: {said}"


def _share(task: Task, group: Sequence[Match]) -> Share:
    return Share(
        task=task.id,
        of=tuple(match.path for match in group),
        files=sum(match.files for match in group),
        bytes=sum(match.bytes for match in group),
    )


def _silent(template: Task, kind: Kind, count: int) -> list[str]:
    """Say it where a command line is the same in every task: it has no way to know its share but its brief."""
    work = template.shell or " ".join(template.command)
    if not work or count == 1 or f"{{{{{kind}}}}}" in f"{work} {template.cwd} {template.env}":
        return []
    return [f"The {count} commands are the same: only their brief (standard input) says which {WORDS[kind]} each has; "
            f"write {{{{ {kind} }}}} where it belongs."]  # fmt: skip
