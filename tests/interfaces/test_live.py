"""Which way a run is shown, and pages of the board that would be too long to draw."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from forkjoin.interfaces.cli import live
from forkjoin.interfaces.cli.controls import Shown
from forkjoin.model import RunView


class _Run(SimpleNamespace):
    id = "k3f9x2"

    def diff(self, task: str, *, start: int = 0, size: int = -1) -> bytes:
        return (self.patch)[start:][: size if size >= 0 else None]

    def log(self, task: str, *, stream: str, limit: int) -> str:
        return {"stdout": "out\n", "stderr": self.err}[stream][-limit:]


def _page(view: RunView, page: str, *, patch: bytes = b"", err: str = "") -> list[str]:
    board = live._Board(_Run(patch=patch, err=err), attached=True)
    board._shown = Shown(page=page, scrolled=10**9 if page == "diff" else 0)
    return [line.plain for line in board._lines(view, view.started, 80, 24)]


def test_a_diff_that_is_too_long_for_a_page_ends_with_the_command_that_prints_it_all(five: RunView) -> None:
    lines = _page(five, "diff", patch=b"+line\n" * 100_000)
    assert lines[-2] == "… the rest: forkjoin diff k3f9x2/auth"
    assert len(lines) == 24
    assert len(live._Board(_Run(patch=b"x" * 10**6), attached=True)._diff("auth")) < 300_000
    assert "the rest" not in " ".join(_page(five, "diff", patch=b"+line\n" * 100))


def test_a_log_shows_both_streams_and_names_the_second(five: RunView) -> None:
    assert [line for line in _page(five, "log", err="oops\n") if line][1:-1] == ["out", "--- stderr ---", "oops"]
    assert "--- stderr ---" not in _page(five, "log")


def test_no_page_shows_what_would_steer_the_terminal(five: RunView) -> None:
    for page in ("log", "diff"):
        drawn = "".join(_page(five, page, patch=b"+\x1b[2J\xff\x07\n", err="\x1b]0;t\x07x"))
        assert not {"\x1b", "\x07"} & set(drawn)


@pytest.mark.parametrize(
    ("form", "kind"),
    [("jsonl", live._JsonLines), ("quiet", live._Silent), ("plain", live._Plain), ("verbose", live._Plain)],
)
def test_what_was_asked_for_is_how_it_is_shown(form: str, kind: type) -> None:
    assert type(live.show_for(_Run(), form, attached=True)) is kind


def test_the_board_is_for_a_terminal_that_can_be_drawn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "on_terminal", lambda _: True)
    for drawable, kind in ((True, live._Board), (False, live._Plain)):
        monkeypatch.setattr(live, "_can_draw", lambda drawable=drawable: drawable)
        assert type(live.show_for(_Run(), "auto", attached=True)) is kind
    monkeypatch.setattr(live, "on_terminal", lambda _: False)
    monkeypatch.setattr(live, "_can_draw", lambda: True)
    assert type(live.show_for(_Run(), "auto", attached=True)) is live._Plain


@pytest.mark.parametrize("term", ["", "dumb"])
def test_a_terminal_without_cursor_movement_is_not_drawn_on(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    monkeypatch.setenv("TERM", term)
    assert not live._can_draw()


def test_a_run_that_is_over_or_has_just_begun_takes_no_screen(five: RunView, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[bool] = []
    monkeypatch.setattr(live._Board, "_open", lambda _: opened.append(True) or 1 / 0)
    for attached in (True, False):
        board = live._Board(_Run(), attached=attached)
        assert board.tick(five, five.started + 0.1) == []
        assert board.tick(msgspec.structs.replace(five, ended=five.started + 9), five.started + 10) == []
        assert board.keyboard() == []
        board.resized()
    assert opened == []
    with pytest.raises(ZeroDivisionError):
        board.tick(five, five.started + 1)


def test_a_notice_before_the_board_is_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    live._Board(_Run(), attached=True).notice("stopping\x1b[2J every task")
    assert capsys.readouterr().err == "stopping every task\n"
