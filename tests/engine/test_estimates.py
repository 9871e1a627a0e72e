"""How long tasks are expected to take, from past runs of the same repository."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from forkjoin import Plan, Task, attach, check, run
from forkjoin.engine.launching import estimates
from forkjoin.model import RunId

SLOW, QUICK = "sleep 0.7; echo slow", "echo quick"


def tasks(**more: str) -> list[Task]:
    given = {"quick": QUICK, "slow": SLOW} | more
    return [Task(id=id_, shell=line, writes=[]) for id_, line in given.items()]


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """A tree with a run in its past, in which one task took long."""
    tree = tmp_path / "tree"
    tree.mkdir()
    assert run(tasks(), tree=tree).ok
    return tree


@pytest.mark.slow
def test_a_task_is_expected_to_take_what_it_took_before_and_the_longest_starts_first(past: Path) -> None:
    found = {one.task: one for one in check(tasks(), tree=past).estimates}
    assert found["slow"].seconds >= 0.7
    assert found["slow"].seconds > found["quick"].seconds
    first = attach(tree=past)
    assert found["slow"].source == f"as in run {first.id}"
    again = run(Plan(tasks=tasks()), tree=past, max_parallel=1)
    view = attach(again.run, tree=past).view()
    started = {task.id: task.started for task in view.tasks}
    assert started["slow"] < started["quick"]
    assert {one.task for one in attach(again.run, tree=past).planned.estimates} == {"slow", "quick"}


@pytest.mark.slow
def test_the_same_work_under_another_id_is_known_and_other_work_is_not(past: Path) -> None:
    asked = [
        Task(id="renamed", shell=SLOW, writes=[]),
        Task(id="slow", shell="sleep 9", writes=[]),
        Task(id="other", command=["sh", "-c", SLOW], writes=[]),
    ]
    assert [one.task for one in check(asked, tree=past).estimates] == ["renamed"]


@pytest.mark.slow
def test_what_the_plan_says_holds_and_another_tree_knows_nothing(past: Path, tmp_path: Path) -> None:
    said = [Task(id="slow", shell=SLOW, writes=[], estimate=60)]
    assert check(said, tree=past).estimates == ()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert check(tasks(), tree=elsewhere).estimates == ()


@pytest.mark.slow
def test_a_failure_says_nothing_of_how_long_it_takes(tmp_path: Path) -> None:
    failing = [Task(id="fails", shell="sleep 0.1; exit 3", writes=[])]
    run(failing, tree=tmp_path)
    assert check(failing, tree=tmp_path).estimates == ()


@pytest.mark.slow
def test_a_journal_that_cannot_be_read_is_passed_over(past: Path) -> None:
    run(tasks(), tree=past)
    newest = attach(tree=past)
    newest.close()
    (newest.folder / "journal.db").write_bytes(b"no journal")
    (found, _) = check(tasks(), tree=past).estimates
    assert found.run != newest.id


def test_five_samples_are_enough_and_the_middle_one_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from forkjoin.journal import PastTask, Took

    took = [9.0, 1.0, 2.0, 3.0, 99.0, 1000.0, 1000.0, 1000.0]  # newest first
    past = [
        (RunId(f"r{n}"), PastTask(id="a", shell="x"), Took(seconds=seconds, usd=seconds))
        for n, seconds in enumerate(took)
    ]
    monkeypatch.setattr(estimates, "_past", lambda *_: iter(past))
    (found,) = check([Task(id="a", shell="x", writes=[])], tree=tmp_path).estimates
    assert (found.seconds, found.runs, found.run) == (3.0, 5, "r0")
    assert (found.usd, found.tokens) == (3.0, None)
    assert found.source == "the middle of 5 past runs, newest r0"


def test_the_patience_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened = []

    def slow(journal: Path, **_: object) -> list[object]:
        opened.append(journal)
        time.sleep(0.05)
        return []

    runs = tmp_path / "runs"
    for number in range(50):
        folder = runs / f"2026010{number % 9}-0000{number:02}-aaaa"
        folder.mkdir(parents=True)
        (folder / "journal.db").touch()
    monkeypatch.setattr(estimates, "past_tasks", slow)
    assert list(estimates._past(tmp_path, "here", tasks=1)) == []
    assert len(opened) == 1
