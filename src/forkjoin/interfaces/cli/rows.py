"""The rows of the board: a task a line, in columns; of a list that is too long a part and counts of the rest. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from forkjoin.interfaces.cli.folding import first_of
from forkjoin.interfaces.cli.words import STATES, agent_of, counts, doing, padded, spell, whole
from forkjoin.model import ENDED, RunView, TaskView, spoken
from forkjoin.model.text import one_line

_AGENTS_FROM = 72  # cells: on a narrower terminal the last action needs them more
_NAMES = 60  # cells that stand beside the names


@dataclass(frozen=True, kw_only=True)
class Table:
    """How rows are shown: the terminal's cells, the chosen task (from 0), the first moment after which nothing is
    known, symbols or plain ASCII, and whether a list that is too long is folded instead of scrolled."""

    width: int
    chosen: int
    now: float
    unicode: bool
    folds: bool


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Cells of the columns whose width depends on what stands in them; 0: there is no such column."""

    name: int
    agent: int
    done: int


def rows(view: RunView, table: Table, *, room: int) -> tuple[Text, list[Text]]:
    """Return the headings, and at most *room* rows."""
    columns = _columns(view, table)
    return _headings(columns), _rows(view, table, columns, room)


def _rows(view: RunView, table: Table, columns: _Columns, room: int) -> list[Text]:
    total = len(view.tasks)
    if not total:
        return [Text("      nothing to do")]
    if total <= room:
        return [_row(task, table, columns) for task in view.tasks]
    if table.folds:
        return _folded(view, table, columns, room)
    return _scrolled(view, table, columns, room)


def _folded(view: RunView, table: Table, columns: _Columns, room: int) -> list[Text]:
    """What runs and what went wrong, and in the last row how many others there are in which state."""
    shown = first_of(view.tasks, room - 1) if room > 1 else []
    there = {task.id for task in shown}
    left = [task for task in view.tasks if task.id not in there]
    drawn = [_row(task, table, columns) for task in shown]
    return [*drawn, Text(f"      {'…' if table.unicode else '...'} and {counts(left)}", style="dim")][:room]


def _scrolled(view: RunView, table: Table, columns: _Columns, room: int) -> list[Text]:
    """The rows around the chosen one, and how many there are above and below."""
    total, inner = len(view.tasks), max(1, room - 2)
    first = min(max(0, table.chosen - inner // 2), total - inner)
    if first == 0 or first + inner == total:  # at an end only one line of dots is needed
        inner = max(1, room - 1)
        first = 0 if first == 0 else total - inner
    drawn = [_row(task, table, columns) for task in view.tasks[first : first + inner]]
    return [*_more(first, "above", table), *drawn, *_more(total - first - inner, "below", table)]


def _more(count: int, where: str, table: Table) -> list[Text]:
    dots = "…" if table.unicode else "..."
    return [Text(f"      {dots} {count} more {where}", style="dim")] if count else []


def _columns(view: RunView, table: Table) -> _Columns:
    names = max((len(task.id) for task in view.tasks), default=0)
    agents = {agent_of(task) for task in view.tasks}
    # One agent for all says nothing in a row, and a review's tasks are called after their analysers.
    telling = len(agents) > 1 and any(agent_of(task) != task.id for task in view.tasks)
    agent = min(max(5, *map(len, agents)), 12) if telling and table.width >= _AGENTS_FROM else 0
    done = 4 if any(task.task.estimate for task in view.tasks) else 0
    return _Columns(name=min(max(4, names), max(12, table.width - _NAMES)), agent=agent, done=done)


def _headings(columns: _Columns) -> Text:
    agent = f"{'agent':{columns.agent}} " if columns.agent else ""
    done = "done " if columns.done else ""
    said = f"{'#':>5}   {'task':{columns.name}} {'state':11} {agent}{'time':>9}  {done}last action"
    return Text(said, style="dim")


def _row(task: TaskView, table: Table, columns: _Columns) -> Text:
    chosen = task.number == table.chosen + 1
    symbol, plain, style = STATES[task.state]
    mark = ("▸" if table.unicode else ">") if chosen else " "
    line = Text(f"{mark}{task.number:>4} ", style="bold" if chosen else "")
    line.append(f"{symbol if table.unicode else plain} ", style=style)
    line.append(padded(one_line(task.id), columns.name) + " ", style="bold" if chosen else "")
    line.append(f"{spell(task.state):11} ", style=style)
    if columns.agent:
        line.append(padded(one_line(agent_of(task)), columns.agent) + " ", style="dim")
    line.append(f"{_time(task, table.now):>9}  ")
    if columns.done:
        line.append(f"{_done(task, table.now):>4} ", style="dim")
    said, live = _said(task), task.state == "running" and bool(task.action)
    line.append(said, style="" if live or task.state in ("starting", "needs_input", "failed") else "dim")
    return line


def _time(task: TaskView, now: float) -> str:
    """How long it ran; while it runs in whole seconds, for tenths would redraw each row ten times a second."""
    if not task.started:
        return ""
    took = task.seconds(now)
    return spoken(took) if task.state in ENDED else whole(took)


def _done(task: TaskView, now: float) -> str:
    """How far it is by its estimate: `~40%`; `over` when it runs for longer."""
    if task.state != "running" or not task.task.estimate:
        return ""
    share = task.worked(now) / task.task.estimate
    return "over" if share >= 1 else f"~{share * 100:.0f}%"


def _said(task: TaskView) -> str:
    """What it last did, or why it waits or ended; where nothing is known, what it is about; and which try it is."""
    said = doing(task)
    if not said and task.state in ("starting", "running") and task.task.description != task.id:
        said = one_line(task.task.description)
    again = f"attempt {task.attempt}" if task.attempt > 1 and task.state not in ENDED else ""
    return ": ".join(filter(None, (again, said)))
