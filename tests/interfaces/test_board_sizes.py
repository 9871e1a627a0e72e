"""The board in every size, with no task and with many, and with the names of somebody who means ill."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from rich.cells import cell_len

from forkjoin.interfaces.cli.board import KEYS_WATCHING, Frame, board
from forkjoin.interfaces.cli.terminal import Screen
from forkjoin.interfaces.cli.words import STATES
from forkjoin.model import RunView, TaskView

NOW = 1_700_000_062.0
Make = Callable[..., TaskView]
MakeRun = Callable[..., RunView]
SIZES = [(80, 24), (40, 10), (200, 50)]
HOSTILE = [
    "\x1b[2J\x1b]0;title\x07",
    "two\nlines",
    "\u202eright to left",
    "検査" * 40,
    "[bold red]x[/]",
    "\t\x00\x7f",
    "e\u0301" * 60,
]


def _text(view: RunView, frame: Frame) -> str:
    return "".join(f"{line.plain.rstrip()}\n" for line in board(view, NOW, frame))


def _many(a_task: Make, a_run: MakeRun, count: int) -> RunView:
    states = ("running", "completed", "failed", "queued", "queued")
    tasks = [
        a_task(f"part-{n}", (state := states[n % 5]), began=None if state == "queued" else 1, ended=None)
        for n in range(count)
    ]
    return a_run(tasks)


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("count", [0, 1, 5, 500])
def test_so_many_tasks_on_so_big_a_terminal(
    a_task: Make, a_run: MakeRun, golden: Callable[[str, str], None], count: int, width: int, height: int
) -> None:
    text = _text(_many(a_task, a_run, count), Frame(width=width, height=height))
    golden(f"board-{count}-at-{width}x{height}.txt", text)
    assert len(text.splitlines()) <= height
    assert max(map(cell_len, text.splitlines())) <= width


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(("width", "height"), [*SIZES, (1, 1), (10, 9)])
def test_no_name_and_no_word_of_an_agent_breaks_out(
    a_task: Make, a_run: MakeRun, hostile: str, width: int, height: int
) -> None:
    tasks = [
        a_task("a", "running", began=1, action=hostile),
        a_task("b", "failed", began=1, why=hostile, agent=hostile),
        a_task("c", "queued", why=hostile),
    ]
    view = a_run(tasks, name=hostile, held=hostile)
    lines = board(view, NOW, Frame(width=width, height=height, notice=hostile))
    assert len(lines) <= height
    for line in lines:
        assert cell_len(line.plain) <= width
        assert not set(line.plain) & set("\x1b\x07\x00\x7f\n\r\u202e")


def test_what_looks_like_markup_is_shown_as_it_is(a_task: Make, a_run: MakeRun) -> None:
    view = a_run([a_task("a", "running", began=1, action="[red]not red[/red]")])
    assert "[red]not red[/red]" in _text(view, Frame(width=120))


def test_a_smaller_and_then_a_larger_terminal_show_the_same_choice(a_task: Make, a_run: MakeRun) -> None:
    view = _many(a_task, a_run, 500)
    for width, height in ((80, 24), (40, 10), (200, 50), (30, 9), (80, 24)):
        text = _text(view, Frame(width=width, height=height, chosen=321))
        assert next(line for line in text.splitlines() if line.startswith("▸")).split()[1] == "322"


@pytest.mark.parametrize("height", range(1, 30))
def test_each_height_shows_the_title_and_as_many_rows_as_fit(a_task: Make, a_run: MakeRun, height: int) -> None:
    text = _text(_many(a_task, a_run, 500), Frame(height=height))
    lines = text.splitlines()
    assert "harden" in lines[0]
    assert len(lines) == height
    if height >= 9:
        assert sum("part-" in line for line in lines) == height - 8
    elif height > 3:
        assert sum("part-" in line for line in lines) == height - 3


def test_without_colour_the_symbols_and_words_stay(
    a_task: Make, a_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    from io import StringIO

    view = a_run([a_task(f"t{n}", state, began=1) for n, state in enumerate(STATES)])
    monkeypatch.setenv("NO_COLOR", "1")
    stream = StringIO()
    with Screen(stream) as screen:
        screen.show(board(view, NOW, Frame(height=40)))
    drawn = stream.getvalue()
    assert not [code for code in ("31m", "32m", "33m", "36m") if code in drawn]
    for symbol, _, _ in STATES.values():
        assert symbol in drawn


def test_the_keys_are_those_of_whoever_watches(five: RunView) -> None:
    assert "q leave it running" in _text(five, Frame())
    watching = _text(five, Frame(keys=KEYS_WATCHING))
    assert "q quit" in watching
    assert "leave it running" not in watching


def test_a_notice_takes_the_place_of_the_keys(five: RunView) -> None:
    text = _text(five, Frame(notice="stop auth with all its processes? y / n"))
    assert text.splitlines()[-1] == "stop auth with all its processes? y / n"


def test_the_time_stands_still_when_the_run_has_ended(a_task: Make, a_run: MakeRun) -> None:
    view = a_run([a_task("a", "completed", began=1, ended=40), a_task("b", "failed", began=1, ended=20)])
    over = msgspec.structs.replace(view, ended=NOW - 10, state="failed")
    footers = {board(over, NOW + later, Frame())[-2].plain for later in (0, 100, 10_000)}
    assert len(footers) == 1
    assert footers.pop() == "[██████████] 2 of 2 ended   took 52 s; one after another 58 s (1.1x)"


def test_a_clock_that_was_set_back_shows_no_negative_time(five: RunView) -> None:
    lines = board(five, five.started - 3600, Frame())
    assert not [line.plain for line in lines if " -" in line.plain and " s" in line.plain.partition(" -")[2][:6]]
    assert "so far 0 s" in lines[-2].plain
