"""A run and its tasks in words: states, counts, who waits for whom, and the time beside one after another. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from rich.cells import cell_len

from forkjoin.errors import listed
from forkjoin.model import Change, Changes, RunView, TaskView, spoken
from forkjoin.model.text import one_line, spelled

# A symbol and a word for every state: nothing hangs on the colour alone.
STATES: dict[str, tuple[str, str, str]] = {
    "queued": ("·", ".", "dim"),
    "limited": ("◷", "%", "yellow"),
    "starting": ("◌", "o", "cyan"),
    "running": ("●", "*", "bold cyan"),
    "completed": ("✓", "+", "green"),
    "needs_input": ("?", "?", "bold yellow"),
    "failed": ("✗", "x", "bold red"),
    "timed_out": ("✗", "x", "bold red"),
    "stopped": ("■", "#", "yellow"),
    "lost": ("!", "!", "bold red"),
    "blocked": ("⊘", "/", "yellow"),
    "skipped": ("-", "-", "dim"),
}
_ORDER = ("running", "starting", "limited", "completed", "needs_input", "failed", "timed_out", "lost", "stopped",
          "blocked", "skipped", "queued")  # fmt: skip


def verdict(view: RunView) -> str:
    """Return what was found out about independence: `8 independent, 1 waits for auth`."""
    waits: dict[str, list[str]] = {}
    for edge in view.edges:
        firsts = waits.setdefault(edge.then, [])
        if edge.first not in firsts:
            firsts.append(edge.first)
    said = [_free(view, waits)]
    shown = list(waits.items())[:2]
    said += [f"{then} waits for {', '.join(firsts[:3])}{' …' if len(firsts) > 3 else ''}" for then, firsts in shown]
    if len(waits) == 1:
        said[1] = f"1 waits for {', '.join(shown[0][1][:3])}"
    if len(waits) > len(shown):
        said.append(f"{len(waits) - len(shown)} more wait")
    return ", ".join(said)


def _free(view: RunView, waits: Collection[str]) -> str:
    """What is said of the tasks that wait for no other: known to be independent, or unknown and each apart."""
    unknown = len(set(view.unknown) - set(waits))
    free = len(view.tasks) - len(waits) - unknown
    if len(view.tasks) <= 1:
        return "one task" if view.tasks else "no task"
    if unknown:
        apart = f"{unknown} unknown, each in a tree of its own"
        return f"{free} independent, {apart}" if free else apart
    return f"{free} independent" if waits else "all independent"


def counts(tasks: Iterable[TaskView]) -> str:
    """Return how many tasks are in which state: `3 running, 2 completed, 4 queued`."""
    by_state: Counter[str] = Counter(task.state for task in tasks)
    return ", ".join(f"{by_state[state]} {spell(state)}" for state in _ORDER if by_state[state]) or "no tasks"


def comparison(view: RunView, now: float) -> str:
    """Return the time so far beside the time one after another would have taken."""
    wall = view.seconds(now)
    one_by_one = sum(task.worked(now) + _before(task) for task in view.tasks)
    begun, told = ("took", spoken) if view.ended else ("so far", whole)
    if wall <= 0 or one_by_one < 1 or len(view.tasks) < 2:  # nothing to compare
        return f"{begun} {told(wall)}"
    return f"{begun} {told(wall)}; one after another {told(one_by_one)} ({one_by_one / wall:.1f}x)"


def _before(task: TaskView) -> float:
    """How long its attempts ran before it was asked for again."""
    return sum(one.ended - one.started for one in task.earlier if one.started is not None and one.ended is not None)


def whole(seconds: float) -> str:
    """Return a duration that goes on, in the whole seconds that have passed: `7 s`, `1 m 05 s`."""
    return f"{int(seconds)} s" if seconds < 10 else spoken(int(seconds))


def spell(state: str) -> str:
    """Return a state as people read it."""
    return state.replace("_", " ")


def agent_of(task: TaskView) -> str:
    """Return who does a task; of the static agent its analyser."""
    name = task.task.agent_name
    return task.task.task if name == "static" and task.task.task else name


def doing(task: TaskView) -> str:
    """Return the last column of a task: why it waits, what it last did, or the reason of its end; one clean line."""
    if task.state == "queued" and not task.why and task.waits_for:
        return f"waits for {', '.join(task.waits_for)}"
    said = task.action if task.state in ("starting", "running") else task.why
    if not said and task.state == "completed":
        said = _result(task)
    return one_line(said)


def _result(task: TaskView) -> str:
    files = sum(not file.became for file in task.changes.files)  # a rename is one, as in `diffstat`
    parts = [f"{task.findings} finding{'s' * (task.findings != 1)}"] if task.findings else []
    parts += [f"{files} file{'s' * (files != 1)} changed"] if files else []
    parts += [f"landed on {task.landed}"] if task.landed_as else [f"exported to {task.landed}"] if task.landed else []
    return ", ".join(parts)


def diffstat(changes: Changes) -> str:
    """Return how much was changed: `3 files, +12 -4`."""
    added, gone = (sum(getattr(file, name) for file in changes.files) for name in ("insertions", "deletions"))
    count = sum(not file.became for file in changes.files)
    return f"{count} file{'s' * (count != 1)}, +{added} -{gone}"


def change_line(change: Change) -> str:
    """Return how a file was changed, in a line; of a rename that is the old name and the new one."""
    name = f"{spelled(change.was)} -> {spelled(change.path)}" if change.was else spelled(change.path)
    gone = f" (now {spelled(change.became)})" if change.became else ""
    return f"{change.how:8} {name}{gone}  +{change.insertions} -{change.deletions}"


def unlanded(view: RunView) -> str:
    """Return which tasks have changes that are nowhere but in the run: `auth, docs and 3 more`; "" for none."""
    return listed(view.unlanded, 3, say=lambda task: task.id)


def padded(text: str, width: int) -> str:
    """Return *text* in exactly *width* cells, cut with an ellipsis."""
    if cell_len(text) > width:
        while cell_len(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - cell_len(text))
