"""Names of files hide nothing in a report for people, and are kept to the letter in those for programs."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
from msgspec.structs import replace
from synthesis.sample import claim, result

from forkjoin.model import Clash, Edge, Report, Span, TaskId, Timeline
from forkjoin.model.text import clean, spelled
from forkjoin.synthesis import report, summary_lines
from forkjoin.synthesis.renderers import RENDERERS, Given, rendered
from forkjoin.testing import a_view

NAMES = (
    "src/a\x1b[31mred.py", "a\x07bell.py", "two\nlines.py", "a\ttab.py", "c1\x9b2Jx.py", "gpj\u202etxt.exe",
    "\x1b]0;title\x07.py", "nul\x00.py", "bom\ufeff.py", "a b/é漢.py", "-rf.py", "%41\\x1b.py",
)  # fmt: skip
FOR_PROGRAMS = ("json", "sarif", "trace")


def about(name: str) -> Report:
    claims = [claim(f"Thing {n}", "high", name, 10 * n + 3, rule="X001", evidence="x = 1") for n in range(5)]
    made = report(a_view(), [result("ruff", *claims)], not_looked_at=["x"])
    clash = Clash(path=name, tasks=(TaskId("a"), TaskId("b")))
    return replace(made, clashes=(clash,), overlaps=(f"{spelled(name)} was changed by a and b",))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", [form for form in RENDERERS if form not in FOR_PROGRAMS])
def test_people_see_every_character(name: str, form: str) -> None:
    text = rendered(Given(report=about(name)), form)
    assert text.replace("\u200b", "") == clean(text)
    seen = text.replace("\\[", "[").replace("\\]", "]").replace("%25", "%").replace("&#x27;", "'")
    assert spelled(name) in seen


@pytest.mark.parametrize("name", NAMES)
def test_the_end_of_a_run_shows_it_too(name: str) -> None:
    lines = summary_lines(about(name), width=120)
    assert any(spelled(name) in line for line in lines)
    assert all(line == clean(line) for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_programs_get_it_to_the_letter(name: str) -> None:
    given = Given(report=about(name))
    said: dict[str, Any] = json.loads(rendered(given, "json"))
    assert {finding["path"] for finding in said["findings"]} == {name}
    assert said["clashes"][0]["path"] == name
    (run,) = json.loads(rendered(given, "sarif"))["runs"]
    uris = {place["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"] for place in r["locations"]}
    assert {unquote(uri) for uri in uris} == {name}


def test_what_a_task_waited_for_is_named_so_too() -> None:
    edge = Edge(first=TaskId("a"), then=TaskId("b"), kind="write-write", paths=("a\x1b[2J.py",))
    spans = (
        Span(task=TaskId("a"), ready=0.0, started=0.0, ended=5.0),
        Span(task=TaskId("b"), ready=5.0, started=5.0, ended=6.0, edges=(edge,)),
    )
    line = Timeline(started=0.0, ended=6.0, spans=spans, slots=1)
    said = json.loads(rendered(Given(report=about("a.py"), timeline=line), "trace"))["traceEvents"]
    details = [event["args"].get("detail") for event in said if event["ph"] == "X"]
    assert "waited for a (a\\x1b[2J.py)" in details
