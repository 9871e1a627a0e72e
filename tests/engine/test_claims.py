"""Several runs on one repository: functions for tasks, so that no process is started."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import forkjoin
from forkjoin.engine import launch, prepared, settings_from
from forkjoin.engine.claims import owner_lives
from forkjoin.engine.driving import claiming
from forkjoin.engine.folder import OwnerLock, RunFolder
from forkjoin.engine.run import Run
from forkjoin.errors import CannotHere, NotIndependent
from forkjoin.model import Awaited, Closed, Freed, Other, Plan, Policy, RetryAsked, RunId, Task

PATIENCE_S = 20.0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORKJOIN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def tree(home: Path, tmp_path: Path) -> Path:
    del home
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


@pytest.fixture(autouse=True)
def looked_at_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "_LOOK_SHARE", 0)


def launched(tree: Path, *tasks: Task, policy: Policy = "isolate") -> Run:
    settings = settings_from(os.environ, tree)
    return launch(prepared(Plan(tasks=tasks, policy=policy), settings=settings, tree=tree), settings=settings)


def writer(name: str, path: str = "f", work: Callable[[], object] = lambda: "done", **more: object) -> Task:
    return Task(id=name, writes=[path], function=work, **more)  # type: ignore[arg-type]


def awaits(run: Run) -> dict[str, tuple[Other, ...]]:
    return {e.event.task: e.event.others for e in run.events() if isinstance(e.event, Awaited)}


def claims(home: Path) -> set[tuple[str, str]]:
    (path,) = (home / "claims").glob("*.db")
    with closing(sqlite3.connect(path)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            return set()
        return set(db.execute("SELECT run, task FROM claim"))


class Driven:
    """A run that is driven in a thread, until the test has seen what it wants."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.thread = threading.Thread(target=run.drive)
        self.thread.start()

    def finished(self) -> str:
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive(), "it hangs"
        return self.run.view().state


@pytest.fixture
def driven() -> Iterator[Callable[[Run], Driven]]:
    begun: list[Driven] = []

    def drive(run: Run) -> Driven:
        begun.append(Driven(run))
        return begun[-1]

    yield drive
    for one in begun:
        if one.thread.is_alive():
            one.run.stop(reason="the test is over", how="kill")
            one.thread.join(PATIENCE_S)


def test_the_later_run_waits_for_the_task_that_claimed_first(tree: Path, driven: Callable[[Run], Driven]) -> None:
    order: list[str] = []
    one = launched(tree, writer("a", work=lambda: order.append("a")))
    other = launched(
        tree, writer("b", work=lambda: order.append("b")), writer("c", "q", work=lambda: order.append("c"))
    )
    assert awaits(one) == {}
    ((waited,),) = awaits(other).values()
    assert (waited.run, waited.task, waited.kind, waited.paths) == (one.id, "a", "write-write", ("f",))
    assert other.task("b").why == f"conflict with {one.id}/a: f"
    assert other.task("b").waits_for_others == (f"{one.id}/a",)
    late = driven(other)
    while not other.task("c").ended:
        pass
    assert other.task("b").state == "queued"
    assert driven(one).finished() == "completed"
    assert late.finished() == "completed"
    assert order == ["c", "a", "b"]
    assert any(isinstance(e.event, Freed) for e in other.events())
    assert {lost.cause for lost in other.account().lost} >= {"other run"}


def test_who_waits_for_two_runs_names_the_one_that_is_left(tree: Path, driven: Callable[[Run], Driven]) -> None:
    go_on = threading.Event()
    first, second = launched(tree, writer("a")), launched(tree, writer("b", "q", work=lambda: go_on.wait(PATIENCE_S)))
    last = launched(tree, Task(id="c", function=lambda: "true", writes=["f", "q"]))
    assert last.task("c").waits_for_others == (f"{first.id}/a", f"{second.id}/b")
    held, late = driven(second), driven(last)
    assert driven(first).finished() == "completed"
    until = time.monotonic() + PATIENCE_S
    while last.task("c").waits_for_others != (f"{second.id}/b",):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert last.task("c").why == f"conflict with {second.id}/b: q"
    go_on.set()
    assert (held.finished(), late.finished()) == ("completed", "completed")


def test_a_claim_is_given_back_when_its_task_has_ended_not_its_run(tree: Path, driven: Callable[[Run], Driven]) -> None:
    came = threading.Event()
    one = launched(tree, writer("a"), writer("long", "q", work=lambda: came.wait(PATIENCE_S)))
    other = launched(tree, writer("b", work=came.set))
    first = driven(one)
    assert driven(other).finished() == "completed"
    assert first.finished() == "completed"
    assert one.result()["long"].answer == "true"


def test_claims_of_runs_that_are_over_are_gone(tree: Path, home: Path) -> None:
    run = launched(tree, writer("a"), writer("b", "q"))
    assert claims(home) == {(run.id, "a"), (run.id, "b")}
    run.drive()
    assert claims(home) == set()


