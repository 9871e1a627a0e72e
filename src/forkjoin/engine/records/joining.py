"""From a run's records to its report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from forkjoin.accounting import account, spent_by
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import RunClosed
from forkjoin.failpoints import reached
from forkjoin.journal import Journal, run_view, timeline
from forkjoin.model import MIB, Account, Closed, Joined, Planned, Report, RunView, TaskId, TaskView, Text, to_json
from forkjoin.private import write_file
from forkjoin.sources import lines_at
from forkjoin.synthesis import (
    TaskResult,
    comparisons,
    identified,
    narrowed,
    questions,
    render_json,
    render_markdown,
    report,
)

_FAILURES = {"failed", "timed_out", "lost", "needs_input", "blocked"}
_ANSWER_CHARS = 4_000  # of each answer, in a report
_SAID_CHARS = 32 * MIB  # of an answer that findings are looked for in
_Lines: TypeAlias = dict[str, dict[str, str]]


class JoinedAt(msgspec.Struct, frozen=True, kw_only=True):
    """The report that a run was joined to, and the last event then: without another it is the run's report still."""

    seq: int
    report: Report


def joined(
    folder: RunFolder,
    journal: Journal,
    planned: Planned,
    *,
    now: float,
    known: str | None = None,
    view: Callable[[], RunView] | None = None,
) -> tuple[tuple[Joined | Closed, ...], Report | None]:
    """Write `report.json` and `report.md` into the run folder; return the events that end the run, and its report.

    *known* is the JSON of the lines that findings are at, where they are known already: the tree is not read then.
    *view* gives the run as it stands in the journal, where somebody has added that up already.

    A report that cannot be made or written does not keep a run from its end: its state then says why it has none.
    """
    standing = _standing(journal, view)
    state = _state(standing)
    try:
        whole = _joined(standing, planned, journal.content, now)
        lines = lines_at(Path(standing.tree), _places(whole)) if known is None else _decoded(known)
        made = _told(whole, lines, planned)
        _write(folder.path / "report.json", to_json(render_json(made)))
        _write(folder.path / "report.md", render_markdown(made).encode("utf-8", "replace"))
    except Exception as error:
        why = f"no report was written ({type(error).__name__}: {error}); make it again: forkjoin report {standing.run}"
        return (Closed(state=state, reason=why),), None
    counts = tuple((str(severity), count) for severity, count in made.counts)
    kept = journal.text(to_json(lines).decode()) if lines else None
    return (Joined(findings=counts, lines=kept), Closed(state=state, reason=standing.reason)), made


def _standing(journal: Journal, view: Callable[[], RunView] | None) -> RunView:
    if view is not None:
        with suppress(RunClosed):  # by the caller, while we drive
            return view()
    return run_view(journal.read())


def report_of(view: RunView, planned: Planned, content: Callable[[Text], str], *, whole: bool = False) -> Report:
    """Return the report of a run as it stands: also of one that still runs, whose missing tasks it names.

    It has what the run's scope asks for; *whole*: every finding.
    """
    made = _joined(view, planned, content, time.time())
    kept = content(view.lines) if view.lines is not None else ""
    lines = _decoded(kept) if kept else lines_at(Path(view.tree), _places(made))
    return _told(made, lines, planned, whole=whole)


def again(made: JoinedAt, view: RunView) -> Report | None:
    """Return the report of a run that was joined, where nothing has happened since; None where something has."""
    if made.seq != view.seq or view.ended is None:
        return None
    return msgspec.structs.replace(made.report, account=account_of(view))  # the time of the join is in it now


def _decoded(lines: str) -> _Lines:
    return msgspec.json.decode(lines, type=_Lines) if lines else {}


def looked_at(planned: Planned) -> Mapping[TaskId, Sequence[str]]:
    """Return what part of the tree each task looked at, as paths and globs."""
    return {task.id: task.reads or ("**",) for task in planned.plan.tasks}


def account_of(view: RunView) -> Account:
    """Return where the time of a run went; one that still runs is counted up to now."""
    return account(timeline(view), now=time.time())


def _joined(view: RunView, planned: Planned, content: Callable[[Text], str], now: float) -> Report:
    results = [_result(task, content, now) for task in view.tasks]
    made = report(view, results, account=account(timeline(view), now=now), not_looked_at=planned.not_looked_at)
    return msgspec.structs.replace(
        made, spent=spent_by(view), questions=questions(view, content), comparisons=comparisons(view, content, now)
    )


def _told(made: Report, lines: _Lines, planned: Planned, *, whole: bool = False) -> Report:
    """Return the report with its findings' fingerprints, narrowed to the run's scope unless *whole* is asked for."""
    scope = planned.scope
    standing = {(path, int(number)): text for path, told in lines.items() for number, text in told.items()}
    made = identified(made, standing, prefix=scope.prefix)
    return made if whole else narrowed(made, scope, standing, looked_at(planned))


def _places(made: Report) -> dict[str, frozenset[int]]:
    """Return the lines that findings are at, by file."""
    places: dict[str, set[int]] = {}
    for finding in made.findings:
        if finding.path and finding.line:
            places.setdefault(finding.path, set()).add(finding.line)
    return {path: frozenset(lines) for path, lines in places.items()}


def _result(task: TaskView, content: Callable[[Text], str], now: float) -> TaskResult:
    answer, value = content(task.answer), content(task.value).encode()
    return TaskResult(
        task=task.task,
        state=task.state,
        reason=task.why,
        kind=task.kind,
        agent=speaker_name(task),
        seconds=task.seconds(now),
        answer=answer[:_ANSWER_CHARS],
        answer_cut=len(answer) > _ANSWER_CHARS,
        value=value,
        said=answer[:_SAID_CHARS] if task.task.output == "findings" and not value else "",
        files=len(task.changes.files),
        violations=len(task.changes.violations),
        runs=task.changes.runs,
    )


def speaker_name(task: TaskView) -> str:
    """Return who did it as people call it: the analyser where the agent is `static`."""
    return task.task.task if task.task.agent_name == "static" else task.task.agent_name


def _state(view: RunView) -> Literal["completed", "failed", "stopped"]:
    states = {task.state for task in view.tasks}
    if states <= {"completed"}:
        return "completed"
    # What fail_fast ended beside a failure was stopped too: the run has failed all the same.
    asked = bool(view.reason)
    return "stopped" if asked or not states & _FAILURES else "failed"


def _write(path: Path, body: bytes) -> None:
    """Write by a temporary name, so that nobody reads half a report."""
    part = path.with_suffix(path.suffix + ".part")
    write_file(part, body)
    reached("report.written")
    part.replace(path)
