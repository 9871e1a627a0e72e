from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from forkjoin.model import Claimed, Task, TaskId, to_json
from forkjoin.synthesis import TaskResult, report
from forkjoin.synthesis.merge import merged
from forkjoin.synthesis.sarif_in import from_sarif, is_sarif
from forkjoin.synthesis.witness import Witness
from forkjoin.testing import a_view


def log(*results: dict[str, Any], rules: list[dict[str, Any]] | None = None, **run: Any) -> dict[str, Any]:
    driver = {"name": "Some Tool", "rules": rules or []}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": list(results), **run}]}


def result(**given: Any) -> dict[str, Any]:
    at = {"physicalLocation": {"artifactLocation": {"uri": "src/a.py"}, "region": {"startLine": 3, "endLine": 5}}}
    return {"ruleId": "R1", "message": {"text": "It leaks."}, "locations": [at]} | given


def one(*given: Any, **run: Any) -> Claimed:
    ((_, claim),) = from_sarif(log(*given, **run))
    return claim


def test_a_result_is_a_claim_of_its_tool():
    assert from_sarif(log(result())) == (
        ("some-tool", Claimed(title="It leaks.", path="src/a.py", line=3, end_line=5, rule="R1")),
    )


@pytest.mark.parametrize(
    ("given", "rule", "severity"),
    [
        ({"level": "error"}, {}, "high"),
        ({"level": "warning"}, {}, "medium"),
        ({"level": "note"}, {}, "low"),
        ({"level": "none"}, {}, "info"),
        ({}, {}, "medium"),
        ({}, {"defaultConfiguration": {"level": "error"}}, "high"),
        ({"kind": "informational"}, {}, "info"),
        ({"level": "note"}, {"properties": {"security-severity": "9.8"}}, "critical"),
        ({"level": "note"}, {"properties": {"security-severity": 7.0}}, "high"),
        ({}, {"properties": {"security-severity": "4.1"}}, "medium"),
        ({}, {"properties": {"security-severity": "0.1"}}, "low"),
        ({"level": "error"}, {"properties": {"security-severity": "soon"}}, "high"),
        ({"level": "error", "properties": {"severity": "critical"}}, {}, "critical"),
    ],
)
def test_severities_are_read_as_code_scanning_reads_them(given, rule, severity):
    assert one(result(**given), rules=[{"id": "R1"} | rule]).severity == severity


def test_rules_are_found_by_index_reference_and_hierarchy():
    rules = [{"id": "R0"}, {"id": "R1", "properties": {"precision": "very-high"}}]
    for given in ({"ruleId": "R1"}, {"ruleId": "R1/sub"}, {"ruleId": "other", "ruleIndex": 1}, {"rule": {"index": 1}}):
        claim = one({k: v for k, v in result().items() if k != "ruleId"} | given, rules=rules)
        assert claim.confidence == "high"
    extension = {"name": "more", "rules": [{"id": "X9", "defaultConfiguration": {"level": "error"}}]}
    run = log(result(ruleId="X9", rule={"index": 0, "toolComponent": {"index": 0}}))
    run["runs"][0]["tool"]["extensions"] = [extension]
    assert from_sarif(run)[0][1].severity == "high"


def test_messages_of_rules_take_their_arguments():
    rules = [{"id": "R1", "messageStrings": {"m": {"text": "'{0}' is {1} {9}"}}}]
    assert one(result(message={"id": "m", "arguments": ["x", "bad"]}), rules=rules).title == "'x' is bad {9}"


def test_the_first_line_is_the_title_and_fixes_are_the_remedy():
    claim = one(result(message={"text": "Short.\nLong."}, fixes=[{"description": {"text": "Do so."}}]))
    assert (claim.title, claim.message, claim.remedy) == ("Short.", "Short.\nLong.", "Do so.")


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "pass"}, {"kind": "notApplicable"}, {"baselineState": "absent"},
        {"suppressions": [{"kind": "inSource"}]}, {"suppressions": [{"kind": "external", "status": "accepted"}]},
    ],
)  # fmt: skip
def test_what_is_no_failure_or_was_suppressed_is_no_claim(given):
    assert from_sarif(log(result(**given))) == ()


@pytest.mark.parametrize("status", ["rejected", "underReview"])
def test_a_suppression_that_was_not_accepted_suppresses_nothing(status):
    assert one(result(suppressions=[{"kind": "external", "status": status}])).title == "It leaks."


