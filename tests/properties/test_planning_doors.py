"""Whatever plan can be held can be saved and read back, by each door, and -k means what Python means by it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from forkjoin.model import Plan, Task, to_builtins
from forkjoin.planning import completed, joined, plan_from_text, plan_to_yaml, selected
from forkjoin.planning.json_door import json_value
from forkjoin.planning.places import json_places
from forkjoin.planning.ranking import Order, ranks
from forkjoin.planning.yaml_door import yaml_places, yaml_value

WORDS = st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)
SAID = WORDS.filter(lambda text: bool(text.strip()))
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True)
PATHS = st.lists(
    st.sampled_from(
        ["src/**", "a b", "{a,b}/*.py", "- x", "# y", "x: y", "'", '"', "*", "[ab]", "\u00e9", "no", "1", "~x"]
    ),
    max_size=3,
)
SCALARS = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(-1e9, 1e9) | WORDS
VALUES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=3), max_leaves=10
)
# what JSON escapes as two halves of a surrogate pair is no YAML
SIMPLE = st.text(alphabet=st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs",)), max_size=9)
SIMPLE_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | SIMPLE,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(SIMPLE, below, max_size=3), max_leaves=10,
)  # fmt: skip
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "description": WORDS, "role": WORDS, "context": WORDS, "agent": NAMES, "reads": PATHS,
        "focus": st.lists(WORDS, max_size=3),
        "estimate": st.floats(0, 1e6), "timeout": st.floats(1, 1e6), "idle_timeout": st.floats(1, 1e6),
        "cpu": st.floats(0, 64), "memory": st.none() | st.integers(1, 10**13), "processes": st.integers(1, 10**6),
        "disk": st.none() | st.integers(1, 10**13), "retries": st.integers(0, 9),
        "isolation": st.sampled_from(["auto", "shared", "clone", "worktree"]),
        "ok_exit": st.lists(st.integers(0, 255), min_size=1, max_size=3), "carry": PATHS,
        "resources": st.lists(WORDS, max_size=2),
        "env": st.dictionaries(st.from_regex(r"[A-Za-z_]{1,8}", fullmatch=True), WORDS, max_size=3),
        "cwd": st.just("sub/x"),
        "output": st.sampled_from(["findings", "text", "none"]) | st.builds(lambda v: {"const": v}, VALUES),
        "allow_no_change": st.booleans(), "writes": st.none() | PATHS,
    },
)  # fmt: skip
WORK = st.one_of(
    st.fixed_dictionaries({"task": SAID}),
    st.fixed_dictionaries({"command": st.lists(SAID, min_size=1, max_size=4)}),
    st.fixed_dictionaries({"shell": SAID}),
)
TASKS = st.builds(lambda work, fields: Task(**work, **fields), WORK, FIELDS)
PLANS = st.builds(
    Plan,
    name=WORDS,
    goal=WORDS,
    agent=st.none() | NAMES,
    policy=st.sampled_from(["isolate", "strict", "trust"]),
    max_parallel=st.none() | st.integers(1, 99),
    fail_fast=st.booleans(),
    tasks=st.lists(TASKS, min_size=1, max_size=3),
)


@settings(max_examples=150, deadline=None)
@given(PLANS)
def test_any_plan_is_saved_and_read_back_as_itself(plan: Plan) -> None:
    text = plan_to_yaml(plan)
    assert plan_from_text(text.encode(), where="p", form="yaml") == plan
    assert plan_from_text(json.dumps(to_builtins(plan)).encode(), where="p", form="json") == plan


@settings(max_examples=100, deadline=None)
@given(PLANS)
def test_completing_twice_is_completing_once_and_saving_keeps_it(plan: Plan) -> None:
    once = completed(plan)
    assert completed(once) == once
    assert completed(plan_from_text(plan_to_yaml(once).encode(), where="p", form="yaml")) == once
    assert len({task.id for task in once.tasks}) == len(once.tasks)
    assert all(task.id and task.description for task in once.tasks)


@settings(max_examples=100, deadline=None)
@given(st.lists(PLANS, min_size=1, max_size=3))
def test_joined_plans_have_all_tasks_in_order_with_the_agent_each_had(plans: list[Plan]) -> None:
    if len({plan.policy for plan in plans} - {"isolate"}) > 1:
        return
    both = joined(plans)

    def agents(plan: Plan) -> list[str | None]:
        return [task.agent_name or plan.agent for task in plan.tasks]

    assert agents(both) == [agent for plan in plans for agent in agents(plan)]
    assert [task.task for task in both.tasks] == [task.task for plan in plans for task in plan.tasks]
    caps = [plan.max_parallel for plan in plans if plan.max_parallel]
    assert both.max_parallel == (min(caps) if caps else None)
    assert both.fail_fast == any(plan.fail_fast for plan in plans)


@settings(max_examples=200, deadline=None)
@given(SIMPLE_VALUES, st.sampled_from([None, 0, 1, 4]))
def test_json_has_one_meaning_and_one_row_of_places_by_both_doors(value: Any, indent: int | None) -> None:
    text = json.dumps({"v": value}, indent=indent)
    assert json_value(text, "p") == yaml_value(text, "p") == json.loads(text)
    assert list(json_places(text)) == list(yaml_places(text))


@st.composite
def expressions(draw: Any, depth: int = 4) -> str:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return str(draw(st.sampled_from(["a", "b", "c", "ab"])))
    kind = draw(st.sampled_from(["and", "or", "not", "()"]))
    one = draw(expressions(depth=depth - 1))
    if kind == "not":
        return f"not {one}"
    return f"({one})" if kind == "()" else f"{one} {kind} {draw(expressions(depth=depth - 1))}"


@settings(max_examples=200, deadline=None)
@given(
    expressions(), st.lists(st.sampled_from(["a", "b", "c", "ab", "abc", "xx"]), min_size=1, max_size=6, unique=True)
)
def test_an_expression_picks_what_python_would_pick(expression: str, ids: list[str]) -> None:
    def holds(name: str) -> bool:
        words = expression.replace("(", " ( ").replace(")", " ) ").split()
        return bool(eval(" ".join(w if w in ("and", "or", "not", "(", ")") else str(w in name) for w in words)))

    plan = Plan(tasks=[Task(id=name, task="x", description="-") for name in ids])  # type: ignore[arg-type]
    wanted = [name for name in ids if holds(name)]
    if wanted:
        assert [task.id for task in selected(plan, expression).tasks] == wanted


PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] != pair[1]), max_size=12)


@settings(max_examples=300, deadline=None)
@given(PAIRS, PAIRS)
def test_firm_entries_are_kept_always_and_soft_ones_outside_rings(
    firm: list[tuple[int, int]], soft: list[tuple[int, int]]
) -> None:
    order = Order(8)
    for first, then in firm:
        if first < then:  # no ring of firm entries
            order.put(first, then, soft=False)
    for first, then in soft:
        order.put(first, then, soft=True)
    rank, ring = ranks(order)
    assert sorted(rank) == list(range(8))
    assert all(rank[a] < rank[b] for a, b in firm if a < b)
    assert all(rank[a] < rank[b] for a, b in soft if not (a in ring and b in ring))
