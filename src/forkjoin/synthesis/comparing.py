"""What several agents made of one task, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from forkjoin.model import Alternative, Comparison, RunView, TaskView, Text, Usage, spoken
from forkjoin.model.text import clean, one_line
from forkjoin.model.usage import in_dollars
from forkjoin.synthesis.words import counted

_ANSWER_CHARS = 4_000


def comparisons(view: RunView, content: Callable[[Text], str], now: float) -> tuple[Comparison, ...]:
    """Return a comparison for each task that has alternatives, in the plan's order."""
    groups: dict[str, list[TaskView]] = {}
    for task in view.tasks:
        if task.task.alternative:
            groups.setdefault(task.task.alternative, []).append(task)
    return tuple(_comparison(name, group, content, now) for name, group in groups.items())


def comparison_rows(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    """Yield the rows of its table, the words in front, then one cell an alternative; the first row are the agents."""
    several = comparison.alternatives
    yield ("", *(one.agent for one in several))
    yield ("state", *(one.state.replace("_", " ") for one in several))
    yield ("time", *(spoken(one.seconds) for one in several))
    yield ("cost", *(_cost(one.usage) for one in several))
    yield ("changed", *(_changed(one) for one in several))
    if any(one.findings for one in several):
        yield ("findings", *(str(one.findings) for one in several))
    yield ("answer", *(counted(len(one.answer), "character") if one.answer else "none" for one in several))
    for path in dict.fromkeys(change.path for one in several for change in one.files):
        yield (path, *(_in_file(one, path) for one in several))


def _comparison(name: str, group: Sequence[TaskView], content: Callable[[Text], str], now: float) -> Comparison:
    paths = [{change.path for change in task.changes.files} for task in group]
    return Comparison(
        task=name,
        description=one_line(group[0].task.description),
        alternatives=tuple(_alternative(task, content, now) for task in group),
        same=tuple(sorted(set.intersection(*paths))),
    )


def _alternative(task: TaskView, content: Callable[[Text], str], now: float) -> Alternative:
    files = task.changes.files
    return Alternative(
        task=task.id,
        agent=task.task.agent_name,
        state=task.state,
        reason=one_line(task.why),
        seconds=task.seconds(now),
        usage=task.usage,
        files=files,
        insertions=sum(change.insertions for change in files),
        deletions=sum(change.deletions for change in files),
        findings=task.findings,
        answer=clean(content(task.answer)).strip()[:_ANSWER_CHARS],
    )


def _cost(usage: Usage) -> str:
    tokens = [count for count in (usage.input_tokens, usage.output_tokens) if count is not None]
    said = "? tokens" if not tokens else f"{sum(tokens):,} tokens"
    return f"{'$?' if usage.usd is None else in_dollars(usage.usd)}, {said}"


def _changed(one: Alternative) -> str:
    many = len(one.files)
    return f"{many} file{'s' * (many != 1)}, +{one.insertions} -{one.deletions}" if many else "nothing"


def _in_file(one: Alternative, path: str) -> str:
    found = next((change for change in one.files if change.path == path), None)
    return "-" if found is None else f"{found.how} +{found.insertions} -{found.deletions}"
