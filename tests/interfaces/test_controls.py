"""What keys do on the board."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forkjoin.interfaces.cli.controls import NOTHING, Shown, Wish, after, following, window
from forkjoin.interfaces.cli.terminal import keys_of
from forkjoin.model import RunView, TaskView


def _after(view: RunView, *keys: str, shown: Shown | None = None) -> tuple[Shown, list[Wish]]:
    shown, wishes = shown or Shown(), []
    for key in keys:
        shown, wish = after(shown, key, view)
        wishes.append(wish)
    return shown, [wish for wish in wishes if wish is not NOTHING]


def test_arrows_choose_and_stay_within_the_list(five: RunView) -> None:
    assert _after(five, "down", "down", "up")[0].chosen == 1
    assert _after(five, "up")[0].chosen == 0
    assert _after(five, *["down"] * 9)[0].chosen == 4
    assert _after(five, "bottom", "page-up")[0].chosen == 0


def test_enter_opens_the_log_and_d_the_diff_and_q_comes_back(five: RunView) -> None:
    for key, page in (("enter", "log"), ("d", "diff")):
        shown, wishes = _after(five, "down", key)
        assert (shown.page, shown.chosen) == (page, 1)
        back, more = _after(five, "q", shown=shown)
        assert (back.page, back.chosen) == ("board", 1)
        assert wishes == more == []


def test_q_on_the_board_is_the_wish_to_leave(five: RunView) -> None:
    assert _after(five, "q")[1] == [Wish(kind="leave")]


def test_x_stops_a_task_only_after_a_yes(five: RunView) -> None:
    asked, wishes = _after(five, "x")
    assert wishes == []
    assert "stop auth" in asked.notice
    assert _after(five, "y", shown=asked)[1] == [Wish(kind="stop", task="auth")]


@pytest.mark.parametrize("key", ["n", "q", "back", "down", "d", "x", "enter", " "])
def test_any_other_key_means_no(five: RunView, key: str) -> None:
    shown, wishes = _after(five, "x", key)
    assert wishes == []
    assert (shown.stopping, shown.notice, shown.page, shown.chosen) == ("", "", "board", 0)


def test_x_on_an_ended_task_asks_nothing(five: RunView) -> None:
    shown, wishes = _after(five, "down", "x", "y")
    assert wishes == []
    assert shown.stopping == ""


def test_no_key_is_an_error_where_there_are_no_tasks(a_run: Callable[..., RunView]) -> None:
    for key in ("down", "up", "enter", "d", "x", "bottom", "y"):
        shown, wishes = _after(a_run([]), key)
        assert (shown.page, shown.chosen, wishes) == ("board", 0, [])


def test_a_long_list_is_folded_around_what_runs_until_somebody_chooses(
    a_task: Callable[..., TaskView], a_run: Callable[..., RunView]
) -> None:
    states = ["completed"] * 30 + ["running"] * 5 + ["queued"] * 30
    view = a_run([a_task(f"t{n}", state) for n, state in enumerate(states)])
    shown = following(Shown(), view, room=16)
    assert shown.chosen == 30
    moved, _ = _after(view, "down", shown=shown)
    assert following(moved, view, room=16).chosen == 31
    up = _after(view, *["up"] * 9, shown=moved)[0]
    assert following(up, view, room=16).chosen == 22


def test_a_list_that_fits_does_not_move(five: RunView) -> None:
    assert following(Shown(chosen=3), five, room=16).chosen == 3


def test_escape_folds_a_long_list_again_and_a_page_or_a_question_holds_its_task(
    a_task: Callable[..., TaskView], a_run: Callable[..., RunView]
) -> None:
    states = ["completed"] * 30 + ["running"] * 5 + ["queued"] * 30
    view = a_run([a_task(f"t{n}", state) for n, state in enumerate(states)])
    chosen = _after(view, "bottom")[0]
    assert following(chosen, view, room=16).chosen == 64
    assert following(_after(view, "back", shown=chosen)[0], view, room=16).chosen == 30
    for key in ("enter", "d", "x"):
        held, _ = _after(view, key, shown=Shown(chosen=33))
        assert following(held, view, room=16).chosen == 33


def test_a_page_leads_to_the_other_page_and_back(five: RunView) -> None:
    assert _after(five, "enter", "d")[0].page == "diff"
    assert _after(five, "d", "enter")[0].page == "log"
    for keys in (("enter", "enter"), ("d", "d"), ("enter", "d", "back"), ("?", "q"), ("?", "?"), ("?", "x")):
        shown, wishes = _after(five, *keys)
        assert (shown.page, shown.stopping, wishes) == ("board", "", [])


def test_help_is_a_question_mark_away(five: RunView, a_run: Callable[..., RunView]) -> None:
    assert _after(five, "?")[0].page == "help"
    assert _after(a_run([]), "?")[0].page == "help"


def test_a_log_is_shown_from_its_end_and_a_diff_from_its_beginning() -> None:
    lines = [str(n) for n in range(10)]
    assert window(lines, height=3, scrolled=0, from_end=True) == (["7", "8", "9"], 0)
    assert window(lines, height=3, scrolled=2, from_end=True) == (["5", "6", "7"], 2)
    assert window(lines, height=3, scrolled=99, from_end=True) == (["0", "1", "2"], 7)
    assert window(lines, height=3, scrolled=0, from_end=False) == (["0", "1", "2"], 0)
    assert window(lines, height=3, scrolled=99, from_end=False) == (["7", "8", "9"], 7)
    assert window(lines, height=30, scrolled=5, from_end=True) == (lines, 0)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("\x1b[A\x1b[B", ["up", "down"]),
        ("\x1bOAjk", ["up", "down", "up"]),
        ("\r", ["enter"]),
        ("\x1b", ["back"]),
        ("xq", ["x", "q"]),
        ("\x1b[1;5C", []),
        ("\x1b[200~hi\x1b[201~", ["h", "i"]),
        ("\x1b[", []),
        ("", []),
    ],
)
def test_what_is_typed_becomes_words(typed: str, keys: list[str]) -> None:
    assert keys_of(typed) == keys


@given(st.text(max_size=60))
def test_any_input_becomes_keys_without_an_error(typed: str) -> None:
    assert all(keys_of(typed))
