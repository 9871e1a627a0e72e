"""Whole runs in virtual time, and what they cost in operations."""

from __future__ import annotations

import heapq
import itertools
import random
import sys

import pytest

from forkjoin.model import Completed, Edge, Ended, Failed, Options
from forkjoin.scheduling import Start, dispatch, new_board, slots, step
from forkjoin.testing import a_plan, a_task, simulate


def test_five_tasks_of_thirty_seconds_end_at_exactly_thirty():
    names = [f"t{n}" for n in range(5)]
    run = simulate(a_plan(*names), (), dict.fromkeys(names, 30.0), Options())
    assert run.wall_s == 30.0
    assert run.peak == 5


def test_a_chain_takes_the_sum_and_a_cap_of_one_too():
    names = [f"t{n}" for n in range(5)]
    edges = [Edge(first=a, then=b, kind="after") for a, b in itertools.pairwise(names)]
    assert simulate(a_plan(*names), edges, dict.fromkeys(names, 30.0), Options()).wall_s == 150.0
    assert simulate(a_plan(*names), (), dict.fromkeys(names, 30.0), Options(max_parallel=1)).wall_s == 150.0


def test_a_retry_takes_its_time_and_a_stopped_one_no_more():
    plan = a_plan(a_task("a", retries=1), "b", fail_fast=True)
    run = simulate(plan, (), {"a": 2.0, "b": 60.0}, Options(), endings={"a": Failed(kind="exit", reason="1")})
    assert run.wall_s == 4.0
    assert run.outcomes["b"].reason == "fail fast: a failed"


def random_plan(seed, size):
    luck = random.Random(seed)
    names = [f"t{n}" for n in range(size)]
    durations = {name: float(luck.randint(1, 20)) for name in names}
    edges = [
        Edge(first=names[a], then=names[b], kind=luck.choice(["after", "write-write"]))
        for b in range(1, size)
        for a in luck.sample(range(b), min(b, luck.randint(0, 2)))
    ]
    return a_plan(*(a_task(name, estimate=durations[name]) for name in names)), edges, durations


@pytest.mark.parametrize("seed", range(40))
def test_no_run_takes_longer_than_list_scheduling_may(seed):
    """Graham: at most the work over the slots plus the longest chain; never less than either."""
    plan, edges, durations = random_plan(seed, 40)
    slots_ = 1 + seed % 5
    chain = simulate(plan, edges, durations, Options()).wall_s
    run = simulate(plan, edges, durations, Options(max_parallel=slots_))
    work = sum(durations.values())
    assert run.peak <= slots_
    assert max(chain, work / slots_) <= run.wall_s <= work / slots_ + chain * (slots_ - 1) / slots_ + 1e-9
    for edge in edges:
        assert run.ended[edge.first] <= run.started[edge.then]


def operations(size, monkeypatch):
    """Return how many Python calls and heap operations a run of *size* tasks costs, one event a turn."""
    count = 0

    def tick(_frame, event, _arg):
        nonlocal count
        count += event in ("call", "c_call")

    names = [f"t{n}" for n in range(size)]
    edges = [Edge(first=names[n - 10], then=names[n], kind="after") for n in range(10, size, 2)]
    board = new_board(a_plan(*names), edges, Options(max_parallel=50))
    sys.setprofile(tick)
    try:
        board, commands = step(board, ())
        todo = [command.task for command in commands]
        for task in todo:  # grows while it is read
            board, commands = step(board, (Ended(task=task, attempt=1, outcome=Completed()),))
            todo += [command.task for command in commands if isinstance(command, Start)]
    finally:
        sys.setprofile(None)
    assert len(todo) == size
    return count


def test_the_cost_of_a_run_is_linear_in_its_tasks(monkeypatch):
    small, large = operations(1_000, monkeypatch), operations(10_000, monkeypatch)
    assert large <= 10.5 * small


def test_heap_operations_are_a_few_per_task(monkeypatch):
    counts = dict.fromkeys(("heappush", "heappop"), 0)

    def counted(name):
        def call(*args):
            counts[name] += 1
            return getattr(heapq, name)(*args)

        return call

    class Counted:
        heappush, heappop = staticmethod(counted("heappush")), staticmethod(counted("heappop"))

    monkeypatch.setattr(dispatch, "heapq", Counted)
    monkeypatch.setattr(slots, "heapq", Counted)
    names = [f"t{n}" for n in range(2_000)]
    simulate(a_plan(*names), (), {}, Options(max_parallel=7))
    assert counts["heappush"] <= 2_000
    assert counts["heappop"] <= 4_000


def test_a_task_with_many_predecessors_costs_each_of_them_once(monkeypatch):
    names = [f"t{n}" for n in range(3_000)]
    edges = [Edge(first=name, then="join", kind="after") for name in names]
    run = simulate(a_plan(*names, "join"), edges, {}, Options())
    assert run.order[-1] == "join"
