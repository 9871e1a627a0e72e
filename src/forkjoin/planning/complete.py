"""From a plan as it was written to a plan that can be checked: ids, descriptions, no contradiction."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import msgspec

from forkjoin.errors import PlanError
from forkjoin.model import Plan, Task, TaskId, Value, to_json
from forkjoin.planning.contradictions import contradiction
from forkjoin.planning.keys import nearest
from forkjoin.planning.paths import inside
from forkjoin.planning.shape import MAX_TASKS

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_GAPS: Final = re.compile(r"[^a-z0-9]+")
_MARKS: Final = re.compile(r"^[\s#>*`_\-\d.)]+")
MAX_ID: Final = 100
_MADE_ID: Final = 40
_WORDS: Final = 5
_NAMES: Final = ("reads", "writes", "carry", "cwd", "resources")  # they are compared, whatever their letters


def completed(plan: Plan) -> Plan:
    """Return the plan with an id and a description for every task, and its paths in one form.

    Raises PlanError for no tasks, ids that repeat or are unknown, cycles, paths that leave the tree, contradictions,
    and texts that are no UTF-8.
    The cost is linear in tasks and `after` entries. Completing a completed plan changes nothing.
    """
    if not plan.tasks and not plan.each:
        raise PlanError("the plan has no tasks", where=plan.name, next_step="give it at least one")
    if len(plan.tasks) > MAX_TASKS:
        raise PlanError(f"the plan has {len(plan.tasks):,} tasks", next_step=f"a plan has at most {MAX_TASKS:,}")
    if plan.max_parallel is not None and plan.max_parallel < 1:
        raise PlanError("max_parallel is less than 1", where="max_parallel", next_step="leave it out for no cap")
    for number, task in enumerate(plan.tasks):
        wrong = contradiction(task)
        if wrong is not None:
            raise PlanError(wrong.why, where=f"{_label(task, number)}.{wrong.fields[0]}", next_step=wrong.next_step)
    _refuse_other_letters(plan)
    tasks = _with_ids(plan.tasks)
    if not plan.each:  # else the ids of what it makes are not known yet: the plan is completed again when they are
        _check_after(tasks)
    return msgspec.structs.replace(plan, tasks=tasks)


def _refuse_other_letters(plan: Plan) -> None:
    """Raise PlanError for a text that is no UTF-8, as a terminal of another encoding gives it."""
    try:
        to_json(plan)
    except UnicodeEncodeError:
        rows = ((f"{_label(task, number)}.", task, _NAMES) for number, task in enumerate(plan.tasks))
        of_plan = ("", plan, ("tasks", "each"))
        for where, value, left_out in (*rows, of_plan):
            if field := _odd_field(value, left_out):
                why = "the text is not valid UTF-8"
                raise PlanError(why, where=f"{where}{field}", next_step="write it in UTF-8") from None


def _odd_field(value: Value, left_out: Sequence[str]) -> str:
    """Return which field cannot be written as UTF-8; "" for none."""
    for field in value.__struct_fields__:
        try:
            to_json("" if field in left_out else getattr(value, field))
        except UnicodeEncodeError:
            return field
    return ""


def _with_ids(tasks: Sequence[Task]) -> tuple[Task, ...]:
    taken: dict[str, int] = {}
    for number, task in enumerate(tasks):
        if not task.id:
            continue
        if len(task.id) > MAX_ID or not _ID.fullmatch(task.id):
            raise PlanError(
                f"the id {task.id[:MAX_ID]!r} is not allowed",
                where=f"tasks[{number}].id",
                next_step=f"small letters, digits and dashes, at most {MAX_ID}: {slug(task.id) or 'task'!r}",
            )
        if task.id in taken:
            raise PlanError(
                f"the id {task.id!r} is also that of tasks[{taken[task.id]}]",
                where=f"tasks[{number}].id",
                next_step="give each task its own",
            )
        taken[task.id] = number
    names = Names(frozenset(taken))
    return tuple(_completed(task, names) for task in tasks)


class Names:
    """Hands out ids that nobody has; remembers the last number of each stem, so that many equal ones stay cheap."""

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def free(self, stem: str) -> TaskId:
        """Return *stem*, or the next of its numbered forms that nobody has."""
        name, number = stem, self._next.get(stem, 2)
        while name in self._taken:
            name = f"{stem}-{number}"
            number += 1
        self._next[stem] = number
        self._taken.add(name)
        return TaskId(name)


def _completed(task: Task, names: Names) -> Task:
    description = task.description or looking(task.perspective) or first_words(task)
    changes: dict[str, object] = {}
    if not task.id:
        changes["id"] = names.free(slug(task.perspective or description) or "task")
    if description != task.description:
        changes["description"] = description
    for field in ("reads", "writes", "carry"):
        written = getattr(task, field)
        if written and (plain := tuple(inside(path, where=field) for path in written)) != written:
            changes[field] = plain
    if task.cwd and (cwd := inside(task.cwd, where="cwd")) != task.cwd:
        changes["cwd"] = "" if cwd == "**" else cwd
    if len(set(task.after)) != len(task.after):
        changes["after"] = tuple(dict.fromkeys(task.after))
    return msgspec.structs.replace(task, **changes) if changes else task


def looking(perspective: str) -> str:
    """Return what a task that looks from a perspective is called in lists; "" without one."""
    return f"{perspective[:1].upper()}{perspective[1:]} review" if perspective else ""


def first_words(task: Task) -> str:
    """Return the first words of a task's work."""
    if task.command:
        words = [task.command[0].rsplit("/", 1)[-1], *task.command[1:]]
        text = " ".join(words)
    else:
        text = task.task or task.shell or str(task.function).rpartition(":")[2]
    line = next((line for line in text.split("\n") if _MARKS.sub("", line)), text.strip())
    line = line if not task.task else _MARKS.sub("", line) or line
    words = line.split()
    said = " ".join(words[:_WORDS])
    said = said if len(said) <= 60 else said[:60].rstrip()
    return said.rstrip(".,:;") or "task"


