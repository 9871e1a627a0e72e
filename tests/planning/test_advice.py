"""When side by side is the wrong tool, and with which number; what the ideal speed-up and the waves say."""

from __future__ import annotations

from typing import Any

import pytest

from forkjoin.model import Check, Plan, Task, Tree
from forkjoin.planning import check
from forkjoin.planning.advice import CLONE_S, COMMAND_S

TREE = Tree(root="/t", files=("src/a.py",))


def task(name: str, **fields: Any) -> Task:
    return Task(**{"id": name, "task": "do it", "writes": [], **fields})


def checked(*tasks: Task, **given: Any) -> Check:
    return check(Plan(tasks=tasks), TREE, **given)


def advice(*tasks: Task, **given: Any) -> tuple[str, ...]:
    return checked(*tasks, **given).advice


def test_a_plan_that_fans_out_well_is_given_no_advice() -> None:
    assert advice(task("a"), task("b"), task("c", estimate=60)) == ()


def test_one_task_alone_is_said_to_run_alone_and_nothing_else() -> None:
    assert advice(task("a", task="after step 1 do it", estimate=0)) == (
        "There is one task: nothing runs side by side.",
    )


@pytest.mark.parametrize("count", [2, 3, 10])
def test_a_chain_is_named_with_its_length_and_its_speed_up(count: int) -> None:
    chain = [task(f"t{n}", after=[f"t{n - 1}"] if n else []) for n in range(count)]
    assert advice(*chain) == (
        f"The {count} tasks form one chain, each waits for the one before: the ideal speed-up is 1.0x. "
        "One task that does all is simpler.",
    )
    assert checked(*chain).ideal_speedup == 1.0


def test_a_chain_with_one_task_beside_it_is_no_chain() -> None:
    found = checked(task("a"), task("b", after=["a"]), task("c"))
    assert found.advice == ()
    assert found.ideal_speedup == 1.5


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [(["src/a.py"], ["src/a.py"], "src/a.py"), (["x", "y"], ["z", "y"], "y"), (["src/*.py"], ["src/*.py"], "src/x.py")],
)
def test_one_file_that_all_write_is_named(first: list[str], second: list[str], shown: str) -> None:
    said = advice(task("a", writes=first), task("b", writes=second))
    assert said[0] == f"All 2 tasks write {shown}: join them into one task, or give each its own file."


def test_one_file_that_some_write_is_no_reason_to_join_all() -> None:
    assert not any("All" in line for line in advice(task("a", writes=["x"]), task("b", writes=["x"]), task("c")))


@pytest.mark.parametrize(
    "text",
    [
        "Once the parser is merged, use it",
        "once all tests are done, tag it",
        "Use what the previous task made",
        "go on with the previous step",
        "when task 1 is finished, start",
        "When the schema is finished write the client",
        "after step 2 run it",
        "Task 3 has made the file",
        "commit the change and push it",
    ],
)
def test_a_text_that_speaks_of_an_order_is_quoted_where_the_task_waits_for_nothing(text: str) -> None:
    (said,) = advice(task("a"), task("b", task=text))
    assert said.startswith("Order may matter: b says '")
    assert said.endswith("and waits for nothing; if it must wait, give it after: [...].")
    quoted = said.removeprefix("Order may matter: b says '").partition("'")[0]
    assert quoted
    assert quoted in text


@pytest.mark.parametrize(
    "text", ["Harden the login", "Do it once", "pushing the button commits", "a task has an id", "steps are numbered"]
)
def test_a_text_that_speaks_of_no_order_is_left_in_peace(text: str) -> None:
    assert advice(task("a"), task("b", task=text)) == ()


def test_a_task_that_waits_already_may_speak_of_order() -> None:
    assert advice(task("a"), task("b", task="once the parser is merged, use it", after=["a"]), task("c")) == ()


def test_only_the_first_text_that_speaks_of_order_is_quoted() -> None:
    assert len(advice(*(task(name, task="after step 1 go on") for name in "abc"))) == 1


