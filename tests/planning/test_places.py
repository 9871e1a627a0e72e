"""Where in a file a value stands, and which key was probably meant."""

from __future__ import annotations

import json

import pytest

from forkjoin.planning.json_door import json_source, json_value
from forkjoin.planning.keys import ALIASES, EACH, LATER, PLAN, TASK, complaint, in_plan, in_task, nearest
from forkjoin.planning.places import Path, Source, first_repeated, json_places, spoken
from forkjoin.planning.yaml_door import plain_scalar, yaml_places, yaml_source, yaml_value

JSON = """\
{
  "name": "x",
  "tasks": [
    {"id": "a", "env": {"A": "1",
      "B": "2"}},
    {
      "writes": ["p",
        "q"]
    }
  ],
  "last": [[1, 2], {"k": [3]}]
}
"""
YAML = """\
name: x
tasks:
  - id: a
    env:
      A: "1"
      B: "2"
  - writes:
      - p
      - q
last: [[1, 2],
  {k: [3]}]
"""
PLACES: tuple[tuple[Path, int, int], ...] = (
    (("name",), 2, 1),
    (("tasks",), 3, 2),
    (("tasks", 0), 4, 3),
    (("tasks", 0, "id"), 4, 3),
    (("tasks", 0, "env"), 4, 4),
    (("tasks", 0, "env", "B"), 5, 6),
    (("tasks", 1), 6, 7),
    (("tasks", 1, "writes"), 7, 7),
    (("tasks", 1, "writes", 0), 7, 8),
    (("tasks", 1, "writes", 1), 8, 9),
    (("last",), 11, 10),
    (("last", 0, 1), 11, 10),
    (("last", 1, "k", 0), 11, 11),
)


@pytest.mark.parametrize(("path", "in_json", "in_yaml"), PLACES)
def test_every_value_has_its_line(path: Path, in_json: int, in_yaml: int) -> None:
    assert json_source(JSON, "p").line(path) == in_json
    assert yaml_source(YAML, "p").line(path) == in_yaml


def test_json_and_yaml_give_the_places_in_one_order() -> None:
    assert [path for path, _ in json_places(JSON)] == [path for path, _ in yaml_places(YAML)]
    assert json_value(JSON, "p") == yaml_value(JSON, "p")
    assert [path for path, _ in yaml_places(JSON)] == [path for path, _ in json_places(JSON)]


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    for source, line in ((json_source(JSON, "p"), 4), (yaml_source(YAML, "p"), 3)):
        assert source.line(("tasks", 0, "nope")) == line
        assert source.line(("tasks", 0, "nope", 3)) == line
        assert source.line(("nope",)) == 0


def test_where_is_spoken_as_people_write_it() -> None:
    source = json_source(JSON, "plan.json")
    assert source.where(("tasks", 1, "writes", 1)) == "plan.json:8: tasks[1].writes[1]"
    assert source.where(("nope",)) == "plan.json: nope"
    assert source.where(()) == "plan.json"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", 0), "a[0]"),
        (("a", 0, "b"), "a[0].b"),
        ((0, "a"), "[0].a"),
        (("x" * 99,), "x" * 60),
    ],
)
def test_a_path_in_words(path: Path, said: str) -> None:
    assert spoken(path) == said


def test_a_file_that_cannot_be_walked_to_its_end_still_gives_what_came_before() -> None:
    def broken() -> object:
        yield ("a",), 3
        raise ValueError("torn")

    assert Source(name="p", places=broken).line(("a", "b")) == 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ('{"a":1,\n"a":2}', ("a",), 2),
        ('{"a":1,"b":{"c":1,\n\n"c":2}}', ("b", "c"), 3),
        ('[{"a":1},{"a":1},\n{"b":1,"b":2}]', (2, "b"), 2),
        ('{"\\u0061":1,\n"a":2}', ("a",), 2),
        ('{"a\\"b":1,\n"a\\"b":2}', ('a"b',), 2),
    ],
)
def test_a_repeated_key_is_found_with_its_line(text: str, path: Path, line: int) -> None:
    assert first_repeated(json_places(text)) == (path, line)


def test_keys_of_different_mappings_do_not_repeat() -> None:
    assert first_repeated(json_places('{"a":{"a":1},"b":[{"a":1},{"a":1}]}')) is None


