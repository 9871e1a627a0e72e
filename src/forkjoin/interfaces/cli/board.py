"""The board: a run as lines of text for a terminal of a given size. Pure: the same view gives the same lines."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from rich.cells import cell_len
from rich.text import Text

from forkjoin.interfaces.cli.rows import Table, rows
from forkjoin.interfaces.cli.words import comparison, counts, verdict
from forkjoin.model import ENDED, RunView
from forkjoin.model.text import one_line

_ROOMY = 9  # lines: what stands around the rows, the chosen task's description with it
_BAR = 10  # cells
KEYS = "↑↓ choose   enter log   d diff   x stop it   q leave it running   ? help"
KEYS_WATCHING = "↑↓ choose   enter log   d diff   x stop it   q quit   ? help"
_KEYS_NARROW = "? help   q quit   enter log   d diff   x stop it"


@dataclass(frozen=True, kw_only=True)
class Frame:
    """How the board is shown: cells of the terminal, the chosen task (from 0), its keys, and whether a long list is
    folded. `unicode` is about symbols, `encoding` about letters: what it has none for is a question mark."""

    width: int = 80
    height: int = 24
    chosen: int = 0
    keys: str = KEYS
    notice: str = ""
    unicode: bool = True
    encoding: str = "utf-8"
    folds: bool = False


def board(view: RunView, now: float, frame: Frame) -> list[Text]:
    """Return at most `frame.height` lines, none wider than `frame.width` cells; *now* is Unix time."""
    # Times that go on are told in whole seconds since the start: all rows change in one moment, once a second.
    now = view.started + max(0, floor(now - view.started))
    table = Table(width=frame.width, chosen=frame.chosen, now=now, unicode=frame.unicode, folds=frame.folds)
    headings, drawn = rows(view, table, room=room(view, frame.height))
    if _small(frame.height):
        lines = [_title(view), *drawn, _foot(view, now, frame)]
    else:
        head = [_title(view), Text(verdict(view), style="dim"), Text(), headings]
        lines = [*head, *drawn, *_description(view, frame), _foot(view, now, frame), _keys(frame)]
    return [fitted(line, frame) for line in lines[: frame.height]]


def room(view: RunView, height: int) -> int:
    """Return how many rows a terminal of so many lines has for tasks."""
    described = len(view.tasks) <= height - _ROOMY
    return max(1, height - (2 if _small(height) else 8 if described else 7))


def fitted(line: Text, frame: Frame) -> Text:
    """Return the line in the letters that the terminal has, and no wider than it."""
    line.no_wrap = True
    line.truncate(frame.width, overflow="ellipsis")
    return line if frame.encoding.startswith("utf") else _spelled(line, frame.encoding)


def _small(height: int) -> bool:
    """Whether the title, the rows and the comparison are all there is room for."""
    return height < _ROOMY


def _title(view: RunView) -> Text:
    line = Text(f"{one_line(view.name or view.run, 40)}", style="bold")
    line.append(f"  {counts(view.tasks)}", style="not bold")
    if view.name:
        line.append(f"  run {view.run}", style="not bold dim")
    if view.held:
        line.append(f"  held: {one_line(view.held)}", style="yellow")
    return line


def _description(view: RunView, frame: Frame) -> list[Text]:
    """What the chosen task is about, below an empty line, where there is room and it says more than the id."""
    chosen = view.tasks[frame.chosen] if frame.chosen < len(view.tasks) else None
    said = one_line(chosen.task.description) if chosen else ""
    if chosen is None or not said or said == chosen.id or len(view.tasks) > frame.height - _ROOMY:
        return [Text()]
    return [Text(), Text(f"{chosen.id}: {said}")]


def _foot(view: RunView, now: float, frame: Frame) -> Text:
    """How much has ended, as a bar and in words, and the time beside one after another."""
    total, over = len(view.tasks), sum(task.state in ENDED for task in view.tasks)
    said = comparison(view, now)
    if total < 2:
        return Text(said)
    full, empty = ("█", "░") if frame.unicode else ("#", "-")
    cells = _BAR * over // total
    bar, words = f"[{full * cells}{empty * (_BAR - cells)}] ", f"{over} of {total} ended   {said}"
    return Text(bar + words if len(bar + words) <= frame.width else words)


def _keys(frame: Frame) -> Text:
    if frame.notice:
        return Text(one_line(frame.notice), style="bold yellow")
    keys = frame.keys if cell_len(frame.keys) <= frame.width else _KEYS_NARROW
    return Text(keys if frame.unicode else keys.replace("↑↓", "j/k"), style="dim")


def _spelled(line: Text, encoding: str) -> Text:
    """Return the line with a `~` for each ellipsis, and a `?` a cell for each letter that *encoding* does not have."""
    line.plain = "".join(_letter(char, encoding) for char in line.plain)
    return line


def _letter(char: str, encoding: str) -> str:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return "~" if char == "…" else "?" * cell_len(char)
    return char
