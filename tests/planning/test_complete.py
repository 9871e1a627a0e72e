from __future__ import annotations

import pytest

from forkjoin.errors import PlanError
from forkjoin.model import Plan, Task
from forkjoin.planning import completed


def ids(*tasks: Task) -> list[str]:
    return [task.id for task in completed(Plan(tasks=tasks)).tasks]


def test_ids_are_made_from_descriptions_prompts_and_commands() -> None:
    assert ids(
        Task(task="x", description="Harden: the Café's auth!"),
        Task(task="## Fix **the** bug in src/a.py, please do it well"),
        Task(command=["/usr/bin/pytest", "-q"]),
        Task(shell="make | tee log"),
        Task(task="修复"),
    ) == ["harden-the-cafe-s-auth", "fix-the-bug-in-src-a-py", "pytest-q", "make-tee-log", "task"]


def test_made_ids_are_unique_and_leave_given_ones_alone() -> None:
    assert ids(Task(task="fix"), Task(task="fix"), Task(id="fix-2", task="x"), Task(task="fix")) == [  # type: ignore[arg-type]
        "fix", "fix-3", "fix-2", "fix-4",
    ]  # fmt: skip


def test_a_long_description_gives_a_short_id() -> None:
    (made,) = ids(Task(task="x", description="word " * 50))
    assert len(made) <= 40
    assert made.endswith("word")


def test_completing_a_completed_plan_changes_nothing() -> None:
    plan = completed(Plan(tasks=[Task(task="a", writes=["./src//x/"]), Task(task="b", after=["a", "a"], reads=["."])]))
    assert plan.tasks[0].writes == ("src/x",)
    assert plan.tasks[1].reads == ("**",)
    assert plan.tasks[1].after == ("a",)
    assert completed(plan) == plan


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([], "the plan has no tasks"),
        ([Task(id="A b", task="x")], "tasks[0].id: the id 'A b' is not allowed; small letters"),
        ([Task(id="-a", task="x")], "the id '-a' is not allowed"),
        ([Task(id="a\n", task="x")], "is not allowed"),
        ([Task(id="a" * 101, task="x")], "is not allowed"),
        ([Task(id="a", task="x"), Task(id="a", task="y")], "tasks[1].id: the id 'a' is also that of tasks[0]"),
        ([Task(id="auth", task="x"), Task(task="x", after=["auht"])], "no task 'auht'; did you mean 'auth'?"),
        ([Task(id="a", task="x", after=["a"])], "tasks[0] (a).after: the task comes after itself"),
        (
            [Task(id=one, task="x", after=[other]) for one, other in ("ac", "ba", "cb")],
            "these tasks wait for one another: b -> c -> a -> b",
        ),
        ([Task()], "tasks[0].task: the task says no work"),
        ([Task(task=" ")], "the prompt is blank"),
        ([Task(task="x", command=["y"])], "the task says task and command"),
        ([Task(command=[""])], "the command's first word is empty"),
        ([Task(command=["a\0"])], "command has a NUL character"),
        ([Task(task="x", env={"A=B": "c"})], "'A=B' cannot name a variable"),
        ([Task(task="x", timeout=float("nan"))], "timeout is nan"),
        ([Task(task="x", retries=-1)], "retries is -1"),
        ([Task(task="x", estimate=float("inf"))], "estimate is inf"),
        ([Task(task="x", ok_exit=())], "no exit code counts as fine"),
        ([Task(task="x", writes=["a"], permission="read-only")], "permission: read-only says it writes nothing"),
        ([Task(task="x", writes=["a"], agent="static")], "the agent static only reads"),
        ([Task(task="x", cwd="../x")], "tasks[0].cwd: the path '../x' leaves the tree"),
        ([Task(task="x", carry=["~/x"])], "the path '~/x' is absolute"),
        ([Task(task="x", writes=["C:/x"])], "is absolute"),
        ([Task(task="x", writes=[""])], "a path is empty"),
        ([Task(task="x", writes=["a\0b"])], "has a NUL character"),
        ([Task(task="x", writes=["git~1/x"])], "git's own folder"),
        ([Task(task="x", writes=[".g\u200cit/x"])], "git's own folder"),
        ([Task(task="x", writes=[".git. /x"])], "git's own folder"),
        ([Task(task="x", writes=["{a,b}" * 20])], "more than 1000 paths"),
        ([Task(task="x", writes=["a/" * 3000])], "has 6000 characters"),
        ([Task(task="x", output={"type": "nope"})], "output is no JSON Schema"),
        ([Task(task="x", output={"properties": {"a": {"type": 3}}})], "at ['properties']['a']['type']"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tasks: list[Task], said: str) -> None:
    with pytest.raises(PlanError) as caught:
        completed(Plan(tasks=tasks))
    assert said in str(caught.value)


