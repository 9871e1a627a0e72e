"""JUnit, GitHub annotations and step summary, Chrome trace."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from accounting.test_lost import TIMES, timelines
from hypothesis import given as given_
from hypothesis import settings
from msgspec.structs import replace
from synthesis.chrometrace import complaints
from synthesis.sample import BEGAN, a_report, a_timeline, claim, given, result

from forkjoin.model import Hold, Span, TaskId, Timeline
from forkjoin.synthesis import report
from forkjoin.synthesis.renderers import Given, rendered
from forkjoin.synthesis.renderers.phases import phases
from forkjoin.testing import a_view

WORDS = " ".join(f"é{n}é" for n in range(300))
EVIL = "a%0Ab\r\n::error::x,y:z ]]>\x00\x1b[31m\ufffe\ud800 \"'<&>"


def made(*claims, **changes) -> Given:
    return Given(report=report(a_view(), [result("ruff", *claims, **changes)]))


def test_junit_has_a_case_for_each_task_and_finding_and_true_numbers():
    root = ET.fromstring(rendered(given(), "junit"))
    tasks, findings = root.findall("testsuite")
    assert (tasks.get("tests"), tasks.get("errors"), tasks.get("skipped")) == ("9", "2", "1")
    assert len(tasks.findall("testcase")) == 9
    assert [case.get("name") for case in tasks.findall("testcase") if case.find("error") is not None] == [
        "search-review: Review the search service", "vulture: Dead code",
    ]  # fmt: skip
    found = a_report().findings
    assert findings.get("failures") == str(len(found)) == str(len(findings.findall("testcase/failure")))
    assert root.get("tests") == str(9 + len(found))
    worst = findings.find("testcase")
    assert worst.get("classname") == "services/mail/send.py"
    assert worst.find("failure").text.startswith("services/mail/send.py:42\n")
    assert "Remedy: Remove shell=True." in worst.find("failure").text


def test_an_info_finding_fails_no_build():
    suite = ET.fromstring(rendered(made(claim("Note", "info", "a.py", 1)), "junit")).findall("testsuite")[1]
    assert suite.get("failures") == "0"
    assert suite.find("testcase/system-out") is not None


def test_names_of_cases_are_all_different():
    claims = [claim("Same", "low", "a.py", 10 * n, rule="X001") for n in range(1, 6)]
    names = [case.get("name") for case in ET.fromstring(rendered(made(*claims), "junit")).iter("testcase")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("field", ["title", "message", "evidence", "remedy", "rule", "path"])
def test_junit_is_xml_whatever_stands_in_a_field(field):
    given = made(claim("T", "low", "a.py", 1, message="m"), answer=EVIL, state="failed", reason=EVIL)
    (one,) = given.report.findings
    hostile = replace(given.report, findings=(replace(one, **{field: EVIL}),), name=EVIL)
    root = ET.fromstring(rendered(Given(report=hostile), "junit"))
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "properties", "property",
    }  # fmt: skip


def test_annotations_are_at_most_ten_of_a_level_and_the_rest_is_counted():
    levels = {"critical": 4, "high": 9, "medium": 12, "low": 2, "info": 11}
    claims = [claim(f"Thing {severity} {n}", severity, f"{severity}.py", 20 * n + 1)
              for severity, count in levels.items() for n in range(count)]  # fmt: skip
    lines = rendered(made(*claims), "github").split("\n")
    commands = [line for line in lines if line.startswith("::")]
    assert [sum(line.startswith(f"::{level} ") for line in commands) for level in ("error", "warning", "notice")] == [
        10
    ] * 3
    assert "8 more findings in the report: a step shows 10 of each level." in lines
    assert lines[-2].startswith("Looked at: ")


def test_an_annotation_names_file_lines_and_title():
    text = rendered(
        made(claim("Weak, very: so", "high", "a,b:c%.py", 3, end_line=5, message="m\nn", remedy="r")), "github"
    )
    assert text.split("\n")[0].startswith(
        "::error file=a%2Cb%3Ac%25.py,line=3,endLine=5,title=Weak%2C very%3A so::high: m%0An%0ARemedy: r%0A(ruff) [F"
    )


def test_no_text_becomes_a_command_of_its_own():
    evil = EVIL.replace("\ud800", "")
    given = made(claim(evil, "high", evil, 1, message=evil), agent=evil, state="failed", reason="\n::set-env::")
    lines = rendered(given, "github").split("\n")
    assert [line for line in lines if line.startswith("::")] == [lines[0]]
    assert all("::" not in line for line in lines[1:])


def test_a_step_summary_fits_into_a_mebibyte():
    claims = [claim(f"Thing {n} " + "é" * 200, "high", f"{n}.py", n + 1, message=WORDS, rule=f"R{n}")
              for n in range(900)]  # fmt: skip
    text = rendered(made(*claims), "github-summary", most=10**9)
    assert len(text.encode()) <= 2**20
    assert text.startswith("# ")
    assert "more findings, none worse" in text
    huge = made(answer="x", description="d")
    assert rendered(huge, "github-summary").startswith("# ")


def trace(**changes) -> list[dict]:
    return json.loads(rendered(given(**changes), "trace"))["traceEvents"]


def test_a_trace_has_a_named_track_for_each_task_and_slices_that_do_not_overlap():
    events = trace()
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert list(names.values()) == [span.task for span in a_timeline().spans]
    for tid in names:
        slices = [event for event in events if event["ph"] == "X" and event["tid"] == tid]
        assert all(one["ts"] + one["dur"] <= other["ts"] for one, other in pairwise(slices))
        assert all(event["dur"] >= 0 and event["ts"] >= 0 for event in slices)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given_(timelines(), TIMES)
def test_a_trace_keeps_the_rules_of_its_format_whatever_the_clocks_said(timeline, now):
    assert complaints(rendered(given(timeline=timeline, now=now), "trace")) == []


def test_the_sample_keeps_the_rules_of_the_format():
    assert complaints(rendered(given(), "trace")) == []


def test_waits_are_slices_with_their_cause():
    tracks = {event["args"]["name"]: event["tid"] for event in trace() if event["name"] == "thread_name"}
    said = {name: [event["name"] for event in trace() if event["ph"] == "X" and event["tid"] == tid]
            for name, tid in tracks.items()}  # fmt: skip
    assert said["harden-auth"] == [
        "waiting: conflict", "set-up", "Replace weak hashes", "recording", "waiting: retry", "set-up",
        "Replace weak hashes (attempt 2)", "recording",
    ]  # fmt: skip
    assert said["rename-auth"][:4] == ["waiting: cap", "waiting: memory", "waiting: cap", "set-up"]
    assert said["docs"] == []
    conflict = next(event for event in trace() if event["name"] == "waiting: conflict")
    assert conflict["args"]["detail"] == "waited for auth-review (services/auth/hashing.py)"


def test_arrows_and_the_counter_of_running_tasks_add_up():
    events = trace()
    assert [event["ph"] for event in events if event.get("cat") == "order"] == ["s", "f"]
    counts = [event["args"]["tasks"] for event in events if event["ph"] == "C"]
    assert (counts[0], counts[-1], max(counts)) == (0, 0, 3)
    assert min(counts) >= 0


def test_a_run_that_goes_on_is_drawn_up_to_now():
    spans = (
        Span(task=TaskId("a"), ready=BEGAN, launched=BEGAN, started=BEGAN + 1, ended=None),
        Span(task=TaskId("b"), ready=BEGAN, started=None, ended=None),
    )
    line = Timeline(started=BEGAN, ended=None, spans=spans, holds=(Hold(cause="disk", started=BEGAN + 2),), slots=1)
    found = phases(line, now=BEGAN + 9)
    assert [(p.kind, p.cause, p.ended - BEGAN) for p in found[TaskId("a")]] == [
        ("set-up", "set-up", 1.0),
        ("running", None, 9.0),
    ]
    assert [(p.cause, p.ended - BEGAN) for p in found[TaskId("b")]] == [("cap", 2.0), ("disk", 9.0)]


def test_a_task_that_stood_still_or_waited_for_its_provider_did_not_run_then():
    halts = (Hold(cause="overlap", started=BEGAN + 4, detail="paused until b has ended"),)
    limits = (Hold(cause="provider limit", started=BEGAN + 1, ended=BEGAN + 2, detail="for acme"),)
    span = Span(task=TaskId("a"), ready=BEGAN, started=BEGAN, ended=BEGAN + 6, halts=halts, limits=limits)
    found = phases(Timeline(started=BEGAN, ended=BEGAN + 7, spans=(span,)), now=BEGAN + 9)
    assert [(p.kind, p.cause, p.ended - BEGAN) for p in found[TaskId("a")]] == [
        ("running", None, 1.0), ("waiting", "provider limit", 2.0), ("running", None, 4.0), ("waiting", "overlap", 6.0),
    ]  # fmt: skip


def test_a_report_without_a_timeline_is_an_empty_trace():
    assert [event["name"] for event in trace(timeline=None)] == ["process_name"]
