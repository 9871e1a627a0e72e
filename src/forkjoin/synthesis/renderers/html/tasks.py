"""The tasks of the page: how each ended, with its answer, the end of its output and its changes folded away."""

from __future__ import annotations

from collections.abc import Iterator

from forkjoin.model import Change, TaskSummary, spoken
from forkjoin.model.text import spelled
from forkjoin.synthesis.renderers.given import Detail, Given
from forkjoin.synthesis.renderers.html.element import NOTHING, Markup, anchor, element, worded
from forkjoin.synthesis.words import counted

_TASKS = 400
_FILES = 100
_ANSWER_CHARS, _LOG_CHARS, _DIFF_CHARS = 4_000, 6_000, 24_000
_BUDGET = 500_000
_MARKS = {"+": "add", "-": "del", "@": "hunk"}
_STATES = {"completed": "good", "needs_input": "warn", "stopped": "warn", "skipped": "calm", "blocked": "warn",
           "queued": "calm", "starting": "calm", "running": "calm"}  # fmt: skip


def tasks(given: Given) -> Markup:
    """Return the section; of very many tasks those that did not complete come first, and the rest is counted."""
    everything = given.report.tasks
    if not everything:
        return NOTHING
    shown = (
        everything if len(everything) <= _TASKS else sorted(everything, key=lambda t: t.state == "completed")[:_TASKS]
    )
    room, items = _BUDGET, []
    for task in shown:
        one = _task(task, given.details.get(task.id, Detail()), room)
        room -= max(0, len(one) - 400)
        items.append(one)
    left = len(everything) - len(shown)
    return element(
        "section",
        element("h2", "Tasks ", element("span", f"{len(everything):,}", class_="count")),
        items,
        element("p", f"and {counted(left, 'more task')} that completed", class_="hint") if left > 0 else None,
        id="tasks",
    )


def _task(task: TaskSummary, detail: Detail, room: int) -> Markup:
    state = task.state.replace("_", " ")
    about = [task.agent] if task.agent != task.id else []
    about += [counted(task.findings, "finding")] if task.findings else []
    about += [f"{counted(task.files, 'file')} changed"] if task.files else []
    about += [spoken(task.seconds)] if task.seconds else []
    named = task.description if task.description and task.description != task.id else ""
    head = element(
        "summary",
        element("span", state, class_=f"badge state-{_STATES.get(task.state, 'bad')}"),
        element(
            "span", element("span", task.id, class_="title"), " ", element("span", named, class_="hint"), class_="what"
        ),
        element("span", " · ".join(about), class_="hint about"),
    )
    inside = list(_inside(task, detail, room))
    body = inside or [element("p", "It left no words.", class_="hint")]
    return element("details", head, element("div", body, class_="inside"), class_="task", id=f"task-{anchor(task.id)}")


def _inside(task: TaskSummary, detail: Detail, room: int) -> Iterator[Markup]:
    if task.reason:
        yield element("p", worded(task.reason), class_="reason")
    if task.violations:
        yield element("p", f"{counted(task.violations, 'file')} outside what it may write.", class_="reason")
    cut = " (its beginning)" if task.answer_cut or len(task.answer) > _ANSWER_CHARS else ""
    if room <= 0:
        if task.answer or detail.log or detail.diff:
            yield element("p", "Too much for one page: forkjoin show has it.", class_="hint")
        return
    if task.answer:
        yield _fold(f"Answer{cut}", element("pre", task.answer[:_ANSWER_CHARS], tabindex=0), opened=True)
    if detail.changes:
        yield _fold(f"Changed files ({len(detail.changes):,})", element("ul", list(_files(detail)), class_="files"))
    if detail.diff:
        more = " (its beginning)" if len(detail.diff) > _DIFF_CHARS else ""
        yield _fold(f"Diff{more}", element("pre", list(_lines(detail.diff[:_DIFF_CHARS])), class_="diff", tabindex=0))
    if detail.log.strip():
        yield _fold("End of its output", element("pre", detail.log[-_LOG_CHARS:], tabindex=0))


def _fold(name: str, body: Markup, *, opened: bool = False) -> Markup:
    return element("details", element("summary", name), body, class_="fold", open=opened)


def _files(detail: Detail) -> Iterator[Markup]:
    for change in detail.changes[:_FILES]:
        yield _file(change)
    left = len(detail.changes) - _FILES
    if left > 0:
        yield element("li", f"and {left:,} more", class_="hint")


def _file(change: Change) -> Markup:
    marks = [element("span", "outside what it may write", class_="pill warn")] if change.violation else []
    marks += [element("span", "runs by itself", class_="pill warn")] if change.runs else []
    return element(
        "li",
        [element("code", spelled(change.was)), " → "] if change.was else [],
        element("code", spelled(change.path)),
        element("span", f" {change.how} ", class_="hint"),
        element("span", f"+{change.insertions}", class_="add"),
        element("span", f" -{change.deletions} ", class_="del"),
        marks,
    )


def _lines(diff: str) -> Iterator[Markup]:
    for line in diff.rstrip("\n").split("\n"):
        head = line.startswith(("+++ ", "--- ", "diff ", "index "))
        yield element("span", line + "\n", class_="head" if head else _MARKS.get(line[:1]))