@pytest.mark.parametrize("path", [".github/x.yml", ".gitignore", "a..b/c", "...", "src/[id]/page.tsx", "ü/é", "a b"])
def test_paths_that_only_look_odd_are_fine(path: str) -> None:
    assert completed(Plan(tasks=[Task(task="x", writes=[path])])).tasks[0].writes == (path,)


def test_a_chain_of_ten_thousand_is_completed_and_a_ring_of_as_many_is_named() -> None:
    chain = [Task(id=f"t{n}", task="x", after=[f"t{n - 1}"] if n else []) for n in range(10_000)]  # type: ignore[arg-type]
    assert len(completed(Plan(tasks=chain)).tasks) == 10_000
    chain[0] = Task(id="t0", task="x", after=["t9999"])  # type: ignore[arg-type]
    with pytest.raises(PlanError, match=r"wait for one another: .* -> \.\.\. -> "):
        completed(Plan(tasks=chain))


def test_ten_thousand_equal_prompts_get_ten_thousand_ids() -> None:
    assert len(set(ids(*[Task(task="fix it")] * 10_000))) == 10_000


@pytest.mark.parametrize(("written", "kept"), [(".", ""), ("./", ""), ("./sub//x/", "sub/x"), ("", "")])
def test_the_folder_a_task_starts_in_is_kept_in_one_form(written: str, kept: str) -> None:
    assert completed(Plan(tasks=[Task(task="x", cwd=written)])).tasks[0].cwd == kept


@pytest.mark.parametrize(
    ("task", "description"),
    [
        (Task(task="one two three four five six"), "one two three four five"),
        (Task(task="- **Fix** the bug."), "Fix** the bug"),
        (Task(task="\n\n## 1. Fix the bug:\nwell"), "Fix the bug"),
        (Task(task="---"), "---"),
        (Task(task="x" * 200), "x" * 60),
        (Task(command=["/usr/bin/env", "python", "-m", "x", "y", "z"]), "env python -m x y"),
        (Task(shell="\n  make all"), "make all"),
        (Task(function="pkg.mod:run"), "run"),
        (Task(task="x", description="Given by hand"), "Given by hand"),
    ],
)
def test_a_description_is_made_of_the_first_words(task: Task, description: str) -> None:
    assert completed(Plan(tasks=[task])).tasks[0].description == description


def test_many_unknown_predecessors_are_answered_without_a_search_for_the_nearest() -> None:
    tasks = [Task(id=f"t{n}", task="x") for n in range(2_001)] + [Task(task="x", after=["t-1"])]  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="no task 't-1'; known: t0, t1, t2"):
        completed(Plan(tasks=tasks))


@pytest.mark.parametrize(
    ("plan", "where"),
    [
        (Plan(tasks=[Task(task="x"), Task(shell="echo gr\udcfcn")]), r"tasks\[1\]\.shell"),
        (Plan(tasks=[Task(id="a", task="x", env={"A": "\udcfc"})]), r"tasks\[0\] \(a\)\.env"),  # type: ignore[arg-type]
        (Plan(name="\udcfc", tasks=[Task(task="x")]), "name"),
    ],
)
def test_a_text_of_another_encoding_is_a_mistake_and_no_crash(plan: Plan, where: str) -> None:
    with pytest.raises(PlanError, match=f"^{where}: the text is not valid UTF-8; write it in UTF-8$"):
        completed(plan)