# Gain below the overhead: sum - wall < cost of starting, all in seconds.


def test_a_gain_below_the_overhead_is_said_with_both_numbers() -> None:
    (said,) = advice(*(task(name, writes=[name], estimate=0.5) for name in "abc"))
    assert said == (
        "Side by side saves 1.0 s of 1.5 s, and starting the tasks costs about 2.0 s: run them one after another, "
        "or in one task."
    )


def test_a_gain_above_the_overhead_is_not_spoken_of() -> None:
    assert advice(*(task(name, writes=[name], estimate=2.0) for name in "abc")) == ()


@pytest.mark.parametrize(("estimate", "said"), [(COMMAND_S * 0.4, True), (COMMAND_S * 0.6, False)])
def test_a_reader_or_a_command_costs_less_to_start_than_a_writer(estimate: float, said: bool) -> None:
    for fields in ({}, {"task": "", "command": ["true"]}):
        rows = advice(*(task(name, estimate=estimate, **fields) for name in "abc"))
        assert any("Side by side saves" in row for row in rows) is said


def test_fewer_slots_leave_less_to_gain_and_cost_more_to_start() -> None:
    tasks = [task(name, writes=[name], estimate=1.9) for name in "abcd"]
    assert advice(*tasks) == ()  # saves 5.7 s of 7.6 s for 2 s
    (said,) = advice(*tasks, slots=2)  # saves 3.8 s for 4 s
    assert "saves 3.8 s of 7.6 s" in said
    assert "about 4.0 s" in said
    (said,) = advice(*tasks, slots=1)
    assert "saves 0.0 s of 7.6 s" in said
    short = [task(name, writes=[name], estimate=0.5) for name in "abc"]
    assert advice(*short, slots=100) == advice(*short) != ()


def test_without_an_estimate_for_each_task_nothing_is_said_of_the_gain() -> None:
    assert advice(task("a", estimate=0.001), task("b", estimate=0.001), task("c")) == ()


def test_a_clone_costs_far_more_than_a_program() -> None:
    assert CLONE_S > 10 * COMMAND_S


# Ideal speed-up and waves


@pytest.mark.parametrize(
    ("rows", "speedup"),
    [
        ([("a", None, [])], 1.0),
        ([("a", None, []), ("b", None, [])], 2.0),
        ([("a", 30, []), ("b", 10, [])], 1.33),
        ([("a", 30, []), ("b", 10, ["a"]), ("c", 40, [])], 2.0),
        ([("a", 0, []), ("b", 0, [])], 2.0),  # nothing is known by a sum of 0
        ([("a", 0, []), ("b", 5, [])], 1.0),
        ([("a", None, []), ("b", 3, [])], 1.33),  # no estimate counts 1
        ([("a", 1, []), ("b", 1, ["a"]), ("c", 1, ["a"]), ("d", 1, ["b", "c"])], 1.33),
    ],
)
def test_the_ideal_speed_up_is_the_sum_over_the_longest_chain(
    rows: list[tuple[str, Any, list[str]]], speedup: float
) -> None:
    assert checked(*(task(name, estimate=s, after=after) for name, s, after in rows)).ideal_speedup == speedup


def test_a_wave_holds_the_tasks_with_as_many_before_them_in_the_plans_order() -> None:
    found = checked(
        task("d", after=["b", "c"]), task("c", after=["a"]), task("b", after=["a"]), task("a"), task("z"),
        task("y", after=["z"]),
    )  # fmt: skip
    assert found.waves == (("a", "z"), ("c", "b", "y"), ("d",))
    assert sorted(name for wave in found.waves for name in wave) == ["a", "b", "c", "d", "y", "z"]


def test_a_long_way_and_a_short_way_to_one_task_give_it_the_later_wave() -> None:
    found = checked(task("a"), task("b", after=["a"]), task("c", after=["b", "a"]))
    assert found.waves == (("a",), ("b",), ("c",))
