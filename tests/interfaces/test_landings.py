"""A landing in words: short where nothing happened, and never without a way on."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from forkjoin.interfaces.cli.landings import landing_lines
from forkjoin.model import Clashing, GateRun, LandedTask, Landing, LeftOut

MADE = Landing(run="r1", branch="forkjoin/r1", onto="", commit="", landed=(), left_out=())


def test_tasks_without_changes_are_one_line() -> None:
    assert list(landing_lines(replace(MADE, empty=("a", "b")))) == ["empty: a, b changed nothing"]
    (line,) = landing_lines(replace(MADE, empty=tuple(f"t{n}" for n in range(30))))
    assert line.endswith("t19 and 10 more changed nothing")


def test_a_gate_that_had_nothing_to_try_says_so() -> None:
    assert list(landing_lines(replace(MADE, before=("a",), gate="make test"))) == [
        "was landed before: a",
        "gate: make test (not run: there is nothing new to land)",
    ]


def test_the_output_of_a_gate_that_failed_is_named(tmp_path: Path) -> None:
    runs = []
    for number, (tasks, ok) in enumerate(((("a", "b"), False), (("b",), False), ((), True)), 1):
        own = tmp_path / f"gate {number}"
        own.mkdir()
        (own / "stdout.0000").write_text("said\n")
        runs.append(GateRun(tasks=tasks, ok=ok, output=str(own)))
    made = replace(MADE, landed=(LandedTask(task="a", attempt=1, commit="1" * 40),), gate="make", gate_runs=tuple(runs))
    lines = list(landing_lines(made))
    assert f"what it printed: cat '{tmp_path}/gate 2'/std*" in lines
    (tmp_path / "gate 2" / "stdout.0000").unlink()
    assert not any("what it printed" in line for line in landing_lines(made))


def test_a_conflict_comes_with_the_short_way_to_mend_it() -> None:
    left = LeftOut(task="b", kind="conflict", reason="it does not merge", follow_up="/r/resolve-b.yaml")
    said = "have them made again, by who made them: forkjoin land --resolve same r1"
    assert said in list(landing_lines(replace(MADE, left_out=(left,))))
    assert said not in list(landing_lines(replace(MADE, left_out=(replace(left, follow_up=""),))))


def test_both_sides_are_shown_and_not_what_stands_far_before_them() -> None:
    sides = ["<<<<<<< what is there", "mine", "=======", "theirs", ">>>>>>> this task"]
    text = "\n".join([*(f"line {n}" for n in range(40)), *sides, *(f"more {n}" for n in range(9))])
    left = LeftOut(task="b", kind="conflict", reason="no", files=(Clashing(path="a.py", how="contents", text=text),))
    shown = [line.strip() for line in landing_lines(replace(MADE, left_out=(left,)))][2:]
    assert shown == ["line 37", "line 38", "line 39", *sides, "more 0", "more 1", "more 2"]