@pytest.mark.parametrize(
    ("artifact", "bases", "path"),
    [
        ({"uri": "a%20b.py"}, None, "a b.py"),
        ({"uri": "a.py", "uriBaseId": "%SRCROOT%"}, {"%SRCROOT%": {"uri": "file:///x/"}}, "a.py"),
        ({"uri": "a.py", "uriBaseId": "P"}, {"P": {"uri": "sub/", "uriBaseId": "R"}, "R": {}}, "sub/a.py"),
        ({"uri": "a.py", "uriBaseId": "P"}, {"P": {"uri": "p/", "uriBaseId": "P"}}, "p/p/p/p/p/p/p/p/a.py"),
        ({"uri": "file:///x/a%C3%A9.py"}, None, "/x/aé.py"),
        ({"uri": "https://example.org/a"}, None, "https://example.org/a"),
    ],
)  # fmt: skip
def test_places_come_out_as_paths(artifact, bases, path):
    at = [{"physicalLocation": {"artifactLocation": artifact}}]
    assert one(result(locations=at), originalUriBaseIds=bases).path == path


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"version": "1.0.0", "runs": []}, "version"),
        ({"version": "2.1.0", "runs": [7]}, r"runs\[0\]"),
        ({"version": "2.1.0", "runs": [{"results": []}]}, r"runs\[0\].tool"),
        (log() | {"runs": [log()["runs"][0] | {"results": None}]}, r"runs\[0\].results"),
        (log() | {"runs": [log()["runs"][0] | {"results": {"a": 1}}]}, r"runs\[0\].results"),
        (log(invocations=[{"executionSuccessful": False}]), r"runs\[0\].invocations\[0\]"),
        (log("x"), r"runs\[0\].results\[0\]"),
        (log({"message": {"text": "  "}}), r"runs\[0\].results\[0\].message"),
    ],
)  # fmt: skip
def test_a_log_that_cannot_be_read_is_an_error_that_names_the_place(given, place):
    with pytest.raises(ValueError, match=f"^{place}: "):
        from_sarif(given)


def test_a_run_that_looked_and_found_nothing_is_no_findings():
    assert from_sarif(log()) == ()
    assert from_sarif(log(invocations=[{"executionSuccessful": True}])) == ()


def test_a_log_is_known_by_what_it_says_of_itself():
    assert is_sarif(log())
    assert is_sarif({"runs": [], "$schema": "https://example.org/sarif-2.1.0.json"})
    assert not is_sarif({"runs": []})
    assert not is_sarif({"findings": []})
    assert not is_sarif([log()])


@pytest.mark.parametrize("channel", ["value", "said"])
def test_a_task_may_answer_in_sarif_and_its_tool_is_the_witness(channel):
    bandit = log(result(ruleId="B602", message={"text": "subprocess call with shell=True identified"}))
    bandit["runs"][0]["tool"]["driver"]["name"] = "Bandit"
    said = json.dumps(bandit)
    task = Task(id=TaskId("scan"), task="x", output="findings")
    given = {"value": said.encode()} if channel == "value" else {"said": said, "answer": said}
    ruff = Claimed(title="`subprocess` call with `shell=True`", path="src/a.py", line=3, rule="S602")
    other = TaskResult(
        task=Task(id=TaskId("ruff"), task="x", output="findings"), state="completed", agent="ruff-security",
        value=to_json({"findings": [ruff]}),
    )  # fmt: skip
    made = report(a_view(), [TaskResult(task=task, state="completed", agent="command", **given), other])
    (finding,) = made.findings
    assert [(source.agent, source.form) for source in finding.sources] == [
        ("bandit", "sarif"),
        ("ruff-security", "schema"),
    ]


def test_hostile_logs_are_read_or_refused_and_nothing_else():
    junk: list[Any] = [None, True, 7, "x", [], {}, [None], {"uri": 7}, {"text": 7}, {"id": []}]
    for name in ("ruleId", "ruleIndex", "rule", "message", "locations", "level", "kind", "suppressions", "fixes",
                 "properties", "baselineState"):  # fmt: skip
        for value in junk:
            with suppress(ValueError):
                found = from_sarif(log(result(**{name: value}), rules=[{"id": "R1", "properties": value}]))
                assert all(isinstance(claim, Claimed) for _, claim in found)


def test_a_report_that_is_taken_in_again_says_nothing_new():
    """What bandit and ruff say of one place, and what their own SARIF said of it before, is one finding."""
    said = {"title": "Use of exec detected", "path": "a.py", "line": 3}
    own = [
        Witness(task="bandit", agent="bandit", claimed=Claimed(rule="B102", message="Use of exec detected.", **said)),
        Witness(
            task="ruff",
            agent="ruff-security",
            claimed=Claimed(rule="S102", **{**said, "title": "Use of `exec` detected"}),
        ),
    ]
    again = [
        Witness(task="sarif", agent="bandit", form="sarif",
                claimed=Claimed(rule="B102", message="Use of exec detected\nUse of exec detected.", **said)),
        Witness(task="sarif", agent="ruff", form="sarif",
                claimed=Claimed(rule="S102", **{**said, "title": "Use of `exec` detected"})),
    ]  # fmt: skip
    assert len(merged([*own, *again])) == 1
