from __future__ import annotations

import asyncio
import threading

from forkjoin.engine.attempts.backlog import Backlog
from forkjoin.engine.attempts.workers import Workers


def test_no_more_are_begun_than_there_is_room_for_and_each_once_in_their_order() -> None:
    workers, begun = Workers(1), []
    backlog: Backlog[int] = Backlog(workers, most=2)
    told = threading.Semaphore(0)

    def job(number: int) -> None:
        begun.append(number)
        told.release()

    for number in range(5):
        backlog.submit(number, lambda number=number: job(number))
    assert told.acquire(timeout=20)
    assert told.acquire(timeout=20)
    assert not told.acquire(timeout=0.2)
    backlog.done(7)  # one that never was there makes no room
    assert not told.acquire(timeout=0.2)
    for number in range(5):
        backlog.done(number)
    for _ in range(3):
        assert told.acquire(timeout=20)
    asyncio.run(workers.close(cancel=False))
    assert begun == [0, 1, 2, 3, 4]
