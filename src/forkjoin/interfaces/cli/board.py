"""The board: a run as lines of text for a terminal of a given size. Pure: the same view gives the same lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from forkjoin.model import ENDED, RunView, TaskView, spoken
from forkjoin.model.text import one_line

# A symbol and a word for every state: nothing hangs on the colour alone.
STATES: dict[str, tuple[str, str, str]] = {
    "queued": ("·", ".", "dim"),
    "starting": ("◌", "o", "cyan"),
    "running": ("●", "*", "bold cyan"),
    "completed": ("✓", "+", "green"),
    "needs_input": ("?", "?", "bold yellow"),
    "failed": ("✗", "x", "bold red"),
    "timed_out": ("✗", "x", "bold red"),
    "stopped": ("■", "#", "yellow"),
    "lost": ("!", "!", "bold red"),
    "blocked": ("⊘", "/", "yellow"),
    "skipped": ("-", "-", "dim"),
}
_ORDER = ("running", "starting", "completed", "needs_input", "failed", "timed_out", "lost", "stopped", "blocked",
          "skipped", "queued")  # fmt: skip
_ROOMY = 9  # lines: what stands around the rows, the chosen task's description with it
KEYS = "↑↓ choose   enter log   d diff   x stop it   q leave it running"
KEYS_WATCHING = "↑↓ choose   enter log   d diff   x stop it   q quit"


@dataclass(frozen=True, kw_only=True)
class Frame:
    """How the board is shown: cells of the terminal, the chosen task (from 0), its keys, and symbols or plain ASCII."""

    width: int = 80
    height: int = 24
    chosen: int = 0
    keys: str = KEYS
    notice: str = ""
    unicode: bool = True


def board(view: RunView, now: float, frame: Frame) -> list[Text]:
    """Return at most `frame.height` lines, none wider than `frame.width` cells; *now* is Unix time."""
    head = [_title(view, now), Text(verdict(view), style="dim"), Text()]
    told = _description(view, frame)
    foot = [*told, Text(comparison(view, now)), _keys(frame)]
    small = frame.height < 9  # then the title, the rows and the comparison are all there is room for
    room = max(1, frame.height - (2 if small else len(head) + len(foot) + 1))
    columns = _columns(view, frame)
    rows = [_headings(columns), *_window(view, now, frame, columns, room)]
    lines = [head[0], *rows[1:], foot[-2]] if small else [*head, *rows, *foot]
    return [_fitted(line, frame.width) for line in lines[: frame.height]]


def verdict(view: RunView) -> str:
    """Return what was found out about independence: `8 independent, 1 waits for auth`."""
    waits: dict[str, list[str]] = {}
    for edge in view.edges:
        firsts = waits.setdefault(edge.then, [])
        if edge.first not in firsts:
            firsts.append(edge.first)
    said = [_free(view, waits)]
    shown = list(waits.items())[:2]
    said += [f"{then} waits for {', '.join(firsts[:3])}{' …' if len(firsts) > 3 else ''}" for then, firsts in shown]
    if len(waits) == 1:
        said[1] = f"1 waits for {', '.join(shown[0][1][:3])}"
    if len(waits) > len(shown):
        said.append(f"{len(waits) - len(shown)} more wait")
    return ", ".join(said)


def _free(view: RunView, waits: Collection[str]) -> str:
    """What is said of the tasks that wait for no other: known to be independent, or unknown and each apart."""
    unknown = len(set(view.unknown) - set(waits))
    free = len(view.tasks) - len(waits) - unknown
    if len(view.tasks) <= 1:
        return "one task" if view.tasks else "no task"
    if unknown:
        apart = f"{unknown} unknown, each in a tree of its own"
        return f"{free} independent, {apart}" if free else apart
    return f"{free} independent" if waits else "all independent"


def counts(view: RunView) -> str:
    """Return how many tasks are in which state: `3 running, 2 completed, 4 queued`."""
    by_state: Counter[str] = Counter(task.state for task in view.tasks)
    return ", ".join(f"{by_state[state]} {spell(state)}" for state in _ORDER if by_state[state]) or "no tasks"


def comparison(view: RunView, now: float) -> str:
    """Return the time so far beside the time one after another would have taken."""
    wall = max(0.0, (view.ended or now) - view.started)
    one_by_one = sum(task.seconds(now) for task in view.tasks)
    begun = "took" if view.ended else "so far"
    if wall <= 0 or one_by_one < 1 or len(view.tasks) < 2:  # nothing to compare
        return f"{begun} {spoken(wall)}"
    return f"{begun} {spoken(wall)}; one after another {spoken(one_by_one)} ({one_by_one / wall:.1f}x)"


def spell(state: str) -> str:
    """Return a state as people read it."""
    return state.replace("_", " ")


def agent_of(task: TaskView) -> str:
    """Return who does a task; of the static agent its analyser."""
    name = task.task.agent_name
    return task.task.task if name == "static" and task.task.task else name


def doing(task: TaskView) -> str:
    """Return the last column of a task: why it waits, what it last did, or the reason of its end; one clean line."""
    if task.state == "queued" and not task.why and task.waits_for:
        return f"waits for {', '.join(task.waits_for)}"
    said = task.action if task.state in ("starting", "running") else task.why
    if not said and task.state == "completed":
        said = _result(task)
    return one_line(said)


def page(title: str, part: list[str], *, columns: int, diff: bool) -> list[Text]:
    """Return a page of text with a title and its keys; the text is clean already. A diff is coloured by its marks."""
    lines = [Text(one_line(title), style="bold"), Text()]
    lines += [Text(line, style=_diff_style(line) if diff else "") for line in part or [""]]
    lines.append(Text("↑↓ scroll   q back", style="dim"))
    return [_fitted(line, columns) for line in lines]


def _diff_style(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")


def _result(task: TaskView) -> str:
    files = len(task.changes.files)
    parts = [f"{task.findings} finding{'s' * (task.findings != 1)}"] if task.findings else []
    parts += [f"{files} file{'s' * (files != 1)} changed"] if files else []
    return ", ".join(parts)


def _title(view: RunView, now: float) -> Text:
    line = Text(f"{one_line(view.name or view.run, 40)}", style="bold")
    line.append(f"  {counts(view)}", style="not bold")
    if view.name:
        line.append(f"  run {view.run}", style="not bold dim")
    if view.held:
        line.append(f"  held: {one_line(view.held)}", style="yellow")
    return line


def _description(view: RunView, frame: Frame) -> list[Text]:
    """What the chosen task is about, below an empty line, where there is room and it says more than the id."""
    chosen = view.tasks[frame.chosen] if frame.chosen < len(view.tasks) else None
    said = one_line(chosen.task.description) if chosen else ""
    if (
        chosen is None
        or not said
        or said == chosen.id
        or frame.height < _ROOMY
        or len(view.tasks) > frame.height - _ROOMY
    ):
        return [Text()]
    return [Text(), Text(f"{chosen.id}: {said}")]


def _keys(frame: Frame) -> Text:
    if frame.notice:
        return Text(one_line(frame.notice), style="bold yellow")
    return Text(frame.keys if frame.unicode else frame.keys.replace("↑↓", "j/k"), style="dim")


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Cells of the columns whose width depends on what stands in them."""

    name: int
    agent: int


