"""Every shape of report is what its readers demand: the schema of SARIF, the rules of JUnit, those of Perfetto."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from synthesis.hostile import hostile, payloads
from synthesis.outside import junit_errors, sarif_errors, trace_errors
from synthesis.sample import a_report, claim, given, result

from forkjoin.agents.analysers import ANALYSERS
from forkjoin.model import Hold, Known, Narrowing, Span, TaskId, Timeline
from forkjoin.synthesis import report
from forkjoin.synthesis.renderers import Given, rendered
from forkjoin.testing import a_view

RECORDED = Path(__file__).parents[1] / "data" / "analysers"


def joined(*results: Any, **more: Any) -> Given:
    return Given(report=report(a_view(), results, **more), tree="/srv/shop", version="1.2")


def recorded() -> Given:
    """Return the report of every analyser of which a real output is recorded."""
    found = []
    for one in ANALYSERS.values():
        said, err = RECORDED / f"{one.name}.stdout", RECORDED / f"{one.name}.stderr"
        if said.exists() and one.name != "coverage":
            parsed = one.parse(said.read_bytes(), err.read_bytes() if err.exists() else b"", "/tmp/planted")
            found.append(result(one.name, *parsed.findings, agent=one.name))
    return joined(*found)


def narrowed(**changes: Any) -> Given:
    gone = (Known(fingerprint="f", path="a\x1b.py", rule="S1", title="gone"),)
    told = Narrowing(**{"since": "main", "outside": 3, "baseline": "base.json", "known": 2, "gone": gone} | changes)
    return given(report=replace(a_report(), narrowing=told, left_out=7))


def many() -> Given:
    severities = ("critical", "high", "medium", "low", "info")
    return joined(*(
        result(tool, *(claim(f"Thing {n}", severities[n % 5], f"src/{n % 700}.py", n % 90 + 1, rule=f"R{n % 40}")
                       for n in range(start, 10_000, 2)))
        for start, tool in enumerate(("ruff", "bandit"))
    ))  # fmt: skip


def odd() -> Given:
    names = (
        "a b#?.py",
        "a:b.py",
        "é%20.py",
        "two\nlines.py",
        "\x1b[31m.py",
        "-rf",
        "a\\b.py",
        "/etc/x",
        "http://h/x",
        "%zz",
    )
    claims = [claim(f"T{n}", "high", name, n, end_line=n + 1, rule="R S/1\n") for n, name in enumerate(names)]
    return joined(
        result("odd tool/é", *claims), result("b", *claims), result("c", state="failed", reason="\x1b no\n", value=b"")
    )


def nowhere() -> Given:
    return Given(report=a_report())


SHAPES: dict[str, Callable[[], Given]] = {
    "everything": given,
    "a run that goes on": lambda: given(now=0.0, timeline=None),
    "no task": lambda: joined(not_looked_at=["all: the folder holds no files"]),
    "zero findings": lambda: joined(result("ruff"), result("bandit")),
    "all failed": lambda: joined(result("ruff", state="failed", reason="no", value=b"")),
    "no findings asked for": lambda: joined(result("fix", output="text", answer="ok", files=2)),
    "every analyser": recorded,
    "since and baseline": narrowed,
    "since, nothing outside": lambda: narrowed(baseline="", outside=0, known=0, gone=()),
    "ten thousand": many,
    "odd names": odd,
    "nowhere": nowhere,
}


@cache
def shape(name: str) -> Given:
    return SHAPES[name]()


@pytest.mark.parametrize(
    ("name", "merged"), [*((name, False) for name in SHAPES), ("everything", True), ("odd names", True)]
)
def test_sarif_is_valid_by_the_official_schema(name: str, merged: bool) -> None:
    of = shape(name)
    log = json.loads(rendered(replace(of, merged=merged), "sarif"))
    assert sarif_errors(log) == []
    if merged:
        assert sum(len(run["results"]) for run in log["runs"]) == len(of.report.findings)


@pytest.mark.parametrize("name", SHAPES)
def test_junit_is_what_jenkins_accepts(name: str) -> None:
    assert junit_errors(rendered(shape(name), "junit")) == []


@pytest.mark.parametrize("name", SHAPES)
def test_a_trace_is_what_perfetto_takes(name: str) -> None:
    assert trace_errors(json.loads(rendered(shape(name), "trace"))) == []


def test_texts_of_strangers_change_nothing_of_that() -> None:
    for text in payloads()[::7]:
        of = hostile(text)
        assert sarif_errors(json.loads(rendered(of, "sarif"))) == []
        assert junit_errors(rendered(of, "junit")) == []
        assert trace_errors(json.loads(rendered(of, "trace"))) == []


def test_a_trace_of_attempts_holds_and_unended_tasks_nests() -> None:
    spans = tuple(
        Span(task=TaskId(f"t{n}"), ready=0.0, launched=n / 3, started=n / 3 + 1e-7, ended=None if n == 4 else n + 1 / 3)
        for n in range(5)
    )
    holds = tuple(Hold(cause="memory", started=n / 7, ended=n / 7 + 0.2) for n in range(9))
    line = Timeline(started=0.0, ended=None, spans=spans, holds=holds, slots=1)
    assert trace_errors(json.loads(rendered(given(timeline=line, now=9.0), "trace"))) == []


def test_who_looks_sees_what_is_wrong() -> None:
    (run,) = json.loads(rendered(shape("zero findings"), "sarif"))["runs"][:1]
    assert sarif_errors({"version": "2.1.0", "runs": [run | {"columnKind": "bytes"}]})
    assert sarif_errors({"version": "2.0.0", "runs": [run]})
    assert junit_errors(
        '<testsuite name="a" tests="2" failures="0" errors="0" time="1"><testcase name="x"/></testsuite>'
    )
    assert junit_errors('<testsuites skipped="1" time="1"/>') == ["<testsuites> has skipped"]
    slice_ = {"ph": "X", "name": "a", "pid": 1, "tid": 1, "ts": 0, "dur": 5}
    assert trace_errors({"traceEvents": [slice_, slice_ | {"ts": 3}]})
    assert trace_errors({"traceEvents": [slice_ | {"ts": "0"}]})
    assert trace_errors({"traceEvents": [slice_, slice_ | {"ph": "s", "id": 1, "ts": 9}]})
    assert trace_errors({"traceEvents": [slice_ | {"ph": "B"}]})
    assert trace_errors({"traceEvents": [slice_ | {"ph": "E"}]})
    assert trace_errors({"traceEvents": [slice_, slice_ | {"ts": 1, "dur": 2}, slice_ | {"ts": 5}]}) == []
