"""Tasks that rest until somebody answers them, with the command that does."""

from __future__ import annotations

from collections.abc import Callable

from forkjoin.model import Question, RunView, TaskView, Text
from forkjoin.model.text import clean, one_line

_CHARS = 300


def questions(view: RunView, content: Callable[[Text], str]) -> tuple[Question, ...]:
    """Return what is asked of the caller, in the plan's order."""
    return tuple(_question(view, task, content) for task in view.tasks if task.state == "needs_input")


def _question(view: RunView, task: TaskView, content: Callable[[Text], str]) -> Question:
    name = f"{view.run}/{task.id}"
    # Only a coding agent leaves a session to answer in; another one is asked anew.
    command = f'forkjoin send {name} "..."' if task.session else f"forkjoin retry {name}"
    lines = [line for line in clean(content(task.answer)).split("\n") if line.strip()]
    text = one_line(lines[-1], _CHARS) if lines else ""
    return Question(task=task.id, reason=one_line(task.why, _CHARS), text=text, command=command)
