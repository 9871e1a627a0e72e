"""The message of a landed commit: the task's description, what it was asked, why, and where it comes from. Pure."""

from __future__ import annotations

import textwrap

from forkjoin.model import Plan, RunId, Task
from forkjoin.model.text import clean, one_line
from forkjoin.workspaces.landing import Message

_SUBJECT, _WIDTH, _MOST = 100, 72, 1200


def message(task: Task, plan: Plan, run: RunId) -> Message:
    """Return it; what an agent or a stranger wrote can add no trailer and no line of git's own."""
    subject = one_line(task.description or task.id, _SUBJECT)
    body = [_paragraph(_asked(task))]
    if plan.goal.strip():
        body.append(_paragraph(f"Goal: {plan.goal}"))
    return Message(
        subject=subject,
        body=tuple(part for part in body if part and part != subject),
        trailers=(
            ("Forkjoin-Run", str(run)),
            ("Forkjoin-Task", str(task.id)),
            ("Agent", one_line(task.agent_name, _SUBJECT)),
        ),
    )


def _asked(task: Task) -> str:
    if task.shell:
        return f"Shell: {task.shell}"
    return f"Command: {' '.join(task.command)}" if task.command else task.task


def _paragraph(text: str) -> str:
    """Return the beginning of a text as one wrapped paragraph: without an empty line it begins no trailers."""
    return textwrap.fill(one_line(clean(text), _MOST), _WIDTH, break_long_words=False, break_on_hyphens=False)