def test_a_run_whose_owner_is_gone_holds_nobody_up(tree: Path, home: Path) -> None:
    gone = launched(tree, writer("a"))
    other = launched(tree, writer("b"))
    assert list(awaits(other)) == ["b"]
    assert gone._lock is not None
    gone._lock.release()
    assert other.drive().state == "completed"
    later = launched(tree, writer("c"))
    assert awaits(later) == {}
    assert claims(home) == {(later.id, "c")}


def test_a_run_that_is_taken_up_again_waits_for_who_went_past_it(tree: Path, driven: Callable[[Run], Driven]) -> None:
    order: list[str] = []
    old = launched(tree, writer("a", work=lambda: order.append("a")))
    assert old._lock is not None
    old._lock.release()
    new = launched(tree, writer("b", work=lambda: order.append("b")))
    assert awaits(new) == {}
    old._lock = None
    late = driven(old)
    while not awaits(old):
        pass
    assert driven(new).finished() == "completed"
    assert late.finished() == "completed"
    assert order == ["b", "a"]


def test_a_run_that_nobody_went_past_keeps_its_place(tree: Path) -> None:
    run = launched(tree, writer("a"))
    assert run._lock is not None
    run._lock.release()
    run._lock = None
    assert run.drive().state == "completed"
    assert not [e for e in run.events() if isinstance(e.event, Awaited | Freed)]


def test_another_attempt_stands_behind_who_came_meanwhile(tree: Path, driven: Callable[[Run], Driven]) -> None:
    order: list[str] = []
    begun, go = threading.Event(), threading.Event()

    def fails_once() -> None:
        order.append("a")
        begun.set()
        go.wait(PATIENCE_S)
        if order == ["a"]:
            raise ValueError("not yet")

    one = launched(tree, writer("a", work=fails_once, retries=1), Task(id="after", function=print, after=["a"]))
    first = driven(one)
    begun.wait(PATIENCE_S)
    other = launched(tree, writer("b", work=lambda: order.append("b")))
    second = driven(other)
    go.set()
    assert second.finished() == "completed"
    assert first.finished() == "completed"
    assert order == ["a", "b", "a"]


def test_a_task_of_the_same_run_is_no_other_run(tree: Path) -> None:
    run = launched(tree, writer("a"), writer("b"))
    assert awaits(run) == {}
    assert run.drive().state == "completed"


