"""Calls in the caller's process."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from forkjoin.backends import Exited, InProcessBackend, Job, Signal, Spawned
from forkjoin.model import Call, Exit, TaskId

HOLDER: contextvars.ContextVar[str] = contextvars.ContextVar("HOLDER", default="nobody")


async def ran(*calls: Callable[[], Any], timeout: float = 60.0, max_threads: int = 256) -> list[Exited]:
    """Start all calls at once; return how each ended, in the order they were given."""
    backend, ends, done = InProcessBackend(max_threads=max_threads), dict[TaskId, Exited](), asyncio.Event()

    def emit(said: Signal) -> None:
        if isinstance(said, Exited):
            assert said.task not in ends, "an attempt exits once"
            ends[said.task] = said
            if len(ends) == len(calls):
                done.set()

    await backend.open(emit)
    for number, call in enumerate(calls):
        backend.start(Job(task=TaskId(str(number)), attempt=1, invocation=Call(call=call, timeout=timeout)))
    await asyncio.wait_for(done.wait(), 30)
    await backend.close()
    return [ends[TaskId(str(number))] for number in range(len(calls))]


def exit_of(said: Exited) -> Exit:
    assert said.exit is not None
    return said.exit


def one(call: Callable[[], Any], **options: Any) -> Exited:
    return asyncio.run(ran(call, **options))[0]


async def forty_two() -> int:
    return 42


class Answers:
    async def __call__(self) -> int:
        return 42


@pytest.mark.parametrize(
    "call", [forty_two, lambda: 42, Answers(), partial(int, "42"), partial(forty_two), lambda n=1: forty_two()]
)
def test_what_a_call_returns_comes_back(call: Callable[[], Any]) -> None:
    said = one(call)
    assert said.returned == 42
    assert exit_of(said).how == "exited"
    assert exit_of(said).code == 0


@pytest.mark.parametrize("asynchronous", [True, False])
def test_an_exception_is_told_with_its_place(asynchronous: bool) -> None:
    def broken() -> None:
        raise ValueError("no such thing")

    async def broken_too() -> None:
        broken()

    ended = exit_of(one(broken_too if asynchronous else broken))
    assert (ended.how, ended.code) == ("exited", 1)
    assert ended.error.startswith("ValueError: no such thing\n")
    assert "in broken" in ended.error


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("asynchronous", [True, False])
def test_no_exception_of_a_call_ends_the_loop(error: type[BaseException], asynchronous: bool) -> None:
    def leaves() -> None:
        raise error("out")

    async def leaves_too() -> None:
        raise error("out")

    ended, other = asyncio.run(ran(leaves_too if asynchronous else leaves, forty_two))
    assert exit_of(ended).error.startswith(error.__name__)
    assert other.returned == 42


def test_an_exception_that_cannot_be_written_is_still_told() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    def fails() -> None:
        raise Mute

    assert "Mute" in exit_of(one(fails)).error


def test_an_endless_message_is_bounded() -> None:
    def shouts() -> None:
        raise ValueError("x" * 1_000_000)

    assert len(exit_of(one(shouts)).error) <= 4000


def test_a_coroutine_ends_at_its_timeout() -> None:
    ended = exit_of(one(partial(asyncio.sleep, 60), timeout=0.02))
    assert (ended.how, ended.code) == ("timeout", None)


@pytest.mark.slow
def test_time_for_which_the_process_was_halted_is_not_counted() -> None:
    """A loop that is held up for longer than a deadline stands for a process that was stopped and goes on."""

    async def halts() -> None:
        await asyncio.sleep(0.05)
        time.sleep(4.5)  # nothing of the loop runs meanwhile

    async def works() -> str:
        for _ in range(15):
            await asyncio.sleep(0.05)
        return "done"

    said = asyncio.run(ran(halts, works, partial(asyncio.sleep, 60), timeout=3.0))
    assert [exit_of(one).how for one in said] == ["exited", "exited", "timeout"]
    assert said[1].returned == "done"


def test_a_thread_is_left_at_its_timeout_and_what_it_returns_is_dropped() -> None:
    go = threading.Event()

    def waits() -> int:
        go.wait(10)
        return 42

    said = one(waits, timeout=0.02)
    go.set()
    assert exit_of(said).how == "timeout"
    assert said.returned is None


def test_a_call_that_cancels_itself_is_an_error_not_a_stop() -> None:
    async def cancels() -> None:
        raise asyncio.CancelledError

    ended = exit_of(one(cancels))
    assert (ended.how, ended.code) == ("exited", 1)
    assert ended.error.startswith("CancelledError")


@pytest.mark.parametrize("how", ["term", "kill"])
def test_a_stopped_coroutine_is_cancelled_and_says_why(how: Any) -> None:
    async def story() -> tuple[list[Signal], bool]:
        said: list[Signal] = []
        tidied = False

        async def works() -> None:
            nonlocal tidied
            try:
                await asyncio.sleep(60)
            finally:
                tidied = True

        backend = InProcessBackend()
        await backend.open(said.append)
        backend.start(Job(task=TaskId("a"), attempt=2, invocation=Call(call=works)))
        await asyncio.sleep(0)
        backend.stop(TaskId("a"), 2, how=how, reason="enough")
        backend.stop(TaskId("a"), 2, how=how, reason="again")
        backend.stop(TaskId("b"), 1, how=how, reason="not there")
        for _ in range(5):
            await asyncio.sleep(0)
        await backend.close()
        return said, tidied

    said, tidied = asyncio.run(story())
    assert said[0] == Spawned(task=TaskId("a"), attempt=2)
    assert len(said) == 2
    assert isinstance(said[1], Exited)
    assert exit_of(said[1]).how == "stopped"
    assert exit_of(said[1]).reason == "enough"
    assert tidied


def test_close_cancels_what_still_runs_and_says_nothing_more() -> None:
    async def story() -> tuple[list[Signal], list[str]]:
        said: list[Signal] = []
        trace: list[str] = []

        async def works() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                trace.append("cancelled")
                raise

        backend = InProcessBackend()
        await backend.open(said.append)
        backend.start(Job(task=TaskId("a"), attempt=1, invocation=Call(call=works)))
        await asyncio.sleep(0)
        await backend.close()
        return said, trace

    said, trace = asyncio.run(story())
    assert trace == ["cancelled"]
    assert [type(one) for one in said] == [Spawned]


@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_call_sees_the_context_it_was_started_in(asynchronous: bool) -> None:
    async def asks() -> str:
        return HOLDER.get()

    token = HOLDER.set("caller")
    try:
        assert one(asks if asynchronous else HOLDER.get).returned == "caller"
    finally:
        HOLDER.reset(token)


def test_threads_run_side_by_side_up_to_the_cap() -> None:
    now, most, lock = 0, 0, threading.Lock()
    full = threading.Event()

    def counts() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            if now == 3:
                full.set()
        full.wait(5)
        with lock:
            now -= 1

    assert all(exit_of(said).code == 0 for said in asyncio.run(ran(*[counts] * 9, max_threads=3)))
    assert most == 3


def test_threads_are_daemons_and_not_of_the_default_executor() -> None:
    thread = one(threading.current_thread).returned
    assert isinstance(thread, threading.Thread)
    assert thread.daemon
    assert not thread.name.startswith("asyncio")


def test_ten_thousand_calls_are_one_loop_turn_away_from_done() -> None:
    began = time.process_time()
    said = asyncio.run(ran(*[forty_two] * 10_000))
    assert all(one.returned == 42 for one in said)
    assert time.process_time() - began < 10  # a fuse against a square, not a figure: that is bench/
