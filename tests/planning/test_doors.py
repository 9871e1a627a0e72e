"""The three ways a plan comes in say the same of the same mistake, each with its file, line and field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from forkjoin.errors import PlanError
from forkjoin.model import Plan
from forkjoin.planning import Form, plan_from_text

FORMS: tuple[Form, ...] = ("yaml", "json", "markdown")


def written(form: Form, field: str, value: Any, **beside: Any) -> tuple[str, str]:
    """Return a plan file of one task with the field on a line of its own, and where a complaint about it stands."""
    said = json.dumps(value)
    others = {key: json.dumps(one) for key, one in ({"task": "do it"} | beside).items() if key != field}
    match form:
        case "yaml":
            rows = "".join(f"   {key}: {one}\n" for key, one in others.items())
            return f"tasks:\n - {field}: {said}\n{rows}", f"plan:2: tasks[0].{field}"
        case "json":
            rows = "".join(f',\n"{key}": {one}' for key, one in others.items())
            return f'{{"tasks": [\n{{"{field}": {said}{rows}}}]}}', f"plan:2: tasks[0].{field}"
        case "markdown":
            body = "" if field == "task" else json.loads(others.pop("task"))
            rows = "".join(f"{key}: {one}\n" for key, one in others.items())
            return f"---\n# a comment\n{field}: {said}\n{rows}---\n{body}", f"plan:3: {field}"


def read(form: Form, text: str) -> Plan:
    return plan_from_text(text.encode("utf-8", "surrogatepass"), where="plan", form=form)


def complaint(form: Form, text: str) -> PlanError:
    with pytest.raises(PlanError) as caught:
        read(form, text)
    return caught.value


WRONG_TYPES: tuple[tuple[str, Any, str], ...] = (
    ("id", 7, "expected text, got a whole number"),
    ("description", ["a"], "expected text, got a list"),
    ("role", {"a": 1}, "expected text, got a mapping"),
    ("context", True, "expected text, got true or false"),
    ("reads", "src", "expected a list, got text"),
    ("writes", "src", "expected a list, got text"),
    ("focus", "hashing", "expected a list, got text"),
    ("after", "a", "expected a list, got text"),
    ("carry", ".env", "expected a list, got text"),
    ("resources", "db", "expected a list, got text"),
    ("command", "ls", "expected a list, got text"),
    ("retries", "1", "expected a whole number, got text"),
    ("retries", 1.5, "expected a whole number, got a number"),
    ("cpu", "all", "expected a number, got text"),
    ("timeout", [1], "expected a number, got a list"),
    ("estimate", {}, "expected a number, got a mapping"),
    ("allow_no_change", "yes", "expected true or false, got text"),
    ("env", ["A=b"], "expected a mapping, got a list"),
    ("cwd", 3, "expected text, got a whole number"),
    ("permission", "root", "no permission 'root'"),
    ("isolation", "vm", "no isolation 'vm'"),
    ("output", "prose", "no output 'prose'"),
    ("shell", ["a"], "expected text, got a list"),
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("field", "value", "why"), WRONG_TYPES)
def test_a_value_of_the_wrong_type_is_named_with_its_place(form: Form, field: str, value: Any, why: str) -> None:
    text, where = written(form, field, value)
    error = complaint(form, text)
    assert error.where == where
    assert why in error.why
    assert "`" not in str(error)
    assert "$" not in str(error)


WRONG_VALUES: tuple[tuple[str, Any, str, str], ...] = (
    ("timeout", "5 weeks", "'5 weeks' is no duration", ""),
    ("timeout", 0, "timeout is 0 s", "give more than 0, at most a year"),
    ("timeout", -1, "timeout is -1 s", "give more than 0"),
    ("timeout", "366d", "timeout is 3.16224e+07 s", "at most a year"),
    ("idle_timeout", 0, "idle_timeout is 0 s", "give more than 0"),
    ("estimate", -1, "estimate is -1", "it cannot be negative or endless"),
    ("cpu", -0.5, "cpu is -0.5", "it cannot be negative"),
    ("retries", -1, "retries is -1", "it cannot be negative"),
    ("memory", "much", "'much' is no size", ""),
    ("memory", 0, "memory is 0", "give more than 0, or leave it out"),
    ("processes", 0, "processes is 0", "give more than 0"),
    ("disk", -5, "disk is -5", "give more than 0"),
    ("ok_exit", [], "no exit code counts as fine", "give at least one"),
    ("model", "--share", "model is '--share', which its agent would take for an option", "write the name alone"),
    ("effort", "-h", "effort is '-h', which its agent would take for an option", "write the name alone"),
    ("writes", ["/etc"], "the path '/etc' is absolute", "write it relative to the tree"),
    ("reads", ["~/x"], "the path '~/x' is absolute", "relative"),
    ("writes", ["a/../b"], "the path 'a/../b' leaves the tree", "write it without '..'"),
    ("carry", ["../.env"], "the path '../.env' leaves the tree", ""),
    ("cwd", "/tmp", "the path '/tmp' is absolute", ""),
    ("writes", [".git/hooks/x"], "goes into git's own folder", "no task reads or writes .git"),
    ("reads", ["{.git,a}/config"], "goes into git's own folder", ""),
    ("writes", [" "], "a path is empty", "name a file, a folder or a glob"),
    ("env", {"": "x"}, "'' cannot name a variable", "no '=' and not empty"),
    ("env", {"A=B": "x"}, "'A=B' cannot name a variable", ""),
    ("role", "a\0b", "role has a NUL character", "take it out"),
    ("focus", ["a\0"], "focus has a NUL character", ""),
    ("env", {"A": "\0"}, "env has a NUL character", ""),
    ("resources", ["\0"], "resources has a NUL character", ""),
    ("context", "x" * 1_000_001, "context has 1,000,001 characters", "at most 1,000,000; put the rest in a file"),
    ("output", {"type": "no-such"}, "output is no JSON Schema", ""),
    ("output", {"minimum": "x"}, "at ['minimum']", ""),
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("field", "value", "why", "next_step"), WRONG_VALUES)
def test_a_value_that_cannot_be_is_named_with_its_place_and_what_to_do(
    form: Form, field: str, value: Any, why: str, next_step: str
) -> None:
    text, where = written(form, field, value)
    error = complaint(form, text)
    assert error.where == where
    assert why in error.why
    assert next_step in error.next_step


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("written_as", "meant"),
    [
        ("write", "writes"), ("read", "reads"), ("rol", "role"), ("prompt", "task"), ("cmd", "command"),
        ("depends_on", "after"), ("needs", "after"), ("title", "description"), ("Timeout", "timeout"),
        ("outputs", "writes"), ("inputs", "reads"), ("script", "shell"), ("premission", "permission"),
        ("estimat", "estimate"), ("resource", "resources"), ("setups", "setup"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_answered_with_the_nearest_one(form: Form, written_as: str, meant: str) -> None:
    text, where = written(form, written_as, "x")
    error = complaint(form, text)
    assert (error.where, error.why) == (where, f"unknown key {written_as!r}")
    assert error.next_step == f"did you mean {meant!r}?"


@pytest.mark.parametrize("form", FORMS)
def test_an_unknown_key_near_to_nothing_lists_the_known(form: Form) -> None:
    text, where = written(form, "qqqq", "x")
    error = complaint(form, text)
    assert error.where == where
    assert error.next_step.startswith("known: ")
    assert {"task", "command", "writes"} <= set(error.next_step.removeprefix("known: ").split(", "))
    assert "function" not in error.next_step


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "key",
    ["network", "allow_hosts", "settings", "home", "join"],
)  # fmt: skip
def test_a_key_of_a_later_version_says_so(form: Form, key: str) -> None:
    text, where = written(form, key, "x")
    error = complaint(form, text)
    assert (error.where, error.why, error.next_step) == (
        where, f"this version of forkjoin does not have {key!r} yet", "take it out",
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_python_function_is_for_python_callers(form: Form) -> None:
    text, where = written(form, "function", "m:f")
    error = complaint(form, text)
    assert error.where == where
    assert error.next_step == "use command: [...] in a file"


CONTRADICTIONS: tuple[tuple[str, Any, dict[str, Any], str], ...] = (
    ("command", ["ls"], {}, "the task says task and command"),
    ("shell", "ls", {}, "the task says task and shell"),
    ("writes", [], {"permission": "workspace-write"}, "writes: [] says it writes nothing, permission: workspace-write"),
    ("writes", [], {"permission": "full"}, "permission: full says it may"),
    ("writes", ["a"], {"permission": "read-only"}, "it names what it writes, and permission: read-only says it writes"),
    ("writes", ["a"], {"agent": "static"}, "the agent static only reads"),
    ("files", ["a"], {"reads": ["b"]}, "both reads and files are given"),
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("field", "value", "beside", "why"), CONTRADICTIONS)
def test_a_contradiction_points_at_the_field_that_is_too_much(
    form: Form, field: str, value: Any, beside: dict[str, Any], why: str
) -> None:
    text, where = written(form, field, value, **beside)
    error = complaint(form, text)
    assert error.where == where
    assert why in error.why
    assert error.next_step


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_contradiction_names_both_lines(form: Form) -> None:
    text, _ = written(form, "writes", [], permission="full")
    assert "(lines 2 and 4)" in complaint(form, text).why


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_wrong_item_of_a_list_is_counted(form: Form) -> None:
    text, where = written(form, "reads", ["a", 3])
    assert complaint(form, text).where == f"{where}[1]"


@pytest.mark.parametrize("form", FORMS)
def test_files_is_another_word_for_reads_and_is_named_as_it_was_written(form: Form) -> None:
    text, _ = written(form, "files", ["a/b"])
    assert read(form, text).tasks[0].reads == ("a/b",)
    text, where = written(form, "files", "a/b")
    assert complaint(form, text).where == where
    text, where = written(form, "files", ["../b"])
    assert complaint(form, text).where == where


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("said", "meant"), [("90s", 90.0), ("10m", 600.0), ("2h", 7200.0), ("500ms", 0.5), ("1d", 86400.0), (30, 30.0),
                        ("1.5h", 5400.0), ("45", 45.0)],
)  # fmt: skip
def test_durations_are_seconds_however_they_are_written(form: Form, said: Any, meant: float) -> None:
    for field in ("timeout", "idle_timeout", "estimate"):
        text, _ = written(form, field, said)
        assert getattr(read(form, text).tasks[0], field) == meant


@pytest.mark.parametrize("form", FORMS)
def test_an_idle_timeout_may_be_off_and_no_other(form: Form) -> None:
    text, _ = written(form, "idle_timeout", "off")
    assert read(form, text).tasks[0].idle_timeout is None
    text, where = written(form, "timeout", "off")
    assert complaint(form, text).where == where


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("id", "auth-2", "auth-2"),
        ("description", "Harden password hashing", "Harden password hashing"),
        ("role", "security engineer", "security engineer"),
        ("context", "docs/auth.md explains", "docs/auth.md explains"),
        ("reads", ["src/**"], ("src/**",)),
        ("reads", [], ()),
        ("writes", [], ()),
        ("writes", None, None),
        ("focus", ["hashing", "sessions"], ("hashing", "sessions")),
        ("output", "findings", "findings"),
        ("output", {"type": "object"}, {"type": "object"}),
        ("allow_no_change", True, True),
        ("after", ["a"], ("a",)),
        ("cpu", 2, 2.0),
        ("retries", 3, 3),
        ("memory", "2GiB", 2 * 1024**3),
        ("processes", 50, 50),
        ("disk", "1.5 GB", 1_500_000_000),
        ("permission", "read-only", "read-only"),
        ("isolation", "clone", "clone"),
        ("ok_exit", [0, 5], (0, 5)),
        ("carry", [".env"], (".env",)),
        ("resources", ["port:5432"], ("port:5432",)),
        ("env", {"A": "b"}, {"A": "b"}),
        ("cwd", "services/api", "services/api"),
        ("agent", "claude", "claude"),
    ],
)
def test_each_key_of_a_task_is_kept_as_it_was_said(form: Form, field: str, value: Any, kept: Any) -> None:
    text, _ = written(form, field, value)
    assert getattr(read(form, text).tasks[0], field) == kept


@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_said_has_the_defaults_of_the_design(form: Form) -> None:
    text, _ = written(form, "task", "do it")
    (task,) = read(form, text).tasks
    assert (task.output, task.retries, task.timeout, task.cpu, task.estimate) == ("text", 0, 3600.0, 0.0, None)
    assert (task.permission, task.isolation, task.idle_timeout, task.ok_exit) == (None, "auto", None, (0,))
    assert (task.reads, task.writes, task.after, task.resources, task.carry) == (None, None, (), (), ())
    assert (task.memory, task.processes, task.disk) == (None, 1000, None)
    assert task.reads_only is False


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_every_key_of_a_task_but_its_id_may_be_a_default_of_the_plan(form: Form) -> None:
    raw = {
        "agent": "claude", "role": "r", "files": ["a"], "writes": ["b"], "timeout": "2m", "cpu": 1, "env": {"A": "1"},
        "output": "none", "after": [], "tasks": [{"task": "x"}, {"task": "y", "role": "s", "timeout": 5, "reads": []}],
    }  # fmt: skip
    plan = read(form, json.dumps(raw))
    one, two = plan.tasks
    assert (one.role, one.reads, one.writes, one.timeout, one.cpu, one.output) == (
        "r",
        ("a",),
        ("b",),
        120.0,
        1.0,
        "none",
    )
    assert (two.role, two.reads, two.timeout) == ("s", (), 5.0)
    assert plan.agent == "claude"
    assert one.agent is None


@pytest.mark.parametrize(
    ("default", "value", "why"),
    [
        ("timeout", "soon", "'soon' is no duration"),
        ("writes", "a", "expected a list, got text"),
        ("writes", ["/a"], "is absolute"),
        ("isolation", "vm", "no isolation 'vm'"),
        ("output", {"type": 1}, "output is no JSON Schema"),
        ("files", "a", "expected a list, got text"),
    ],
)
def test_a_wrong_default_is_named_where_it_stands_not_at_the_task(default: str, value: Any, why: str) -> None:
    for form in ("yaml", "json"):
        text = json.dumps({"tasks": [{"task": "x"}], default: value}, indent=1)
        error = complaint(form, text)
        line = next(n for n, row in enumerate(text.split("\n"), 1) if row.startswith(f' "{default}"'))
        assert error.where.startswith(f"plan:{line}: ")
        assert "tasks" not in error.where
        assert why in error.why


@pytest.mark.parametrize("key", ["name", "goal", "policy", "max_parallel", "fail_fast"])
def test_a_key_of_the_plan_is_no_key_of_a_task(key: str) -> None:
    text, where = written("yaml", key, "x")
    error = complaint("yaml", text)
    assert error.where == where
    assert error.why == f"unknown key {key!r}"


@pytest.mark.parametrize(
    ("said", "where", "why"),
    [
        ({"name": 3}, "plan:2: name", "expected text, got a whole number"),
        ({"policy": "loose"}, "plan:2: policy", "no policy 'loose'"),
        ({"max_parallel": 0}, "plan:2: max_parallel", "max_parallel is less than 1"),
        ({"max_parallel": -3}, "plan:2: max_parallel", "max_parallel is less than 1"),
        ({"max_parallel": "all"}, "plan:2: max_parallel", "expected a whole number, got text"),
        ({"fail_fast": "no"}, "plan:2: fail_fast", "expected true or false, got text"),
        ({"id": "x"}, "plan:2: id", "an id belongs to one task"),
        ({"concurrency": 3}, "plan:2: concurrency", "unknown key 'concurrency'"),
        ({"jobs": 3}, "plan:2: jobs", "unknown key 'jobs'"),
    ],
)
def test_what_is_wrong_with_the_plan_itself_is_named(said: dict[str, Any], where: str, why: str) -> None:
    for form in ("yaml", "json"):
        error = complaint(form, json.dumps({**said, "tasks": [{"task": "x"}]}, indent=1))
        assert error.where == where
        assert why in error.why


def test_the_right_word_for_parallelism_is_named() -> None:
    for word in ("concurrency", "parallel", "jobs"):
        assert complaint("yaml", f"{word}: 3\ntasks: [{{task: x}}]\n").next_step == "did you mean 'max_parallel'?"


@pytest.mark.parametrize("rows", [None, 3, "a", {"a": 1}, True])
def test_tasks_that_are_no_list_are_refused(rows: Any) -> None:
    error = complaint("json", json.dumps({"tasks": rows}))
    assert error.where == "plan:1: tasks"
    assert "tasks is a list, this is" in error.why


@pytest.mark.parametrize(
    ("row", "kind"),
    [("x", "text"), (1, "a number"), (None, "nothing"), ([], "a list"), (True, "true or false"), (1.5, "a number")],
)
def test_a_task_that_is_no_mapping_is_refused_with_its_number(row: Any, kind: str) -> None:
    error = complaint("json", json.dumps({"tasks": [{"task": "x"}, row]}))
    assert (error.where, error.why) == ("plan:1: tasks[1]", f"a task is a mapping, this is {kind}")


def test_an_output_schema_deeper_than_the_limit_is_refused_before_it_is_read() -> None:
    def nested(depth: int) -> Any:
        return {"not": nested(depth - 1)} if depth else {}

    assert read("json", json.dumps({"tasks": [{"task": "x", "output": nested(31)}]})).tasks[0].output
    error = complaint("json", json.dumps({"tasks": [{"task": "x", "output": nested(33)}]}))
    assert error.where.startswith("plan:1: tasks[0].output")
    assert "nested deeper than 32" in error.why
