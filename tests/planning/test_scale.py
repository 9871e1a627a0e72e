"""Large plans: what is left out is counted, edges stay few, and the work grows with the claims, not with the pairs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from forkjoin.model import Check, Plan, Task, TaskId, Tree
from forkjoin.planning import check, completed
from forkjoin.planning.pairs import MAX_PAIRS

EMPTY = Tree(root="/t")


def task(number: int, **fields: Any) -> Task:
    return Task(**{"id": f"t{number}", "task": "do it", "writes": [], **fields})


def checked(tasks: list[Task], **given: Any) -> Check:
    return check(Plan(tasks=tasks), EMPTY, **given)


def calls(work: Callable[[], object]) -> int:
    """Return how many Python calls *work* makes: the machine's noise is not in it."""
    count = 0

    def seen(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def every(a: int) -> int:
    return a * (a - 1) // 2


@pytest.mark.parametrize(
    ("fields", "count", "pairs"),
    [
        ({"writes": ["x"]}, 141, every(141)),
        ({"writes": ["x"]}, 142, every(142)),
        ({"writes": ["x"]}, 300, every(300)),
        ({"writes": ["x"]}, 500, every(500)),
        ({"writes": None}, 300, every(300)),
        ({"resources": ["db"]}, 200, every(200)),
        ({"writes": ["x"], "resources": ["db"]}, 200, every(200)),
        ({"writes": ["x", "y", "z"]}, 150, every(150)),
    ],
)
def test_pairs_beyond_the_most_are_counted_exactly(fields: dict[str, Any], count: int, pairs: int) -> None:
    found = checked([task(n, **fields) for n in range(count)])
    assert len(found.pairs) == min(pairs, MAX_PAIRS)
    assert len(found.pairs) + found.pairs_left_out == pairs
    assert len({(pair.a, pair.b) for pair in found.pairs}) == len(found.pairs)
    assert not any("not listed" in line for line in found.advice)


def test_known_and_unknown_pairs_together_are_counted_once() -> None:
    tasks = [task(n, writes=["x"]) for n in range(50)] + [task(n, writes=None) for n in range(50, 150)]
    found = checked(tasks)
    assert len(found.pairs) + found.pairs_left_out == every(150)
    assert sum(pair.kind == "write-write" for pair in found.pairs) == every(50)


def test_conflicts_are_listed_before_what_is_only_unknown() -> None:
    tasks = [task(n, writes=None) for n in range(200)] + [task(n, writes=["x"]) for n in range(200, 210)]
    found = checked(tasks)
    assert {pair.kind for pair in found.pairs[: every(10)]} == {"write-write"}
    assert found.pairs_left_out == every(210) - MAX_PAIRS


def test_where_too_many_meet_at_least_so_many_is_said() -> None:
    tasks = [task(n, writes=["x"], resources=["db"]) for n in range(500)]
    found = checked(tasks)
    assert len(found.pairs) == MAX_PAIRS
    assert found.pairs_left_out >= every(500) - MAX_PAIRS
    assert any(line.startswith("At least ") for line in found.advice)


def test_tasks_that_claim_both_of_two_paths_that_meet_are_each_pair_once() -> None:
    found = checked([task(n, writes=["d/x*", "d/*y"]) for n in range(500)])
    assert len(found.pairs) + found.pairs_left_out == every(500)


def test_a_chain_of_ten_thousand_is_checked_without_recursion() -> None:
    found = checked([task(n, after=[f"t{n - 1}"] if n else []) for n in range(10_000)])
    assert len(found.edges) == 9_999
    assert len(found.waves) == 10_000
    assert found.ideal_speedup == 1.0
    assert "The 10,000 tasks" in found.advice[0] or "The 10000 tasks" in found.advice[0]


def test_a_chain_of_ten_thousand_outputs_is_put_in_order_against_the_plans() -> None:
    count = 10_000
    found = checked([task(n, reads=[f"f{n + 1}"] if n < count - 1 else [], writes=[f"f{n}"]) for n in range(count)])
    assert len(found.waves) == count
    assert found.waves[0] == (f"t{count - 1}",)
    assert found.waves[-1] == ("t0",)


def test_a_ring_of_ten_thousand_outputs_follows_the_plan() -> None:
    count = 10_000
    found = checked([task(n, reads=[f"f{(n + 1) % count}"], writes=[f"f{n}"]) for n in range(count)])
    assert sum(map(len, found.waves)) == count
    assert len(found.edges) == count


def test_one_hub_file_that_thousands_write_is_one_chain() -> None:
    found = checked([task(n, writes=["CHANGELOG.md", f"src/m{n}/**"]) for n in range(3_000)])
    assert len(found.edges) == 2_999
    assert len(found.waves) == 3_000
    assert found.pairs_left_out == every(3_000) - MAX_PAIRS


def test_one_hub_file_that_thousands_read_costs_one_edge_each() -> None:
    found = checked([task(0, writes=["schema.json"]), *(task(n, reads=["schema.json"]) for n in range(1, 3_000))])
    assert len(found.edges) == 2_999
    assert found.waves == (("t0",), tuple(f"t{n}" for n in range(1, 3_000)))


def test_many_makers_and_many_readers_of_one_path_need_few_edges() -> None:
    tasks = [task(n, writes=["x"]) for n in range(300)] + [task(n, reads=["x"]) for n in range(300, 600)]
    found = checked(tasks)
    assert len(found.edges) == 299 + 300
    assert found.waves[-1] == tuple(f"t{n}" for n in range(300, 600))


@pytest.mark.parametrize("clonable", [True, False])
@pytest.mark.parametrize(
    "fields",
    [
        lambda n: {"reads": ["**"], "writes": [f"a{n}"]},
        lambda n: {"reads": [f"a{n - 1}"], "writes": ["**"]},
        lambda n: {"writes": [f"**/*{n}*"]},
        lambda n: {"writes": [f"d{n % 7}/**", f"**/x{n % 5}.py"]},
        lambda n: {"resources": [f"r{n % 3}", f"s{n % 5}"]},
    ],
)
def test_where_everything_meets_edges_stay_few_and_nothing_runs_in_a_ring(
    fields: Callable[[int], dict[str, Any]], clonable: bool
) -> None:
    found = checked([task(n, **fields(n)) for n in range(200)], clonable=clonable)
    assert sum(map(len, found.waves)) == 200
    assert len(found.edges) <= 200 * 199 / 2


def test_claims_too_many_to_compare_are_unknown_never_called_safe() -> None:
    found = checked([task(n, writes=[f"**/*{a}*{n}*/**" for a in "abcdef"]) for n in range(120)])
    assert len(found.unknown) == 120
    assert any("count as unknown: name folders instead" in line for line in found.advice)


@pytest.mark.parametrize(
    "fields",
    [
        lambda n: {"writes": [f"src/m{n}/**"], "reads": [f"docs/{n}.md"]},
        lambda n: {"writes": [f"src/m{n}/**/*.py", f"tests/test_m{n}.py"]},
        lambda n: {"task": f"Fix src/m{n}/a.py", "writes": None},
        lambda n: {"after": [f"t{n - 1}"] if n else []},
        lambda n: {"writes": [f"**/f{n}.py"]},
    ],
)
def test_ten_times_the_tasks_are_ten_times_the_work(fields: Callable[[int], dict[str, Any]]) -> None:
    def work(count: int) -> int:
        tasks = [task(n, **fields(n)) for n in range(count)]
        return calls(lambda: checked(tasks))

    small, large = work(60), work(600)
    assert large < small * 13


def test_one_file_that_all_write_costs_no_more_than_the_pairs_that_are_listed() -> None:
    def work(count: int) -> int:
        tasks = [task(n, writes=["CHANGELOG.md"]) for n in range(count)]
        return calls(lambda: checked(tasks))

    assert work(800) < 4 * work(200)


def test_a_text_is_read_once_however_many_files_the_tree_has() -> None:
    texts = [task(n, task=f"Fix f{n}.py and README.md", writes=None) for n in range(50)]
    small = Tree(root="/t", files=tuple(sorted(f"d/f{n}.py" for n in range(100))))
    large = Tree(root="/t", files=tuple(sorted(f"d/f{n}.py" for n in range(3_000))))
    assert calls(lambda: check(Plan(tasks=texts), large)) < 1.5 * calls(lambda: check(Plan(tasks=texts), small)) + 5_000


def test_completing_is_linear_even_where_all_want_one_id() -> None:
    def work(count: int) -> int:
        return calls(lambda: completed(Plan(tasks=[Task(task="fix it") for _ in range(count)])))

    assert work(1000) < 12 * work(100)


def test_a_task_that_names_thousands_of_others_is_fine() -> None:
    tasks = [task(n) for n in range(5_000)] + [task(5_000, after=[f"t{n}" for n in range(5_000)])]
    found = checked(tasks)
    assert len(found.edges) == 5_000
    assert found.waves[1] == (TaskId("t5000"),)
