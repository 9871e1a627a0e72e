"""What keys do on the board: from what is shown and a key to what is shown next, and a wish. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from forkjoin.interfaces.cli.folding import first_of
from forkjoin.model import ENDED, RunView, TaskView

Page = Literal["board", "log", "diff", "help"]
WishKind = Literal["none", "stop", "leave"]
_PAGES: dict[str, Page] = {"enter": "log", "d": "diff"}
_LINES: dict[str, int] = {"up": -1, "down": 1, "page-up": -10, "page-down": 10, "top": -(10**9), "bottom": 10**9}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is on the screen: a page, the chosen task (from 0), how far a page is scrolled up from its end (log) or
    down from its beginning (diff), the task that a stop was asked for, and a line of notice. Until somebody chooses,
    a list that is longer than the screen is folded: what runs and what went wrong comes first."""

    page: Page = "board"
    chosen: int = 0
    follows: bool = True
    scrolled: int = 0
    stopping: str = ""
    notice: str = ""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the person wants of the run: nothing, one task stopped, or to leave."""

    kind: WishKind = "none"
    task: str = ""


NOTHING = Wish()


def after(shown: Shown, key: str, view: RunView) -> tuple[Shown, Wish]:
    """Return what is shown after *key*, and the wish it means."""
    if shown.stopping:
        return _answered(shown, key)
    if shown.page == "help":
        return replace(shown, page="board"), NOTHING
    if shown.page != "board":
        return _on_page(shown, key), NOTHING
    return _on_board(replace(shown, notice=""), key, view), Wish(kind="leave") if key == "q" else NOTHING


def _on_board(shown: Shown, key: str, view: RunView) -> Shown:
    if key in _LINES:
        last = max(0, len(view.tasks) - 1)
        return replace(shown, chosen=min(last, max(0, shown.chosen + _LINES[key])), follows=False)
    if key == "back":
        return replace(shown, follows=True)
    if key == "?":
        return replace(shown, page="help")
    return _of_task(shown, key, view.tasks[shown.chosen]) if shown.chosen < len(view.tasks) else shown


def _of_task(shown: Shown, key: str, chosen: TaskView) -> Shown:
    if key in _PAGES:
        return replace(shown, page=_PAGES[key], scrolled=0)
    if key != "x":
        return shown
    if chosen.state in ENDED:
        return replace(shown, notice=f"{chosen.id} has ended already")
    return replace(shown, stopping=chosen.id, notice=f"stop {chosen.id} with all its processes? y / n")


def following(shown: Shown, view: RunView, *, room: int) -> Shown:
    """Choose the task at the top of the folded list, where nobody has chosen and the list is longer than *room*."""
    if not shown.follows or len(view.tasks) <= room or shown.stopping or shown.page in _PAGES.values():
        return shown
    return replace(shown, chosen=first_of(view.tasks, room)[0].number - 1)


def _answered(shown: Shown, key: str) -> tuple[Shown, Wish]:
    if key in ("y", "Y"):  # no other key, or one that is held down would answer its own question
        return replace(shown, stopping="", notice=f"stopping {shown.stopping}"), Wish(kind="stop", task=shown.stopping)
    return replace(shown, stopping="", notice=""), NOTHING


def _on_page(shown: Shown, key: str) -> Shown:
    if key in ("q", "back") or _PAGES.get(key) == shown.page:
        return replace(shown, page="board", scrolled=0)
    if key in _PAGES:
        return replace(shown, page=_PAGES[key], scrolled=0)
    if key in _LINES:
        step = -_LINES[key] if shown.page == "log" else _LINES[key]
        return replace(shown, scrolled=max(0, shown.scrolled + step))
    return shown


def window(lines: list[str], *, height: int, scrolled: int, from_end: bool) -> tuple[list[str], int]:
    """Return the *height* lines to show, and *scrolled* bounded by what there is."""
    most = max(0, len(lines) - height)
    bounded = min(scrolled, most)
    first = most - bounded if from_end else bounded
    return lines[first : first + height], bounded
