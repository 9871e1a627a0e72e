"""What a run has spent, as far as its agents said it; what is not known is never counted as nothing."""

from __future__ import annotations

from forkjoin.model import RunView, Spent, TaskView


def spent_by(view: RunView) -> Spent:
    """Return what the tasks of a run have spent: those that began and asked a provider, or said that they used it."""
    asked = [task for task in view.tasks if _spends(task)]
    dollars = [task.usage.usd for task in asked]
    tokens = [_tokens(task) for task in asked]
    usd, count = sum(one for one in dollars if one is not None), sum(one for one in tokens if one is not None)
    return Spent(
        tasks=len(asked),
        usd=None if None in dollars else usd,
        tokens=None if None in tokens else count,
        usd_known=usd,
        tokens_known=count,
        usd_unknown=dollars.count(None),
        tokens_unknown=tokens.count(None),
        budget=view.budget,
    )


def _spends(task: TaskView) -> bool:
    used = task.usage
    said = (used.usd, used.input_tokens, used.output_tokens)
    return any(one is not None for one in said) or (bool(task.provider) and task.attempt > 0)


def _tokens(task: TaskView) -> int | None:
    read, written = task.usage.input_tokens, task.usage.output_tokens
    return None if read is None or written is None else read + written
