"""The library's own waiting: Ctrl-C, failures of the driver, reviews; no process is started."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import forkjoin
from forkjoin import Plan, Task
from forkjoin.engine import api
from forkjoin.model import Account, ChangedFiles, RunId, RunResult, TaskId, TaskResult, Usage


class FakeRun:
    id = "r"

    def __init__(self, failure: BaseException | None = None) -> None:
        self.failure = failure
        self.stops: list[str] = []

    def drive(self, on_event: Any) -> None:
        if self.failure:
            raise self.failure

    def stop(self, *, reason: str, how: str = "term") -> None:
        self.stops.append(how)


class Interrupted:
    """An event whose first waits are interrupted."""

    def __init__(self, times: int) -> None:
        self.times = times

    def wait(self) -> None:
        if self.times:
            self.times -= 1
            raise KeyboardInterrupt


@pytest.mark.parametrize(("times", "stops"), [(1, ["term"]), (2, ["term", "kill"]), (3, ["term", "kill"])])
def test_ctrl_c_stops_then_ends_at_once_then_leaves(times: int, stops: list[str]) -> None:
    run = FakeRun()
    with pytest.raises(KeyboardInterrupt):
        api._await(Interrupted(times), run)  # type: ignore[arg-type]
    assert run.stops == stops


def test_what_fails_in_the_driving_thread_is_raised_in_the_callers() -> None:
    with pytest.raises(RuntimeError, match="broken"):
        api._driven(FakeRun(RuntimeError("broken")), None)  # type: ignore[arg-type]


def test_an_empty_folder_is_reviewed_honestly(tmp_path: Path) -> None:
    report = forkjoin.review(tmp_path)
    assert report.findings == ()
    assert asyncio.run(forkjoin.review_async(tmp_path)).findings == ()


def test_a_check_starts_nothing(tmp_path: Path, home: Path) -> None:
    found = forkjoin.check(Plan(tasks=[Task(id="a", command=["true"], writes=())]), tree=tmp_path)
    assert [claims.id for claims in found.tasks] == ["a"]
    assert not (home / "runs").exists()


def test_a_launched_run_of_functions_is_driven_in_the_background(tmp_path: Path) -> None:
    started = forkjoin.launch([Task(id="f", function=lambda: "said")], tree=tmp_path)
    with started:
        assert started.wait(timeout=20).state == "completed"


def test_functions_run_in_the_callers_own_loop_and_several_runs_at_once(tmp_path: Path) -> None:
    async def main() -> list[str]:
        async def said(what: str) -> str:
            return what

        runs = [forkjoin.run_async([Task(id="f", function=lambda n=n: said(str(n)))], tree=tmp_path) for n in range(5)]
        return [result["f"].answer for result in await asyncio.gather(*runs)]

    assert asyncio.run(main()) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(("given", "kind"), [("x", "str"), (Task(shell="x"), "Task"), ([1], "int"), ({}, "dict")])
def test_what_is_no_plan_is_said_before_anything_is_looked_at(given: Any, kind: str) -> None:
    with pytest.raises(TypeError, match=f"a Plan or a list of Tasks is run, this is {kind}; write"):
        forkjoin.run(given)


def test_a_result_is_a_line_where_a_notebook_shows_it() -> None:
    nothing = {"reason": "", "answer": "", "value": None, "findings": 0, "seconds": 0.1, "wall": "none"}
    tasks = [
        TaskResult(id=TaskId(f"t{n}"), state="completed", changes=ChangedFiles(), usage=Usage(), **nothing)
        for n in range(30)
    ]
    account = Account(wall_s=1.0, sum_s=1.0, speedup=1.0, critical_path=(), lost=())
    shown = repr(RunResult(run=RunId("r1"), name="", state="completed", tasks=tuple(tasks), account=account))
    assert shown.startswith("<RunResult r1 completed: t0 completed, t1 completed, ")
    assert shown.endswith(" and 20 more>")