def slug(text: str) -> str:
    """Return a text as an id, "" where nothing of it can stand in one."""
    plain = unicodedata.normalize("NFKD", text[:400]).encode("ascii", "ignore").decode().lower()
    slug = _GAPS.sub("-", plain).strip("-")
    if len(slug) <= _MADE_ID:
        return slug
    cut = slug[: _MADE_ID + 1].rpartition("-")[0]
    return cut or slug[:_MADE_ID]


def _check_after(tasks: Sequence[Task]) -> None:
    numbers: dict[str, int] = {task.id: n for n, task in enumerate(tasks)}
    for number, task in enumerate(tasks):
        for name in task.after:
            if name == task.id or name not in numbers:
                raise _wrong_after(task, name, number, numbers)
    cycle = _cycle(tasks, numbers)
    if cycle:
        shown = cycle if len(cycle) <= 12 else [*cycle[:6], "...", *cycle[-5:]]
        raise PlanError(
            f"these tasks wait for one another: {' -> '.join(shown)}",
            where=f"{_label(tasks[numbers[cycle[0]]], numbers[cycle[0]])}.after",
            next_step="take one of the after entries out",
        )


def _wrong_after(task: Task, name: str, number: int, numbers: dict[str, int]) -> PlanError:
    where = f"{_label(task, number)}.after"
    if name == task.id:
        return PlanError("the task comes after itself", where=where, next_step="take its own id out")
    near = nearest(name, numbers, {}) if len(numbers) <= 2000 else None
    known = f"did you mean {near!r}?" if near else f"known: {', '.join(list(numbers)[:10])}"
    return PlanError(f"no task {name[:60]!r}", where=where, next_step=known)


def _cycle(tasks: Sequence[Task], numbers: dict[str, int]) -> list[str]:
    """Return the ids of one cycle, the first id again at its end; [] where there is none."""
    stuck = _stuck(tasks, numbers)
    at = next((number for number, waits in enumerate(stuck) if waits), None)
    if at is None:
        return []
    steps: dict[int, int] = {}
    row: list[str] = []
    while at not in steps:
        steps[at] = len(row)
        row.append(tasks[at].id)
        at = next(numbers[name] for name in tasks[at].after if stuck[numbers[name]])
    # walked from a task to what it waits for; people read it from the first to the last
    return [*reversed(row[steps[at] :]), row[-1]]


def _stuck(tasks: Sequence[Task], numbers: dict[str, int]) -> list[bool]:
    """Say of each task whether it could never start: it waits for itself, or for one that does."""
    waits = [len(set(task.after)) for task in tasks]
    then: list[list[int]] = [[] for _ in tasks]
    for number, task in enumerate(tasks):
        for name in set(task.after):
            then[numbers[name]].append(number)
    ready = [number for number, count in enumerate(waits) if not count]
    while ready:
        for number in then[ready.pop()]:
            waits[number] -= 1
            if not waits[number]:
                ready.append(number)
    return [count > 0 for count in waits]


def _label(task: Task, number: int) -> str:
    return f"tasks[{number}] ({task.id})" if task.id else f"tasks[{number}]"
