"""Whose limits a task meets: the provider that its agent asks."""

from __future__ import annotations

from forkjoin.agents.coding import Coded
from forkjoin.agents.dialect import Dialect
from forkjoin.model import Task


def provider_of(speaker: Dialect, task: Task) -> str:
    """Return the provider that a task's agent asks, "" where it asks none.

    A dialect may say it as `provider`. Of a coding agent with many it is the part of the model's name before a slash,
    and where no model is named the agent's own name.
    """
    if not isinstance(speaker, Coded):
        return str(getattr(speaker, "provider", ""))
    head, slash, _ = task.model.partition("/")
    return speaker.coding.provider or (head if slash and head else speaker.name)
