"""What a run that is over says of how long its tasks take."""

from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.journal import SqliteJournal, past_tasks
from forkjoin.model import Completed, Ended, Event, Exit, Failed, Halted, Options, Plan, Planned, RunId, Task, TaskId


def journal(path: Path, options: Options, *events: Event) -> Path:
    names = ("a", "b", "c")
    plan = Plan(name="p", tasks=tuple(Task(id=TaskId(name), shell=name, writes=()) for name in names))
    planned = Planned(
        run=RunId("r"), plan=plan, edges=(), claims=(), tree="/t", repository="/t", options=options, version="0"
    )
    made = SqliteJournal.create(path)
    made.append((planned, *events), at=1.0)
    made.commit()
    made.close()
    return path


def ended(task: str, seconds: float, *, well: bool = True) -> Ended:
    outcome = Completed() if well else Failed(kind="exit", reason="exit code 1")
    return Ended(task=TaskId(task), attempt=1, outcome=outcome, exit=Exit(how="exited", code=0, wall_s=seconds))


@pytest.mark.parametrize(
    ("options", "known"), [(Options(on_overlap="pause"), {"a": 2.0}), (Options(), {"a": 2.0, "b": 9.0})]
)
def test_who_failed_or_was_made_to_stand_still_says_nothing(
    options: Options, known: dict[str, float], tmp_path: Path
) -> None:
    told = (
        Halted(task=TaskId("b"), attempt=1, reason="x"),
        ended("a", 2.0),
        ended("b", 9.0),
        ended("c", 3.0, well=False),
    )
    path = journal(tmp_path / "journal.db", options, *told)
    assert {task.id: took.seconds for task, took in past_tasks(path, repository="/t", most=9)} == known
    assert past_tasks(path, repository="/other", most=9) == []
