from __future__ import annotations

import json
import time

import pytest

from forkjoin.errors import PlanError
from forkjoin.model import Plan, Task
from forkjoin.planning import completed, joined, located, plan_from_lines, plan_from_prompts, plan_from_text


def yaml(text: str) -> Plan:
    return plan_from_text(text.encode(), where="plan.yaml", form="yaml")


def complaint(text: str | bytes, form: str = "yaml", where: str = "plan.yaml") -> str:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(PlanError) as caught:
        plan_from_text(data, where=where, form=form)  # type: ignore[arg-type]
    return str(caught.value)


FULL = """\
name: harden
goal: Make it safe
agent: claude
max_parallel: 8
policy: strict
timeout: 10m
tasks:
  - id: auth
    description: Harden password hashing
    role: security engineer
    task: |
      Replace weak hashes.
      Keep old ones verifiable.
    files: [src/auth/**]
    writes: [src/auth/**, tests/auth/**]
    focus: [hashing]
    output: findings
    estimate: 90s
    retries: 1
    env: {LEVEL: "1"}
  - command: [pytest, -q]
    after: [auth]
    ok_exit: [0, 5]
    timeout: 2h
  - shell: a | b
"""


def test_every_key_of_a_task_is_read_and_the_plan_gives_defaults() -> None:
    plan = yaml(FULL)
    assert (plan.name, plan.agent, plan.max_parallel, plan.policy) == ("harden", "claude", 8, "strict")
    auth, test, shell = plan.tasks
    assert auth.task == "Replace weak hashes.\nKeep old ones verifiable.\n"
    assert auth.reads == ("src/auth/**",)
    assert (auth.estimate, auth.timeout, test.timeout, shell.timeout) == (90.0, 600.0, 7200.0, 600.0)
    assert test.command == ("pytest", "-q")
    assert test.ok_exit == (0, 5)
    assert auth.env == {"LEVEL": "1"}