def _columns(view: RunView, frame: Frame) -> _Columns:
    names = max((len(task.id) for task in view.tasks), default=0)
    agents = max((len(agent_of(task)) for task in view.tasks), default=0)
    new = any(agent_of(task) != task.id for task in view.tasks)  # a review's tasks are called after their analysers
    agent = min(max(5, agents), 12) if new else 0
    return _Columns(name=min(max(4, names), max(12, frame.width - 60)), agent=agent)


def _headings(columns: _Columns) -> Text:
    agent = f"{'agent':{columns.agent}} " if columns.agent else ""
    said = f"{'#':>5}   {'task':{columns.name}} {'state':11} {agent}{'time':>9}  last action"
    return Text(said, style="dim")


def _window(view: RunView, now: float, frame: Frame, columns: _Columns, room: int) -> list[Text]:
    """The rows around the chosen one, and how many there are above and below."""
    total = len(view.tasks)
    if not total:
        return [Text("      nothing to do")]
    if total <= room:
        return [_row(task, now, frame, columns) for task in view.tasks]
    inner = max(1, room - 2)
    first = min(max(0, frame.chosen - inner // 2), total - inner)
    if first == 0 or first + inner == total:  # at an end only one line of dots is needed
        inner = max(1, room - 1)
        first = 0 if first == 0 else total - inner
    rows = [_row(task, now, frame, columns) for task in view.tasks[first : first + inner]]
    return [*_more(first, "above"), *rows, *_more(total - first - inner, "below")]


def _more(count: int, where: str) -> list[Text]:
    return [Text(f"      … {count} more {where}", style="dim")] if count else []


def _row(task: TaskView, now: float, frame: Frame, columns: _Columns) -> Text:
    chosen = task.number == frame.chosen + 1
    symbol, plain, style = STATES[task.state]
    mark = ("▸" if frame.unicode else ">") if chosen else " "
    line = Text(f"{mark}{task.number:>4} ", style="bold" if chosen else "")
    line.append(f"{symbol if frame.unicode else plain} ", style=style)
    line.append(padded(one_line(task.id), columns.name) + " ", style="bold" if chosen else "")
    line.append(f"{spell(task.state):11} ", style=style)
    if columns.agent:
        line.append(padded(one_line(agent_of(task)), columns.agent) + " ", style="dim")
    line.append(f"{spoken(task.seconds(now)) if task.started else '':>9}  ")
    line.append(doing(task), style="dim" if task.state in ENDED or task.state == "queued" else "")
    return line


def padded(text: str, width: int) -> str:
    """Return *text* in exactly *width* cells, cut with an ellipsis."""
    if cell_len(text) > width:
        while cell_len(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - cell_len(text))


def _fitted(line: Text, width: int) -> Text:
    line.no_wrap = True
    line.truncate(width, overflow="ellipsis")
    return line