def test_braces_and_colons_in_texts_are_no_structure() -> None:
    text = '{"a": "{[:,]}\\"",\n "b": 1}'
    assert list(json_places(text)) == [(("a",), 1), (("b",), 2)]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("true", True), ("False", False), ("TRUE", True),
        ("1", 1), ("-3", -3), ("+4", 4), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("-2.5E-1", -0.25), ("5.", 5.0),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("tRUE", "tRUE"), ("1_000", "1_000"),
        ("0x1F", "0x1F"), ("0o17", "0o17"), ("017", 17), (".inf", ".inf"), (".nan", ".nan"), ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"), ("-", "-"), (".", "."), ("1.2.3", "1.2.3"), ("1e9999", "1e9999"),
        ("9" * 18, int("9" * 18)), ("9" * 19, float("9" * 19)), ("=", "="), ("<<", "<<"),
    ],
)  # fmt: skip
def test_what_an_unquoted_word_of_yaml_means(scalar: str, value: object) -> None:
    assert plain_scalar(scalar) == value
    assert type(plain_scalar(scalar)) is type(value)


@pytest.mark.parametrize("text", ["'1'", '"true"', "'null'", '"~"', "'1.5'", "''"])
def test_a_quoted_word_of_yaml_is_text(text: str) -> None:
    assert yaml_value(f"a: {text}", "p") == {"a": text[1:-1]}


def test_yaml_and_json_of_one_value_are_one_value() -> None:
    value = {"a": [1, 2.5, True, None, "x\u2028y", {"b": []}], "c": {}, "d": "\u00e9\t\n\"'"}
    assert yaml_value(json.dumps(value), "p") == json_value(json.dumps(value), "p") == value


def test_an_empty_document_is_nothing() -> None:
    for text in ("", "\n\n", "# only a comment\n", "---\n"):
        assert yaml_value(text, "p") is None


@pytest.mark.parametrize(
    ("word", "meant"),
    [("taks", "tasks"), ("TASKS", "tasks"), ("agnet", "agent"), ("polcy", "policy"), ("goals", "goal"), ("zzz", None)],
)
def test_the_nearest_word_is_found_or_none(word: str, meant: str | None) -> None:
    assert nearest(word, sorted(PLAN)) == meant


def test_a_word_of_another_tool_is_no_answer_where_its_meaning_is_not_allowed() -> None:
    assert nearest("needs", ["name", "goal"]) is None
    assert nearest("needs", ["after"]) == "after"
    assert nearest("needs", ["after"], {}) is None


def test_a_hostile_key_is_shown_cut() -> None:
    why, next_step = complaint("x" * 100_000, TASK)
    assert len(why) < 100
    assert next_step.startswith("known: ")


def test_the_keys_of_plan_and_task_are_those_of_the_design() -> None:
    assert {
        "name",
        "goal",
        "agent",
        "policy",
        "max_parallel",
        "fail_fast",
        "gate",
        "limits",
        "budget",
        "tasks",
        "each",
        "perspectives",
    } == PLAN
    assert {"dirs", "files", "at_most"} == EACH
    assert {
        "id", "description", "role", "perspective", "task", "command", "shell", "context", "reads", "writes", "focus",
        "alternative",
        "output", "allow_no_change", "after", "estimate", "timeout", "idle_timeout", "cpu", "retries", "permission",
        "isolation", "memory", "processes", "disk", "ok_exit", "carry", "resources", "env", "pass_env", "cwd", "agent",
        "model", "effort", "max_turns", "budget", "setup", "setup_once", "sparse", "keep_ignored", "lfs",
    } == TASK  # fmt: skip
    assert not TASK & LATER
    assert not PLAN & LATER
    assert set(ALIASES.values()) <= TASK


@pytest.mark.parametrize(
    ("key", "of_task", "of_plan"),
    [("task", True, True), ("id", True, False), ("files", True, True), ("name", False, True),
     ("function", False, False), ("tasks", False, True), ("agent", True, True), ("setup", True, True)],
)  # fmt: skip
def test_where_a_key_may_stand(key: str, of_task: bool, of_plan: bool) -> None:
    assert (in_task(key), in_plan(key)) == (of_task, of_plan)