def test_json_and_yaml_of_one_plan_are_one_plan() -> None:
    raw = {"name": "x", "tasks": [{"id": "a", "task": "do", "files": ["a"], "timeout": "5m"}]}
    text = json.dumps(raw).encode()
    as_json = plan_from_text(text, where="p", form="json")
    assert as_json == plan_from_text(text, where="p", form="yaml")
    assert as_json.tasks[0] == Task(id="a", task="do", reads=("a",), timeout=300.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tasks:\n - task: x\n   write: [a]\n", ":3: tasks[0].write: unknown key 'write'; did you mean 'writes'"),
        ("tasks:\n - prompt: x\n", "plan.yaml:2: tasks[0].prompt: unknown key 'prompt'; did you mean 'task'?"),
        ("taks: []\n", "plan.yaml:1: taks: unknown key 'taks'; did you mean 'tasks'?"),
        ("id: a\ntasks: [{task: x}]\n", "plan.yaml:1: id: an id belongs to one task"),
        ("join: x\ntasks: [{task: x}]\n", "plan.yaml:1: join: this version of forkjoin does not have 'join' yet"),
        ("tasks:\n - function: x\n", "'function' is for Python callers only"),
        ("tasks:\n - task: x\n   writes: a\n", "plan.yaml:3: tasks[0].writes: expected a list, got text; write it as"),
        ("tasks:\n - command: ls\n", "tasks[0].command: expected a list, got text; write [program, argument]"),
        ("tasks:\n - task: x\n   retries: 1.5\n", "plan.yaml:3: tasks[0].retries: expected a whole number"),
        ("timeout: 5x\ntasks: [{task: x}]\n", "plan.yaml:1: timeout: '5x' is no duration"),
        ("tasks:\n - task: x\n   files: [a]\n   reads: [a]\n", "plan.yaml:3: tasks[0].files: both reads and files"),
        ("tasks:\n - task: x\n   command: [y]\n", "plan.yaml:3: tasks[0].command: the task says task and command"),
        ("tasks:\n - role: x\n", "tasks[0].task: the task says no work"),
        ("tasks: [{task: x, timeout: 0}]\n", "timeout is 0 s"),
        ("tasks: [{task: x, cpu: -1}]\n", "cpu is -1"),
        ("tasks: [{task: x, writes: [/etc/passwd]}]\n", "the path '/etc/passwd' is absolute"),
        ("tasks: [{task: x, writes: [a/../../b]}]\n", "leaves the tree; write it without '..'"),
        ("tasks: [{task: x, writes: ['{a,..}/b']}]\n", "leaves the tree"),
        ("tasks: [{task: x, writes: [sub/.GIT/config]}]\n", "goes into git's own folder"),
        ("tasks: [{task: x, output: {type: 5}}]\n", "output is no JSON Schema"),
        ("policy: lax\ntasks: [{task: x}]\n", "no policy 'lax'; known: isolate, strict, trust"),
        ("max_parallel: 0\ntasks: [{task: x}]\n", "plan.yaml:1: max_parallel: max_parallel is less than 1"),
        ("name: x\n", "the plan has no tasks"),
        ("tasks: []\n", "plan.yaml:1: tasks: the plan has no tasks"),
        ("tasks: {a: b}\n", "plan.yaml:1: tasks: tasks is a list, this is a mapping"),
        ("tasks: [x]\n", "tasks[0]: a task is a mapping, this is text"),
        ("", "a plan is a mapping, this is nothing"),
        ("- a\n", "a plan is a mapping, this is a list"),
        ("fix the bug\n", "begin with tasks:, or say --lines where each line is a prompt"),
        ("a: &x 1\nb: *x\n", "plan.yaml:1: a: the anchor &x is refused"),
        ("a: *x\n", "plan.yaml:1: a: aliases (*name) are refused"),
        ("a: !!python/object:os.system x\n", "the tag tag:yaml.org,2002:python/object:os.system is refused"),
        ("tasks:\n - task: x\n   task: y\n", "plan.yaml:3: tasks[0].task: the key 'task' stands here a second time"),
        ("tasks: [{task: x}]\n---\ntasks: []\n", "a second document begins here"),
        ("? [a]\n: b\n", "a key is a mapping or a list"),
        ("a: b: c\n", "plan.yaml:1: is no YAML"),
        ("a: '\n", "is no YAML"),
        ("a: \x07\n", "is no YAML"),
    ],
)  # fmt: skip
def test_a_complaint_names_file_line_and_field(text: str, said: str) -> None:
    assert said in complaint(text)


def test_a_contradiction_with_a_default_names_both_lines() -> None:
    said = complaint("permission: workspace-write\ntasks:\n - task: x\n   files: [a]\n   writes: []\n")
    assert said.startswith("plan.yaml:5: tasks[0].writes: writes: [] says it writes nothing")
    assert "(lines 5 and 1)" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"tasks":[{"task":"x"},\n{"task":"x","retries":"y"}]}', "p:2: tasks[1].retries: expected a whole number"),
        ('{"tasks":[{"task":"x",\n"task":"y"}]}', "p:2: tasks[0].task: the key 'task' stands here a second time"),
        ('{"tasks":[{"task":"x"}],}', "p:1: is no JSON"),
        ('{"tasks":[{"task":"x","cpu":NaN}]}', "NaN is not allowed"),
        ('{"tasks":[{"task":"x","cpu":1e999}]}', "cpu is inf"),
        ('{"tasks":[{"task":"\\ud800"}]}', "half of a surrogate pair"),
        ('{"tasks":[{"task":"a\\u0000b"}]}', "task has a NUL character"),
        ("[" * 100_000, "nested too deeply"),
        ('{"tasks":[{"task":"x","retries":' + "9" * 5000 + "}]}", "p"),
        ("", "p:1: is no JSON"),
    ],
)  # fmt: skip
def test_a_complaint_about_json_names_file_line_and_field(text: str, said: str) -> None:
    assert said in complaint(text, "json", "p")


def test_invalid_utf8_is_named_by_byte_and_line() -> None:
    assert complaint(b"name: x\nb: \xff\n").startswith("plan.yaml:2: byte 11 (0xff) is not valid UTF-8")


