"""The board as lines of text: what stands where, in every size."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from forkjoin.interfaces.cli.board import Frame, board
from forkjoin.interfaces.cli.pages import page
from forkjoin.interfaces.cli.words import STATES, comparison, counts, doing, verdict
from forkjoin.model import Hold, RunView, TaskView, Try

NOW = 1_700_000_062.0
Make = Callable[..., TaskView]
MakeRun = Callable[..., RunView]


def _text(view: RunView, frame: Frame | None = None) -> str:
    return "".join(f"{line.plain.rstrip()}\n" for line in board(view, NOW, frame or Frame()))


@pytest.fixture
def many(a_task: Make, a_run: MakeRun) -> RunView:
    tasks = [a_task(f"part-{n}", "running" if n < 40 else "queued", began=1 if n < 40 else None) for n in range(500)]
    return a_run(tasks)


def test_five_tasks_at_80x24(five: RunView, golden: Callable[[str, str], None]) -> None:
    golden("board-5.txt", _text(five))


def test_five_hundred_tasks_at_80x24(many: RunView, golden: Callable[[str, str], None]) -> None:
    golden("board-500.txt", _text(many, Frame(chosen=250)))


def test_plain_symbols_where_the_terminal_has_no_unicode(five: RunView, golden: Callable[[str, str], None]) -> None:
    text = _text(five, Frame(unicode=False, chosen=1))
    golden("board-ascii.txt", text)
    assert not set("●✓✗▸◌⊘■") & set(text)


@pytest.mark.parametrize("chosen", [0, 1, 7, 250, 492, 498, 499])
def test_the_chosen_task_is_always_on_the_screen(many: RunView, chosen: int) -> None:
    text = _text(many, Frame(chosen=chosen))
    assert f"part-{chosen} " in next(line for line in text.splitlines() if line.startswith("▸"))


@pytest.mark.parametrize("chosen", [0, 250, 499])
def test_what_is_left_out_above_and_below_is_counted(many: RunView, chosen: int) -> None:
    lines = _text(many, Frame(chosen=chosen)).splitlines()
    shown = sum("part-" in line for line in lines)
    left = [int(line.split()[1]) for line in lines if "more above" in line or "more below" in line]
    assert shown + sum(left) == 500


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("height", [1, 3, 8, 9, 12, 24, 60])
def test_it_never_leaves_the_terminal(many: RunView, five: RunView, width: int, height: int) -> None:
    for view in (many, five):
        lines = board(view, NOW, Frame(width=width, height=height, chosen=2))
        assert 1 <= len(lines) <= height
        assert all(cell_len(line.plain) <= width for line in lines)


def test_wide_characters_keep_the_columns_straight(a_task: Make, a_run: MakeRun) -> None:
    view = a_run([a_task("a", "running", began=1, action="検査" * 60), a_task("b", "running", began=1, action="x")])
    lines = board(view, NOW, Frame())
    assert all(cell_len(line.plain) <= 80 for line in lines)


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_state_has_a_symbol_and_a_word(a_task: Make, a_run: MakeRun, state: str) -> None:
    text = _text(a_run([a_task("one", state)]))
    assert STATES[state][0] in text
    assert state.replace("_", " ") in text


def test_no_two_endings_look_alike_without_colour() -> None:
    seen: dict[tuple[str, str], str] = {}
    for state, (symbol, _, _) in STATES.items():
        assert (symbol, state) not in seen
        seen[symbol, state] = state
    assert STATES["completed"][0] != STATES["failed"][0]


def test_no_color_is_obeyed(five: RunView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    console = Console(file=StringIO(), force_terminal=True)
    with console.capture() as captured:
        for line in board(five, NOW, Frame()):
            console.print(line)
    assert not any(f"\x1b[3{n}" in captured.get() for n in range(8))


HOSTILE = "\x1b[31mred\x1b]0;title\x07\x1b]8;;http://x\x1b\\link \u202egnp.exe\r\nnext [bold]not markup[/bold] \x9b2J"


def test_nothing_an_agent_wrote_reaches_the_terminal_raw(a_task: Make, a_run: MakeRun) -> None:
    view = a_run(
        [
            a_task("one", "running", began=1, action=HOSTILE),
            a_task("two", "failed", began=1, why=HOSTILE),
            a_task("three", "queued", why=HOSTILE),
        ],
        name=HOSTILE,
        held=HOSTILE,
    )
    console = Console(file=StringIO(), force_terminal=True, color_system=None, width=300)
    with console.capture() as captured:
        for line in board(view, NOW, Frame(width=300)):
            console.print(line, soft_wrap=True)
    said = captured.get()
    assert not any(mark in said for mark in ("\x1b]", "\x1b[31m", "\x07", "\u202e", "\x9b", "\r"))
    assert "[bold]not markup[/bold]" in said


def test_the_verdict_names_who_waits_for_whom(five: RunView, a_task: Make, a_run: MakeRun) -> None:
    assert verdict(five) == "4 independent, 1 waits for auth"
    tasks = [a_task(name) for name in "abcd"]
    assert verdict(a_run(tasks)) == "all independent"
    assert verdict(a_run(tasks[:1])) == "one task"
    assert verdict(a_run([])) == "no task"
    chain = a_run(tasks, edges=[("a", "b"), ("b", "c"), ("c", "d")])
    assert verdict(chain) == "1 independent, b waits for a, c waits for b, 1 more wait"


def test_an_order_with_two_reasons_is_said_once(a_task: Make, a_run: MakeRun) -> None:
    view = a_run([a_task("a"), a_task("b")], edges=[("a", "b"), ("a", "b")])
    assert verdict(view) == "1 independent, 1 waits for a"


def test_the_counts_add_up(five: RunView) -> None:
    assert counts(five.tasks) == "1 running, 1 completed, 1 needs input, 1 failed, 1 queued"


def test_the_comparison_is_computed_from_the_tasks_seconds(a_task: Make, a_run: MakeRun) -> None:
    tasks = [a_task(name, "running", began=0) for name in "abcd"]
    assert comparison(a_run(tasks), NOW) == "so far 1 m 02 s; one after another 4 m 08 s (4.0x)"
    over = a_run([a_task("a", "completed", began=0, ended=10)], ended=1_700_000_010.0, state="completed")
    assert comparison(over, NOW) == "took 10 s"  # one task: there is nothing to compare
    short = [a_task(name, "completed", began=0, ended=0.4) for name in "ab"]
    assert comparison(a_run(short, ended=1_700_000_002.0, state="completed"), NOW) == "took 2.0 s"
    assert comparison(a_run([a_task("a")]), NOW) == "so far 1 m 02 s"
    again = (Try(launched=NOW - 162, started=NOW - 162, ended=NOW - 132),)  # before it was asked for again
    assert comparison(a_run([tasks[0], replace(tasks[1], earlier=again)]), NOW) == (
        "so far 1 m 02 s; one after another 2 m 34 s (2.5x)"
    )
    stood = Hold(cause="overlap", started=NOW - 52, ended=NOW - 2)
    both = [a_task("a", "running", began=0), replace(a_task("b", "running", began=0), halts=(stood,))]
    assert comparison(a_run(both), NOW) == "so far 1 m 02 s; one after another 1 m 14 s (1.2x)"
    tries = (Try(launched=NOW - 62, started=NOW - 62, ended=NOW - 52), Try(launched=NOW - 12, started=NOW - 12))
    sent_away = [both[0], replace(both[0], tries=tries)]  # its provider took nothing for forty seconds
    assert comparison(a_run(sent_away), NOW) == "so far 1 m 02 s; one after another 1 m 24 s (1.4x)"
    waits = [both[0], replace(both[0], state="limited", tries=tries[:1])]
    assert comparison(a_run(waits), NOW) == "so far 1 m 02 s; one after another 1 m 12 s (1.2x)"


def test_a_waiting_task_says_for_whom(a_task: Make) -> None:
    assert doing(a_task("a", "queued", waits_for=("b", "c"))) == "waits for b, c"
    assert doing(a_task("a", "queued", why="cap of 2 reached", waits_for=("b",))) == "cap of 2 reached"


def test_a_completed_task_says_what_it_brought(a_task: Make) -> None:
    assert doing(a_task("a", "completed", findings=1)) == "1 finding"
    assert doing(a_task("a", "completed", findings=3)) == "3 findings"


def test_a_page_fits_and_colours_a_diff_by_its_marks() -> None:
    lines = page("diff of a", ["+new", "-old", " same", "@@ -1 +1 @@", "x" * 200], Frame(width=40), diff=True)
    assert [str(line.style) for line in lines[2:6]] == ["green", "red", "", "cyan"]
    assert all(cell_len(line.plain) <= 40 for line in lines)
