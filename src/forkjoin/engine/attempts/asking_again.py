"""Which ended tasks can be sent a follow-up, and what to do instead where that cannot be. Pure but for the dialect."""

from __future__ import annotations

from collections.abc import Mapping

from forkjoin.agents import Coded
from forkjoin.engine.attempts.speaking import speaker
from forkjoin.errors import ForkjoinError, PlanError
from forkjoin.model import ENDED, Task, TaskView
from forkjoin.model.secrets import secret_in

MOST_CHARS = 1_048_576  # of a message


def refuse_followup(task: TaskView, message: str, *, run: str, replay: bool, environ: Mapping[str, str]) -> None:
    """Raise PlanError, with the next step, where *task* of *run* cannot be told *message*."""
    name = f"{run}/{task.id}"
    _refuse_message(name, message, environ)
    again = f"forkjoin retry {'--force ' if task.state == 'completed' else ''}{name}"
    if replay:
        raise PlanError("it plays a recording, and nobody listens", where=name, next_step="send it to the run recorded")
    if task.state not in ENDED:
        raise PlanError(
            f"it is {task.state}, and only ended tasks can be told something", where=name,
            next_step=f"wait for it: forkjoin wait {name}, or end it: forkjoin stop {name}",
        )  # fmt: skip
    if task.session:
        return
    if not task.attempt:
        raise PlanError("it has not run, so it has no session", where=name, next_step=f"run it: {again}")
    if _talks(task.task):
        why = f"its agent {task.task.agent_name} left no session"
        raise PlanError(why, where=name, next_step=f"run it anew: {again}")
    raise PlanError(
        f"agent {task.task.agent_name} keeps no session in which it could be told something", where=name,
        next_step=f"run it again: {again}",
    )  # fmt: skip


def _refuse_message(name: str, message: str, environ: Mapping[str, str]) -> None:
    if not message.strip():
        raise PlanError("the message is empty", where=name, next_step=f'say it: forkjoin send {name} "..."')
    if len(message) > MOST_CHARS:
        raise PlanError(
            f"the message has {len(message):,} characters, and {MOST_CHARS:,} are taken", where=name,
            next_step="put it into a file of the tree, and name that",
        )  # fmt: skip
    if variable := secret_in(message, environ):
        raise PlanError(
            f"the message holds the value of your ${variable}, which would stand in the journal", where=name,
            next_step="take it out; an agent gets it where its task says pass_env",
        )  # fmt: skip


def _talks(task: Task) -> bool:
    try:
        return isinstance(speaker(task), Coded)
    except ForkjoinError:  # an agent that is not here
        return False