def test_a_byte_order_mark_is_no_part_of_a_plan() -> None:
    assert plan_from_text(b'\xef\xbb\xbf{"tasks":[{"task":"x"}]}', where="p", form="json").tasks[0].task == "x"


@pytest.mark.parametrize("opened", ["[", "{a: ", "- "])
def test_depth_is_refused_before_it_costs(opened: str) -> None:
    started = time.process_time()
    assert "deeper than 32" in complaint(opened * 5000) or "is no YAML" in complaint(opened * 5000)
    assert time.process_time() - started < 2


def test_too_many_tasks_and_too_many_bytes_are_refused() -> None:
    assert "at most 100,000" in complaint(json.dumps({"tasks": [{"task": "x"}] * 100_001}), "json")
    assert "at most 64 MiB" in complaint(b" " * (64 * 1024 * 1024 + 1), "json")


@pytest.mark.parametrize(
    ("scalar", "value"), [("on", "on"), ("0o17", "0o17"), ("2024-01-01", "2024-01-01"), ("12:30", "12:30")]
)
def test_yaml_words_that_older_yaml_turned_into_something_else_stay_text(scalar: str, value: str) -> None:
    assert yaml(f"tasks: [{{task: {scalar}}}]").tasks[0].task == value


def test_a_markdown_task_is_front_matter_and_body() -> None:
    text = "---\nid: auth\nwrites: [src/auth/**]\nname: harden\n---\n# Harden it\n\nwell\n"
    plan = plan_from_text(text.encode(), where="auth.md", form="markdown")
    assert plan.name == "harden"
    assert plan.tasks == (Task(id="auth", writes=("src/auth/**",), task="# Harden it\n\nwell"),)  # type: ignore[arg-type]


def test_a_markdown_task_needs_no_front_matter_and_may_run_a_command() -> None:
    assert plan_from_text(b"do it\n", where="p", form="markdown").tasks[0].task == "do it"
    command = plan_from_text(b"---\ncommand: [ls]\n---\n", where="p", form="markdown")
    assert command.tasks[0].command == ("ls",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\nid: a\nwrites: [../x]\n---\nx", "a.md:3: writes: the path '../x' leaves the tree"),
        ("---\nwrits: [x]\n---\nx", "a.md:2: writs: unknown key 'writs'; did you mean 'writes'?"),
        ("---\nid: a\n", "a.md:1: the front matter that opens here is never closed"),
        ("---\ntask: a\n---\nb", "the prompt stands here and in the body (line 4)"),
        ("---\n- a\n---\nb", "front matter is a mapping"),
        ("---\ntasks: []\n---\nb", "a Markdown file is one task"),
        ("---\nid: a\n---\n  \n", "the task says no work"),
        ("", "the task says no work"),
    ],
)
def test_a_complaint_about_markdown_counts_the_lines_of_the_file(text: str, said: str) -> None:
    assert said in complaint(text, "markdown", "a.md")


def test_a_task_with_work_of_its_own_takes_none_from_the_defaults() -> None:
    plan = yaml("command: [ls]\ntasks: [{shell: a}, {cwd: sub}]\n")
    assert (plan.tasks[0].command, plan.tasks[0].shell, plan.tasks[1].command) == ((), "a", ("ls",))


def test_prompts_make_one_task_each() -> None:
    plan = plan_from_prompts(["a", "b"], agent="claude")
    assert [task.task for task in plan.tasks] == ["a", "b"]
    assert plan.agent == "claude"
    with pytest.raises(PlanError, match="prompt 2: the prompt is blank"):
        plan_from_prompts(["a", " "])
    with pytest.raises(PlanError, match="no prompts"):
        plan_from_prompts([])


def test_lines_make_one_task_each_but_for_blanks_and_comments() -> None:
    plan = plan_from_lines("# head\nfix a\n\n  fix b\u2028still b \n".encode(), where="-")
    assert [task.task for task in plan.tasks] == ["fix a", "fix b\u2028still b"]
    with pytest.raises(PlanError, match="-: there is no prompt in it"):
        plan_from_lines(b"# only\n", where="-")


