"""docs/reference is made from the code; a page that is stale turns this red."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from architecture.house import ROOT

FOLDER = ROOT / "docs" / "reference"
HOW = "stale: run .venv/bin/python docs/reference/make.py"


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_make", FOLDER / "make.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_plan_fields_and_exit_codes_are_as_the_code_says(make: ModuleType) -> None:
    assert page("plan-fields.md") == make.plan_fields(), HOW
    assert page("exit-codes.md") == make.exit_codes(), HOW


def test_every_page_is_made_and_nothing_else_lies_there(make: ModuleType) -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == {"plan-fields.md", "exit-codes.md", "json.md"}
    assert all(make.MADE in page(path.name) for path in FOLDER.glob("*.md"))


@pytest.mark.slow
def test_the_json_shapes_are_what_the_verbs_print(make: ModuleType) -> None:
    """Keys are compared: of what a run of a moment shows, values (which delay had a cause) differ from run to run."""
    said = {
        command: json.loads(text)
        for command, text in re.findall(r"## `forkjoin (.*?) --json`\n\n```json\n(.*?)\n```", page("json.md"), re.S)
    }
    printed = {command: make.shape(value) for command, value in make.answers()}
    assert said.keys() == printed.keys(), HOW
    for command, value in printed.items():
        assert value.keys() == said[command].keys(), (command, HOW)
        missing = set(inner(value)) - set(inner(said[command]))
        assert not missing, (command, sorted(missing), HOW)


def inner(value: Any, at: str = "") -> Iterator[str]:
    """Yield the path of each key of a shape."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield f"{at}.{key}"
            yield from inner(one, f"{at}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from inner(one, f"{at}[]")


def test_a_stale_page_is_said(make: ModuleType, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(make, "HERE", tmp_path)
    monkeypatch.setattr(make, "pages", lambda: {"a.md": "now\n"})
    monkeypatch.setattr(make.sys, "argv", ["make.py", "--check"])
    assert (make.main(), capsys.readouterr().out) == (1, "stale: a.md\n")
    monkeypatch.setattr(make.sys, "argv", ["make.py"])
    assert make.main() == 0
    assert (tmp_path / "a.md").read_text() == "now\n"
