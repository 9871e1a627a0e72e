"""The reference of plan files, docs/plan.md, names what the model has: its keys, their defaults, an example of each."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from architecture.house import ROOT

from forkjoin.model import Plan, Task
from forkjoin.planning import keys, plan_from_text, viewing

PAGE = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (?:`(.*?)` )?\| `(.*?)` \| \S.* \|$", re.MULTILINE)


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[tuple[str, str, str]]:
    """Return key, default and example of each row of a section's table."""
    return [(key, default, example.replace("\\|", "|")) for key, default, example in ROW.findall(section(title))]


PLAN_ROWS, TASK_ROWS = rows("Keys of a plan"), rows("Keys of a task")


def defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    empty = kind()
    return {field.name: getattr(empty, field.name) for field in msgspec.structs.fields(kind)}


def spelt(default: Any) -> str:
    """Return a default as the page writes it; what is empty or None is not said."""
    if default in (None, "", (), {}):
        return ""
    return default if isinstance(default, str) else json.dumps(default).removesuffix(".0")


@pytest.mark.parametrize(("kind", "page", "absent"), [(Plan, PLAN_ROWS, set()), (Task, TASK_ROWS, {"function"})])
def test_every_key_is_named_once_with_the_default_it_has(kind, page, absent):
    assert len({key for key, _, _ in page}) == len(page)
    has = {name: spelt(default) for name, default in defaults(kind).items() if name not in absent}
    assert {key: default for key, default, _ in page} == has


@pytest.mark.parametrize(("key", "example"), [(key, example) for key, _, example in TASK_ROWS])
def test_every_example_of_a_task_key_is_read(key, example):
    work = "" if key in keys.WORK else '\n  shell: "true"'
    read = plan_from_text(f"tasks:\n- {example}{work}\n".encode(), where="example", form="yaml")
    assert getattr(read.tasks[0], key) == getattr(msgspec.convert(_value(example), Task), key)


@pytest.mark.parametrize(("key", "example"), [(key, example) for key, _, example in PLAN_ROWS])
def test_every_example_of_a_plan_key_is_read(key, example):
    tasks = "" if key == "tasks" else '\ntasks: [{shell: "true"}]'
    read = plan_from_text(f"{example}{tasks}\n".encode(), where="example", form="yaml")
    assert len(read.tasks) == (3 if key == "perspectives" else 1)  # names are tasks at once
    assert key in ("tasks", "perspectives") or getattr(read, key) != defaults(Plan)[key]


def test_the_keys_of_a_fan_out_are_named_with_an_example_that_is_read():
    named = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \| \S", section("Fan-outs"), re.MULTILINE))
    assert named.keys() == keys.EACH
    for key, example in named.items():
        rest = "" if key in ("dirs", "files") else '\n  dirs: "*"'
        text = f'each:\n  {example}{rest}\n  shell: "true"\n'
        (read,) = plan_from_text(text.encode(), where="example", form="yaml").each
        assert getattr(read, key)


def test_what_a_perspective_file_may_say_is_named():
    said = section("Perspectives").partition("holds defaults:")[2].partition("The body")[0]
    assert set(re.findall(r"`(\w+)`", said)) == viewing.KEYS


def test_what_is_to_come_is_named_and_refused():
    said = set(re.findall(r"`(\w+)`", section("Not in this version")))
    assert said == keys.LATER


def test_the_other_name_of_reads_is_told():
    assert keys.ALIASES == {"files": "reads"}
    assert "`files` is the same key" in section("Keys of a task")


def _value(example: str) -> dict[str, Any]:
    """Return what the example says, read by another reader than ours; durations stay as they were read."""
    import yaml

    value = yaml.safe_load(example)
    by_name = dict.fromkeys(keys.DURATIONS, lambda one: Task(timeout=one).timeout)
    by_name |= dict.fromkeys(keys.SIZES, lambda one: Task(memory=one).memory)
    return {name: by_name[name](one) if name in by_name else one for name, one in value.items()}