def test_several_plans_join_in_their_order_and_keep_their_agents() -> None:
    one = Plan(name="a", agent="claude", max_parallel=4, tasks=[Task(task="x"), Task(task="y", agent="pi")])
    two = Plan(name="b", agent="codex", max_parallel=2, tasks=[Task(command=["ls"])])
    plan = joined([one, two])
    assert [task.agent_name for task in plan.tasks] == ["claude", "pi", "command"]
    assert (plan.name, plan.max_parallel, plan.agent) == ("a + b", 2, None)
    with pytest.raises(PlanError, match="policies strict, trust"):
        joined([Plan(policy="strict"), Plan(policy="trust")])


def test_reading_leaves_what_tasks_say_of_one_another_to_completion() -> None:
    one = yaml("tasks: [{id: a, task: x, after: [b]}]")
    two = yaml("tasks: [{id: b, task: x}]")
    assert completed(joined([one, two])).tasks[0].after == ("b",)


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        (
            "yaml",
            "tasks:\n - {id: a, task: x}\n - id: b\n   task: y\n   after: [c]\n",
            "p:5: tasks[1].after: no task 'c'",
        ),
        ("json", '{"tasks":[{"id":"a","task":"x"},\n{"id":"a","task":"y"}]}', "p:2: tasks[1].id: the id 'a' is also"),
        ("markdown", "---\nid: a\nafter: [b]\n---\nx", "p:3: after: no task 'b'"),
    ],
)
def test_a_complaint_about_the_whole_plan_is_given_file_and_line(form: str, text: str, said: str) -> None:
    plan = plan_from_text(text.encode(), where="p", form=form)  # type: ignore[arg-type]
    with pytest.raises(PlanError) as caught:
        completed(plan)
    assert said in str(located(caught.value, text.encode(), where="p", form=form))  # type: ignore[arg-type]
    assert located(PlanError("x"), b"", where="p", form="yaml").where == ""


@pytest.mark.parametrize(("first", "said"), [(0, "p:3: tasks[1].after: x"), (1, "p:2: tasks[0].after: x")])
def test_a_complaint_about_joined_plans_is_counted_from_the_files_own_first_task(first: int, said: str) -> None:
    data = b"tasks:\n - {task: a, after: [q]}\n - {task: b, after: [q]}\n"
    found = located(PlanError("x", where="tasks[1] (b).after"), data, where="p", form="yaml", first=first)
    assert str(found) == said


def test_an_agent_that_all_plans_name_stays_the_plans() -> None:
    plan = joined([Plan(agent="claude", tasks=[Task(task="x")]), Plan(agent="claude", tasks=[Task(task="y")])])
    assert plan.agent == "claude"
    assert [task.agent for task in plan.tasks] == [None, None]


def test_a_plan_with_several_mistakes_is_told_all_of_them() -> None:
    text = b"goals: x\ntasks:\n - {shel: a}\n - {task: fine}\n - {task: x, timeout: 5x}\n - 7\n"
    with pytest.raises(PlanError) as told:
        plan_from_text(text, where="p.yaml", form="yaml")
    assert str(told.value).split("\n") == [
        "p.yaml:1: goals: unknown key 'goals'; did you mean 'goal'?",
        "also: p.yaml:3: tasks[0].shel: unknown key 'shel'; did you mean 'shell'?",
        "also: p.yaml:5: tasks[2].timeout: '5x' is no duration; write seconds as a number, or 90s, 10m, 2h",
        "also: p.yaml:6: tasks[3]: a task is a mapping, this is a number; write task: ... in it",
    ]


def test_a_mistake_in_a_default_is_told_once_and_of_many_mistakes_the_first_ten() -> None:
    with pytest.raises(PlanError) as told:
        plan_from_text(b"timeout: 5x\ntasks: [{task: a}, {task: b}]\n", where="p", form="yaml")
    assert told.value.also == ()
    rows = "".join(f" - {{tsk: {n}}}\n" for n in range(2_000))
    with pytest.raises(PlanError) as told:
        plan_from_text(f"tasks:\n{rows}".encode(), where="p", form="yaml")
    assert len(told.value.also) == 9
