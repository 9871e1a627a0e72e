"""A run as plain lines: one a change, for what is no terminal."""

from __future__ import annotations

from collections.abc import Iterator

from forkjoin.interfaces.cli.words import counts, doing, spell, verdict
from forkjoin.model import ENDED, RunView, TaskView, spoken
from forkjoin.model.text import one_line


class PlainLines:
    """Remembers what it has told; `told` gives the lines for what is new."""

    def __init__(self, *, actions: bool = False) -> None:
        self._actions = actions
        self._told: dict[str, tuple[str, int, str]] = {}
        self._begun = self._based = False
        self._held = ""
        self._over = False

    def told(self, view: RunView, now: float) -> Iterator[str]:
        """Yield a line for each change since the last call."""
        at = f"[{spoken(max(0.0, now - view.started)):>8}]"
        if not self._begun:
            self._begun = True
            named = f"run {view.run}" + (f" ({one_line(view.name)})" if view.name else "")
            yield f"{at} {named}: {len(view.tasks)} task{'s' * (len(view.tasks) != 1)}; {verdict(view)}"
        if not self._based and (note := base_note(view)):
            self._based = True
            yield f"{at} {note}"
        if view.held != self._held:
            self._held = view.held
            yield f"{at} {'held: ' + one_line(view.held) if view.held else 'goes on'}"
        for task in view.tasks:
            seen = (task.state, task.attempt, task.action if self._actions else f"{len(task.overlaps)} {task.halted}")
            before = self._told.get(task.id)
            if seen != before:
                self._told[task.id] = seen
                if self._worth_telling(task, known=before is not None):
                    yield f"{at} {_line(task, now)}"
        if view.ended and not self._over:
            yield f"{at} {spell(view.state)}: {counts(view.tasks)}"
        self._over = view.ended is not None

    def _worth_telling(self, task: TaskView, *, known: bool) -> bool:
        if task.state == "starting":
            return self._actions
        return known or task.state != "queued" or bool(task.waits_for or task.waits_for_others)


def base_note(view: RunView) -> str:
    """Return what writers start from, in a line; "" where none has started."""
    return next((one_line(note) for note in view.notes if note.startswith("base: ")), "")


def _line(task: TaskView, now: float) -> str:
    said = doing(task)
    took = f" in {spoken(task.seconds(now))}" if task.state in ENDED and task.started else ""
    again = f" (attempt {task.attempt})" if task.attempt > 1 else ""
    return f"{task.id}: {spell(task.state)}{took}{again}" + (f": {said}" if said else "")