def test_whether_an_owner_lives_is_never_guessed(tree: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no file left to open it cannot be told: then a claim stands."""
    run = launched(tree, writer("a"))
    assert run._lock is not None
    run._lock.release()
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", _no_more_files)
        assert owner_lives(home, run.id)
    assert not owner_lives(home, run.id)


def _no_more_files(*_words: object, **_more: object) -> int:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize("shelf", ["runs", "unfinished"])
def test_a_run_lives_while_it_is_made_and_while_it_runs(home: Path, shelf: str) -> None:
    folder = RunFolder(home=home, run=RunId("r"), shelf=shelf)
    assert not owner_lives(home, folder.run)
    folder.path.mkdir(parents=True)
    lock = OwnerLock.take(folder)
    assert owner_lives(home, folder.run)
    lock.release()
    assert not owner_lives(home, folder.run)


def test_an_attempt_that_outlives_its_owner_holds_its_own_claim_alone(tree: Path, home: Path) -> None:
    old = launched(tree, writer("a"), writer("b", "q"))
    attempt = old.folder / "tasks" / "a" / "1"
    attempt.mkdir(parents=True)
    descriptor = os.open(attempt / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert old._lock is not None
    old._lock.release()
    new = launched(tree, writer("c"), writer("d", "q"))
    assert list(awaits(new)) == ["c"]
    assert claims(home) == {(old.id, "a"), (new.id, "c"), (new.id, "d")}
    os.close(descriptor)
    assert new.drive().state == "completed"


def test_under_strict_nothing_is_started_and_the_other_run_is_named(tree: Path, home: Path) -> None:
    one = launched(tree, writer("a"))
    with pytest.raises(NotIndependent, match=f"task a of run {one.id} writes f") as refused:
        launched(tree, writer("b"), policy="strict")
    assert refused.value.exit_code == 6
    assert [path.name for path in (home / "runs").iterdir()] == [one.id]
    assert list((home / "unfinished").iterdir()) == []
    assert claims(home) == {(one.id, "a")}
    launched(tree, writer("b", "q"), policy="strict")


def test_under_trust_it_is_only_noted(tree: Path) -> None:
    one = launched(tree, writer("a"))
    other = launched(tree, writer("b"), policy="trust")
    assert awaits(other) == {}
    assert f"b: task a of run {one.id} writes f, too; they run side by side" in other.view().notes


def test_what_one_reads_and_another_writes_is_noted(tree: Path) -> None:
    (tree / "f").touch()
    subprocess.run(["git", "init", "-q", "."], cwd=tree, check=True)
    one = launched(tree, writer("a"))
    other = launched(tree, writer("b", "q", reads=["f"]))
    assert awaits(one) == awaits(other) == {}
    assert any("the other reads it" in note for note in other.view().notes)


def test_named_resources_are_held_across_runs(tree: Path) -> None:
    one = launched(tree, Task(id="a", function=print, writes=[], resources=["port:1"]))
    other = launched(tree, Task(id="b", function=print, writes=[], resources=["port:1"]))
    assert awaits(one) == {}
    assert [other.kind for other in awaits(other)["b"]] == ["resource"]


def test_a_run_that_claims_nothing_has_no_claims_file(tree: Path, home: Path) -> None:
    launched(tree, Task(id="a", function=print), Task(id="b", function=print, writes=[])).drive()
    assert not (home / "claims").exists()


def test_runs_in_folders_and_worktrees_of_one_repository_meet(tree: Path, tmp_path: Path) -> None:
    (tree / "sub").mkdir()
    (tree / "sub" / "f").touch()
    line = "git init -q . && git add . && git -c user.name=T -c user.email=t@example.org commit -qm x"
    subprocess.run(f"{line} && git worktree add -q ../linked", shell=True, cwd=tree, check=True)
    one = launched(tree, writer("a", "sub/f"))
    in_folder = launched(tree / "sub", writer("b", "f"))
    assert [other.paths for other in awaits(in_folder)["b"]] == [("sub/f",)]
    linked = launched(tmp_path / "linked", writer("c", "sub/*"))
    assert {other.run for other in awaits(linked)["c"]} == {one.id, in_folder.id}


def test_a_check_says_how_the_plan_stands_to_living_runs_and_claims_nothing(tree: Path, home: Path) -> None:
    one = launched(tree, writer("a"))
    (pair,) = forkjoin.check([writer("b")], tree=tree).others
    assert (pair.task, pair.run, pair.other, pair.waits) == ("b", one.id, "a", True)
    assert claims(home) == {(one.id, "a")}
    one.drive()
    assert forkjoin.check([writer("b")], tree=tree).others == ()


def test_a_damaged_file_of_claims_is_set_aside_and_said(tree: Path, home: Path) -> None:
    launched(tree, writer("a"))
    (path,) = (home / "claims").glob("*.db")
    path.write_bytes(b"rubbish" * 1000)
    run = launched(tree, writer("b"))
    assert any("was set aside" in note for note in run.view().notes)
    assert path.with_suffix(".damaged").exists()
    assert run.drive().state == "completed"


def test_where_claims_cannot_be_kept_the_run_goes_on_and_strict_does_not(tree: Path, home: Path) -> None:
    launched(tree, writer("a")).drive()
    (path,) = (home / "claims").glob("*.db")
    path.unlink()
    path.mkdir()
    run = launched(tree, writer("b"))
    assert any("were not looked at" in note for note in run.view().notes)
    assert run.drive().state == "completed"
    with pytest.raises(CannotHere, match="cannot be told"):
        launched(tree, writer("c"), policy="strict")


def test_who_waits_goes_on_waiting_when_the_file_is_damaged_meanwhile(
    tree: Path, home: Path, driven: Callable[[Run], Driven]
) -> None:
    go = threading.Event()
    order: list[str] = []

    def first() -> None:
        go.wait(PATIENCE_S)
        order.append("a")

    one = launched(tree, writer("a", work=first))
    early = driven(one)
    other = launched(tree, writer("b", work=lambda: order.append("b")))
    late = driven(other)
    while one.task("a").state != "running":
        pass
    (path,) = (home / "claims").glob("*.db")
    path.rename(path.with_suffix(".damaged"))
    while not path.exists() or len(claims(home)) < 2:
        pass  # both put their claims into the new file
    third = launched(tree, writer("c"))
    assert {other.run for other in awaits(third)["c"]} == {one.id, other.id}
    assert other.task("b").state == "queued"
    go.set()
    assert early.finished() == "completed"
    assert late.finished() == "completed"
    assert order == ["a", "b"]


def test_a_retry_that_was_asked_for_claims_anew(tree: Path, home: Path) -> None:
    run = launched(tree, Task(id="a", writes=["f"], command=["true"]), writer("b", "q"))
    run.stop(["a"], reason="first not")
    run.drive()
    assert claims(home) == set()
    other = launched(tree, writer("c", "f"))
    run._write([RetryAsked(task="a")])  # type: ignore[arg-type]
    driven = threading.Thread(target=run.drive)
    driven.start()
    while not awaits(run):
        pass
    assert list(awaits(run)) == ["a"]
    other.drive()
    driven.join(PATIENCE_S)
    assert not driven.is_alive()
    assert isinstance(run.events()[-1].event, Closed)
    assert run.task("a").attempt == 1
