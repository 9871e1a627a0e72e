"""Ways to show a run while it is attended: the board on a terminal, plain lines, events as JSON, nothing."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Protocol

from forkjoin.interfaces.cli.controls import NOTHING, Shown, Wish, after, following, window
from forkjoin.interfaces.cli.plain import PlainLines, base_note
from forkjoin.interfaces.cli.talk import data_bytes, let_go, on_terminal, say
from forkjoin.model import Recorded, RunView, to_json
from forkjoin.model.text import clean

if TYPE_CHECKING:
    from rich.text import Text

    from forkjoin.engine import Run
    from forkjoin.interfaces.cli.board import Frame

Form = Literal["auto", "quiet", "plain", "verbose", "jsonl"]
_DELAY_S = 0.5  # a run that is over at once never takes the screen
_PAGE_BYTES = 256 * 1024


class Show(AbstractContextManager["Show"], Protocol):
    """A way to show a run."""

    def tick(self, view: RunView, now: float) -> list[Wish]:
        """Show what is new and return what the person wants."""

    def notice(self, text: str) -> None:
        """Say something beside it."""

    def keyboard(self) -> list[int]:
        """Return the descriptors whose input is waited for."""

    def resized(self) -> None:
        """Take the terminal's new size."""


def show_for(run: Run, form: Form, *, attached: bool) -> Show:
    """Return the way that fits: the board where stderr is a terminal that can be drawn on, else plain lines."""
    if form == "jsonl":
        return _JsonLines(run)
    if form == "quiet":
        return _Silent()
    if form == "auto" and on_terminal(sys.stderr) and _can_draw():
        return _Board(run, attached=attached)
    return _Plain(actions=form == "verbose")


def _can_draw() -> bool:
    """Whether the terminal knows cursor movement, and is ours: a job in the background only says what changes."""
    try:
        ours = os.tcgetpgrp(sys.stderr.fileno()) == os.getpgrp()
    except OSError:  # no job control: nobody else draws there
        ours = True
    return ours and os.environ.get("TERM", "") not in ("", "dumb")


class _Silent(Show):
    def __exit__(self, *_: object) -> None:
        return None

    def tick(self, view: RunView, now: float) -> list[Wish]:
        return []

    def notice(self, text: str) -> None:
        say(text)

    def keyboard(self) -> list[int]:
        return []

    def resized(self) -> None:
        return


class _Plain(_Silent):
    def __init__(self, *, actions: bool) -> None:
        self._lines = PlainLines(actions=actions)

    def tick(self, view: RunView, now: float) -> list[Wish]:
        for line in self._lines.told(view, now):
            say(line)
        return []


class _JsonLines(_Silent):
    """Events on stdout as they are committed; when the reader has gone, or takes no more, the run goes on unshown."""

    def __init__(self, run: Run) -> None:
        self._run, self._seq, self._gone = run, 0, False

    def tick(self, view: RunView, now: float) -> list[Wish]:
        for recorded in [] if self._gone else self._run.events(self._seq):
            self._seq = recorded.seq
            try:
                data_bytes(event_line(recorded))
            except OSError as error:
                self._gone = True
                if not isinstance(error, BrokenPipeError):
                    say(f"the events are not printed any more: {error.strerror}; the run goes on")
                let_go(sys.stdout)
                break
        return []


def event_line(recorded: Recorded) -> bytes:
    """Return an event as a line of JSON: `{"seq", "at", "event": {"kind", ...}}`."""
    return to_json(recorded) + b"\n"


class _Board(Show):
    """The board on stderr's terminal, and the keys of stdin's."""

    def __init__(self, run: Run, *, attached: bool) -> None:
        self._run, self._attached = run, attached
        self._shown = Shown()
        self._stack = ExitStack()
        self._screen: object | None = None
        self._based = False

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def tick(self, view: RunView, now: float) -> list[Wish]:
        if self._screen is None:
            if view.ended or now - view.started < _DELAY_S:
                return []  # over before there was anything to watch: the summary says it all
            self._open()
        if not self._based and (note := base_note(view)):
            self._based = True
            self.notice(note)
        wishes = [wish for key in self._keys.pressed() if (wish := self._press(key, view)) is not NOTHING]
        columns, height = self._display.size()
        self._display.show(self._lines(view, now, columns, height))
        return wishes

    def notice(self, text: str) -> None:
        if self._screen is None:
            say(text)
        self._shown = replace(self._shown, notice=text)

    def keyboard(self) -> list[int]:
        return [] if self._screen is None else self._keys.descriptors()

    def resized(self) -> None:
        if self._screen is not None:
            self._display.forget()

    def _open(self) -> None:
        from forkjoin.interfaces.cli.terminal import Screen, keys_of_terminal

        self._keys = self._stack.enter_context(keys_of_terminal())
        self._display = self._stack.enter_context(Screen(sys.stderr))
        self._screen = self._display

    def _press(self, key: str, view: RunView) -> Wish:
        self._shown, wish = after(self._shown, key, view)
        return wish

    def _lines(self, view: RunView, now: float, columns: int, height: int) -> list[Text]:
        from forkjoin.interfaces.cli.board import KEYS, KEYS_WATCHING, Frame, board, room
        from forkjoin.interfaces.cli.pages import help_page

        self._shown = following(self._shown, view, room=room(view, height))
        encoding = (sys.stderr.encoding or "ascii").lower()
        frame = Frame(
            width=columns,
            height=height,
            chosen=self._shown.chosen,
            keys=KEYS if self._attached else KEYS_WATCHING,
            notice=self._shown.notice,
            unicode=encoding.startswith("utf") and os.environ.get("TERM") != "linux",  # whose fonts have no such signs
            encoding=encoding,
            folds=self._shown.follows,
        )
        if self._shown.page == "help":
            return help_page(frame, attached=self._attached)
        return board(view, now, frame) if self._shown.page == "board" else self._page(view, frame)

    def _page(self, view: RunView, frame: Frame) -> list[Text]:
        from forkjoin.interfaces.cli.pages import page

        task = view.tasks[self._shown.chosen]
        log = self._shown.page == "log"
        text = self._log(task.id) if log else self._diff(task.id)
        lines = clean(text).expandtabs(8).rstrip("\n").split("\n")
        part, scrolled = window(lines, height=max(1, frame.height - 3), scrolled=self._shown.scrolled, from_end=log)
        self._shown = replace(self._shown, scrolled=scrolled)
        return page(f"{self._shown.page} of {task.id}", part, frame, diff=not log)

    def _diff(self, task: str) -> str:
        patch = self._run.diff(task, size=_PAGE_BYTES + 1)
        if not patch:
            return "changed nothing" + ("" if self._run.task(task).ended else " that was harvested yet")
        text = patch[:_PAGE_BYTES].decode("utf-8", "replace")
        return text if len(patch) <= _PAGE_BYTES else f"{text}\n… the rest: forkjoin diff {self._run.id}/{task}"

    def _log(self, task: str) -> str:
        out = self._run.log(task, stream="stdout", limit=_PAGE_BYTES)
        err = self._run.log(task, stream="stderr", limit=_PAGE_BYTES)
        return f"{out}\n--- stderr ---\n{err}" if err else out
