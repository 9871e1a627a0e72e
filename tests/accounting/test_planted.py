"""Planted delays through the real machinery: each is named, with its seconds, and nothing else is blamed.

What really happened is said by the tasks themselves: each writes down when it began and when it ended. So a loaded
machine, which delays everything, does not count as a wrong cause: only time that the account makes up does.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from forkjoin import Plan, Task, attach, launch, run
from forkjoin.engine.attempts.workshop import Workshop
from forkjoin.model import Account, Limits, LostCause

pytestmark = pytest.mark.slow
SHARE, WRONG_S = 0.05, 0.2


@dataclass(frozen=True)
class Book:
    """What the tasks wrote down: when each began and ended (Unix time)."""

    folder: Path

    def task(self, id_: str, seconds: float, **more: object) -> Task:
        line = f"date +%s.%N > {self.folder}/{id_}.began; sleep {seconds}; date +%s.%N > {self.folder}/{id_}.ended"
        given = {"writes": (), **more}
        if given["writes"]:
            line += "".join(f"; echo {id_} > {path}" for path in given["writes"])
        return Task(id=id_, shell=line, **given)

    def began(self, id_: str) -> float:
        return float((self.folder / f"{id_}.began").read_text())

    def ended(self, id_: str) -> float:
        return float((self.folder / f"{id_}.ended").read_text())

    def took(self, id_: str) -> float:
        return self.ended(id_) - self.began(id_)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    folder = tmp_path / "book"
    folder.mkdir()
    return Book(folder)


def named(account: Account, cause: LostCause, planted: float, *, work: float, about: str = "") -> None:
    """The planted seconds have their name; all others are together no more than what the tasks' own logs leave over."""
    found = [one for one in account.lost if one.cause == cause and about in one.said]
    seconds = sum(one.seconds for one in found)
    rest = sum(one.seconds for one in account.lost) - seconds
    really = max(0.0, account.wall_s - work - planted)  # neither at work nor planted: starting, ending, a busy machine
    # Who waits for another waits for its start and its end too: on a busy machine these are a part of the cause.
    assert planted * (1 - SHARE) <= seconds <= planted * (1 + SHARE) + really, account
    assert rest <= really + WRONG_S, account
    assert seconds + rest + work == pytest.approx(account.wall_s, rel=SHARE), account


def test_three_seconds_of_set_up(book: Book, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Workshop.open
    planted = []

    def slowly(self, *args):
        began = time.time()
        time.sleep(3)
        place = opened(self, *args)
        planted.append(time.time() - began)
        return place

    monkeypatch.setattr(Workshop, "open", slowly)
    done = run([book.task("a", 1, writes=["a.txt"])], tree=repository)
    assert done.ok
    named(done.account, "set-up", planted[0], work=book.took("a"))


def test_two_seconds_of_a_cap(book: Book, tmp_path: Path) -> None:
    done = run(Plan(tasks=[book.task("a", 2), book.task("b", 3)], max_parallel=1), tree=tmp_path)
    assert book.began("b") > book.ended("a")
    named(done.account, "cap", book.took("a"), work=book.took("b"), about="max_parallel 1")


def test_two_seconds_of_a_cap_of_an_agent(book: Book, tmp_path: Path) -> None:
    plan = Plan(tasks=[book.task("a", 2), book.task("b", 3)], limits=Limits(agents={"command": 1}))
    done = run(plan, tree=tmp_path)
    assert book.began("b") > book.ended("a")
    named(done.account, "cap", book.took("a"), work=book.took("b"), about="agent command: at most 1 at once")


def test_four_seconds_of_a_conflict_over_a_file(book: Book, repository: Path) -> None:
    tasks = [book.task("a", 4, writes=["same.txt"]), book.task("b", 5, writes=["same.txt"])]
    done = run(tasks, tree=repository)
    assert done.ok
    named(done.account, "conflict", book.took("a"), work=book.took("b"), about="b waited for a (same.txt)")


def test_four_seconds_of_a_dependency(book: Book, tmp_path: Path) -> None:
    done = run([book.task("a", 4), book.task("b", 5, after=["a"])], tree=tmp_path)
    named(done.account, "dependency", book.took("a"), work=book.took("b"), about="b waited for a")


def test_five_seconds_of_a_straggler(book: Book, tmp_path: Path) -> None:
    done = run([*(book.task(f"t{n}", 1) for n in range(4)), book.task("slow", 6, estimate=1)], tree=tmp_path)
    late = book.took("slow") - 1
    longest = max(1.0, *(book.took(f"t{n}") for n in range(4)))  # the ideal: on a busy machine one took over a second
    named(done.account, "straggler", late - (longest - 1), work=longest, about="slow")


def test_six_seconds_among_seconds_are_no_straggler_where_nobody_said_how_long_it_takes(
    book: Book, tmp_path: Path
) -> None:
    done = run([*(book.task(f"t{n}", 0.1) for n in range(3)), book.task("slow", 1.5)], tree=tmp_path)
    assert not [one for one in done.account.lost if one.cause == "straggler"], done.account


_PI = """#!/bin/sh
[ "$1" = --version ] && { echo 0.87.0; exit; }
echo '{"type":"session","id":"s"}'
echo '{"type":"auto_retry_start","attempt":1,"maxAttempts":3,"delayMs":2000,"errorMessage":"429: too many"}'
sleep 2
echo '{"type":"auto_retry_end","success":true,"attempt":1}'
echo '{"type":"message_end","message":{"role":"assistant","content":[{"type":"text","text":"d"}],"stopReason":"stop"}}'
echo '{"type":"agent_settled"}'
"""


def test_two_seconds_in_which_an_agent_waited_for_its_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "pi").write_text(_PI)
    (programs / "pi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    task = Task(id="a", agent="pi", task="Answer.", model="mock/large", writes=[])
    done = run([task], tree=tmp_path)
    assert done.ok, done
    (found,) = [one for one in done.account.lost if one.cause == "provider limit"]
    assert found.seconds == pytest.approx(2.0, rel=SHARE)
    assert found.said == "provider limit: a waited for mock (too many requests)"


def test_two_seconds_of_a_retry(book: Book, tmp_path: Path) -> None:
    def noted(id_: str, seconds: int) -> str:
        file = f"{book.folder}/{id_}"
        return f"date +%s.%N > {file}.began; sleep {seconds}; date +%s.%N > {file}.ended"

    once = tmp_path / "once"
    line = f"test -e {once} && {{ {noted('a', 1)}; exit; }}; touch {once}; {noted('first', 2)}; exit 1"
    done = run([Task(id="a", shell=line, writes=[], retries=1)], tree=tmp_path)
    assert done.ok
    named(done.account, "retry", book.took("first"), work=book.took("a"))


def test_three_seconds_of_an_owner_that_was_stopped(book: Book, tmp_path: Path) -> None:
    started = launch([book.task("a", 1.5)], tree=tmp_path, detached=True)
    deadline = time.monotonic() + 60
    while not (book.folder / "a.began").exists() or not started.owner():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    owner = started.owner()
    assert owner
    os.kill(owner, signal.SIGSTOP)
    try:
        while not (book.folder / "a.ended").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(3)
    finally:
        back = time.time()
        os.kill(owner, signal.SIGCONT)
    started.wait(timeout=60)
    account = attach(started.id, tree=tmp_path).account()
    named(account, "owner", back - book.ended("a"), work=book.took("a"), about="nobody drove the run")
