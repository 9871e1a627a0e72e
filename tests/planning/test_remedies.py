"""A remedy helps when it is done, under the policy that it is said for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from forkjoin.model import Check, Plan, Policy, Task, TaskId, Tree
from forkjoin.planning import check

TREE = Tree(root="/t", files=("src/a.py", "src/b.py"))
Tasks = tuple[Task, ...]


def one(tasks: Tasks) -> Tasks:
    """Join both into one task."""
    a, b = tasks
    whole = replace(a, task=f"{a.task}, then {b.task}", reads=[*(a.reads or ()), *(b.reads or ())])
    return (replace(whole, writes=[*(a.writes or ()), *(b.writes or ())], resources=[*a.resources, *b.resources]),)


def task(name: str, **fields: Any) -> Task:
    return Task(**{"id": name, "task": "do it", "writes": [], **fields})


def with_b(**fields: Any) -> Callable[[Tasks], Tasks]:
    return lambda tasks: (tasks[0], replace(tasks[1], **fields))


def same(tasks: Tasks) -> Tasks:
    return tasks


@dataclass(frozen=True, kw_only=True)
class Case:
    """Two tasks in conflict, and what the remedy tells to do, part by part."""

    a: dict[str, Any]
    b: dict[str, Any]
    strict: tuple[tuple[str, Callable[[Tasks], Tasks]], ...]
    ordered: tuple[tuple[str, Callable[[Tasks], Tasks]], ...]


JOIN = ("join them into one task", one)
NO_READ = {"reads": [], "task": "do it"}
CASES = {
    "after": Case(
        a={}, b={"after": ["a"]},
        strict=(("take it out of after if b does not need a", with_b(after=[])), JOIN),
        ordered=(("take it out of after if b does not need a", with_b(after=[])),),
    ),
    "output": Case(
        a={"writes": ["out/x"]}, b={"reads": ["out/x"], "task": "read out/x"},
        strict=(
            ("take out/x out of the reads and the text of b if it needs nothing of a", with_b(**NO_READ)), JOIN,
        ),
        ordered=(("keep the order", same), ("give b what it needs in its text", with_b(reads=[], task="x is 3"))),
    ),
    "write-write": Case(
        a={"writes": ["src"]}, b={"writes": ["src/a.py"]},
        strict=(("narrow one of the two", with_b(writes=["docs/a.md"])), JOIN),
        ordered=(
            ("narrow one of the two", with_b(writes=["docs/a.md"])), JOIN,
            ("order them: after: [a] in b", with_b(after=["a"])),
        ),
    ),
    "resource": Case(
        a={"resources": ["db"]}, b={"resources": ["db"]},
        strict=(("give each its own", with_b(resources=["db2"])), JOIN),
        ordered=(("give each its own", with_b(resources=["db2"])), ("leave them in order", same)),
    ),
    "write-read": Case(
        a={"writes": ["src/a.py"]}, b={"reads": ["src/a.py"], "task": "look at src/a.py"},
        strict=(
            ("take src/a.py out of the reads and the text of b if it needs nothing of a", with_b(**NO_READ)), JOIN,
        ),
        ordered=(("if b needs the changes of a, say so: after: [a] in b", with_b(after=["a"])),),
    ),
    "unknown-writes": Case(
        a={"writes": ["src/a.py"]}, b={"writes": None},
        strict=(
            ("give b writes: [...]", with_b(writes=["src/b.py"])), ("(writes: [] if it only reads)", with_b(writes=[])),
        ),
        ordered=(("give b writes: [...]", with_b(writes=["src/b.py"])),),
    ),
}  # fmt: skip


def checked(tasks: Tasks, policy: Policy) -> Check:
    return check(Plan(tasks=tasks, policy=policy), TREE)


def tasks_of(case: Case) -> Tasks:
    return task("a", **case.a), task("b", **case.b)


@pytest.mark.parametrize("kind", CASES)
def test_what_strict_advises_makes_a_plan_that_strict_accepts(kind: str) -> None:
    case = CASES[kind]
    (pair,) = checked(tasks_of(case), "strict").pairs
    assert pair.kind == kind
    assert "run side by side" not in pair.evidence
    rest = pair.remedy
    for said, do in case.strict:
        assert said in pair.remedy
        rest = rest.replace(said, "")
        found = checked(do(tasks_of(case)), "strict")
        assert (found.pairs, found.unknown) == ((), ())
    left = rest.strip(", ")
    assert left in ("", "or let them run in order: policy: isolate")  # every part of it was tried
    assert ("after: [" in pair.remedy) is False


@pytest.mark.parametrize("kind", CASES)
def test_what_isolate_advises_leaves_no_conflict_that_is_not_in_order(kind: str) -> None:
    case = CASES[kind]
    (pair,) = checked(tasks_of(case), "isolate").pairs
    for said, do in case.ordered:
        assert said in pair.remedy
        found = checked(do(tasks_of(case)), "isolate")
        assert found.unknown == ()
        assert all(left.first == TaskId("a") for left in found.pairs)


def test_two_that_are_unknown_are_both_told_to_say_what_they_write() -> None:
    (pair,) = checked((task("a", writes=None), task("b", writes=None)), "strict").pairs
    assert pair.remedy == "give a and b writes: [...] (writes: [] if it only reads)"
