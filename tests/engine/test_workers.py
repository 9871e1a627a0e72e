from __future__ import annotations

import asyncio
import threading

import pytest

from forkjoin.engine.attempts import workers as module
from forkjoin.engine.attempts.workers import Workers


def test_jobs_run_side_by_side_and_never_more_than_allowed() -> None:
    workers, gate, lock = Workers(3), threading.Event(), threading.Lock()
    running = peak = 0
    three = threading.Event()

    def job() -> None:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
            if running == 3:
                three.set()
        assert gate.wait(20)
        with lock:
            running -= 1

    for _ in range(10):
        workers.submit(job)
    assert three.wait(20)
    gate.set()
    asyncio.run(workers.close(cancel=False))
    assert (peak, running) == (3, 0)


def test_closing_waits_for_what_runs_and_drops_the_rest_where_asked() -> None:
    workers, begun, gate = Workers(1), threading.Event(), threading.Event()
    done: list[str] = []

    def first() -> None:
        begun.set()
        assert gate.wait(20)
        done.append("first")

    workers.submit(first)
    workers.submit(lambda: done.append("second"))
    assert begun.wait(20)

    async def main() -> None:
        closing = asyncio.create_task(workers.close(cancel=True))
        await asyncio.sleep(0)
        assert not closing.done()
        gate.set()
        await closing

    asyncio.run(main())
    assert done == ["first"]


def test_what_brings_work_to_its_end_goes_before_what_begins_some() -> None:
    workers, begun, gate = Workers(1), threading.Event(), threading.Event()
    done: list[str] = []

    def holds_the_thread() -> None:
        begun.set()
        assert gate.wait(20)

    workers.submit(holds_the_thread)
    assert begun.wait(20)
    for name in ("opened", "opened too"):
        workers.submit(lambda name=name: done.append(name), begins=True)  # type: ignore[misc]
    for name in ("harvested", "harvested too"):
        workers.submit(lambda name=name: done.append(name))  # type: ignore[misc]
    gate.set()
    asyncio.run(workers.close(cancel=False))
    assert done == ["harvested", "harvested too", "opened", "opened too"]


def test_closing_without_a_job_costs_no_thread() -> None:
    before = threading.active_count()
    asyncio.run(Workers(2).close(cancel=False))
    assert threading.active_count() == before


def test_without_a_thread_left_the_job_is_done_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread:
        def __init__(self, **_: object) -> None: ...

        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(module, "Thread", NoThread)
    done: list[str] = []
    Workers(2).submit(lambda: done.append("done"))
    assert done == ["done"]


def test_a_job_that_raises_costs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda hooked: said.append(str(hooked.exc_value)))
    workers, done = Workers(1), threading.Event()

    def broken() -> None:
        raise ValueError("our own mistake")

    workers.submit(broken)
    workers.submit(done.set)
    assert done.wait(10), "nobody was left to do it"
    asyncio.run(workers.close(cancel=False))
    assert said == ["our own mistake"]
