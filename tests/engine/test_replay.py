"""A recorded run played through the real machinery: the same report, and nothing done again."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from forkjoin import Plan, Task, attach, check, run
from forkjoin.engine import DEMO, opened, replay_prepared
from forkjoin.engine.bundles.writing import export
from forkjoin.engine.launching.launching import launch
from forkjoin.engine.records.reader import RunReader
from forkjoin.engine.settings import settings_from
from forkjoin.errors import PlanError

pytestmark = pytest.mark.slow
FOUND = '{"findings": [{"title": "Weak hash", "path": "app.py", "line": 1, "severity": "high"}]}'


def said(run: RunReader) -> bytes:
    """The report as bytes without what a replay has of its own: its id, its times, and the label that it is one."""
    report: dict[str, Any] = run.report_json()
    del report["run"], report["account"]
    for task in report["tasks"]:
        task.pop("seconds", None)
    report["name"] = report["name"].removesuffix("(recorded)").strip()
    report["notes"] = [note for note in report.get("notes", ()) if not note.startswith("recorded: ")]
    return json.dumps(report, indent=1).encode()


def replayed(recorded: RunReader, tree: Path, *, speed: float = 0.0) -> RunReader:
    ready = replay_prepared(recorded, tree=tree, speed=speed)
    started = launch(ready, settings=settings_from(os.environ, tree), environ={})
    started.drive()
    return started


@pytest.fixture
def everything(repository: Path, tmp_path: Path):
    """A run in which tasks ended in every way that a report tells of."""
    tasks = [
        Task(id="finds", shell=f"echo '{FOUND}'", output="findings", writes=[]),
        Task(id="no-json", shell="echo prose", output="findings", writes=[]),
        Task(id="calls", function=lambda: "made by a function", writes=[]),
        Task(id="writes", shell="echo new > made.txt; echo done", writes=["made.txt"]),
        Task(id="strays", shell="echo x > elsewhere.txt", writes=["made-not.txt"]),
        Task(id="fails", shell="echo broken >&2; exit 3", writes=[]),
        Task(id="behind", shell="true", writes=[], after=["fails"]),
        Task(id="late", shell="echo begun; sleep 60", writes=[], timeout=0.5),
        Task(id="once", shell=f"test -e {tmp_path}/once || {{ touch {tmp_path}/once; exit 1; }}", writes=[], retries=1),
        Task(id="no-program", command=["/no/such/program"], writes=[]),
        Task(id="long", shell="yes word | head -300000", writes=[]),
    ]
    done = run(Plan(name="everything", goal="Play it", tasks=tasks), tree=repository)
    with attach(done.run, tree=repository) as recorded:
        states = [task.state for task in recorded.view().tasks]
        assert states == ["completed", "failed", "completed", "completed", "failed", "failed", "blocked", "timed_out",
                          "completed", "failed", "completed"]  # fmt: skip
        yield recorded


def test_the_report_is_the_same_byte_by_byte(everything: RunReader, repository: Path) -> None:
    again = replayed(everything, repository)
    assert said(again) == said(everything)
    for task in again.tasks:
        assert again.log(task) == everything.log(task)
        assert again.log(task, stream="stderr") == everything.log(task, stream="stderr")
        assert again.diff(task) == everything.diff(task)
    tries = {task.id: len(task.tries) for task in again.view().tasks}
    assert tries["once"] == 2


def test_nothing_is_done_again_and_nothing_is_claimed(everything: RunReader, repository: Path, tmp_path: Path) -> None:
    (tmp_path / "once").unlink()
    again = replayed(everything, repository)
    assert not (tmp_path / "once").exists()
    assert {path.name for path in repository.iterdir()} == {".git", "app.py", "docs", "tests"}
    assert {task.place.kind for task in again.view().tasks if task.place} == {"shared"}
    assert not (again.folder / "git").exists()


def test_a_bundle_is_played_where_nothing_else_of_the_run_is(everything: RunReader, tmp_path: Path) -> None:
    export(everything, tmp_path / "run.tar.gz", patches=True, environ={})
    before = said(everything)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with opened(tmp_path / "run.tar.gz") as bundle:
        again = replayed(bundle, elsewhere)
    assert said(again) == before
    assert again.log("late") == "begun\n"


def test_a_replay_of_a_replay_is_the_same(everything: RunReader, repository: Path) -> None:
    first = replayed(everything, repository)
    assert said(replayed(first, repository)) == said(everything)


def test_it_is_labelled_wherever_it_is_shown(everything: RunReader, repository: Path) -> None:
    again = replayed(everything, repository)
    view = again.view()
    assert view.name == "everything (recorded)"
    (note,) = (note for note in view.notes if note.startswith("recorded: "))
    assert everything.id in note
    assert "(recorded)" in again.report_text()
    assert "(recorded)" in again.report_text("html")
    assert any(line.startswith("Note: recorded: this replays run") for line in again.summary_lines())


def test_the_rhythm_is_kept_at_any_speed(repository: Path) -> None:
    line = "echo one; sleep 1; echo two; sleep 1; echo three"
    done = run([Task(id="slow", shell=line, writes=[])], tree=repository)
    with attach(done.run, tree=repository) as recorded:
        for speed, least, most in ((1.0, 1.9, 60.0), (4.0, 0.45, 1.9), (0.0, 0.0, 1.9)):
            again = replayed(recorded, repository, speed=speed)
            assert least <= again.result()["slow"].seconds <= most
            assert again.log("slow") == "one\ntwo\nthree\n"


def test_a_replay_says_nothing_of_how_long_tasks_take(repository: Path) -> None:
    tasks = [Task(id="slow", shell="sleep 0.5", writes=[])]
    done = run(tasks, tree=repository)
    with attach(done.run, tree=repository) as recorded:
        again = replayed(recorded, repository)
    (found,) = check(tasks, tree=repository).estimates
    assert (found.run, found.runs) == (done.run, 1)
    assert again.id != done.run


def test_a_detached_replay_outlives_its_owner(repository: Path) -> None:
    done = run([Task(id="slow", shell="echo a; sleep 2; echo b", writes=[])], tree=repository)
    with attach(done.run, tree=repository) as recorded:
        ready = replay_prepared(recorded, tree=repository)
        again = launch(ready, settings=settings_from(os.environ, repository), detached=True, environ={})
        before = said(recorded)
    deadline = time.monotonic() + 60
    while again.task("slow").state != "running" or not again.owner():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(again.owner() or 0, signal.SIGKILL)
    again.wait(timeout=60)
    assert said(again) == before


def test_the_demo_is_a_recorded_run_of_five_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with opened(DEMO) as recorded:
        again = replayed(recorded, tmp_path)
        assert said(again) == said(recorded)
        export(again, tmp_path / "again.tar.gz", environ={})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with opened(tmp_path / "again.tar.gz") as bundle:  # its output still names the folder of the first recording
        assert said(replayed(bundle, elsewhere)) == said(again)
    assert [task.state for task in again.view().tasks] == ["completed"] * 5
    assert len(again.report().findings) > 3


def test_a_speed_below_nothing_is_refused(everything: RunReader, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="--speed"):
        replay_prepared(everything, tree=tmp_path, speed=-1)
