from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace
from synthesis.sample import a_report, claim, given, result

from forkjoin.model import Finding, Source, TaskId
from forkjoin.synthesis import report
from forkjoin.synthesis.fingerprint import fingerprints
from forkjoin.synthesis.renderers import Given, rendered
from forkjoin.synthesis.sarif_in import from_sarif
from forkjoin.testing import a_view

SCHEMA = Path(__file__).parents[1] / "data" / "sarif" / "sarif-schema-2.1.0.json"


@cache
def validator() -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator(
        json.loads(SCHEMA.read_text(encoding="utf-8")), format_checker=jsonschema.FormatChecker()
    )


def log(the: Given) -> dict[str, Any]:
    made = json.loads(rendered(the, "sarif"))
    assert [f"{error.json_path}: {error.message}" for error in validator().iter_errors(made)] == []
    return made


def made(*claims: Any, **changes: Any) -> Given:
    return Given(report=report(a_view(), [result("ruff", *claims, **changes)]), tree="/srv/shop")


@pytest.mark.parametrize("merged", [False, True])
def test_the_log_is_valid_by_the_official_schema(merged):
    assert log(given(merged=merged))["version"] == "2.1.0"


def test_each_tool_is_a_run_and_one_that_failed_says_so():
    runs = log(given())["runs"]
    by_tool = {run["tool"]["driver"]["name"]: run for run in runs}
    assert sorted(by_tool) == ["bandit", "claude", "codex", "docs", "opencode", "ruff", "vulture"]
    assert len({run["automationDetails"]["id"] for run in runs}) == len(runs)
    (ended,) = by_tool["vulture"]["invocations"]
    assert (ended["executionSuccessful"], by_tool["vulture"]["results"]) == (False, [])
    assert "exit code 2" in ended["exitCodeDescription"]
    assert by_tool["bandit"]["invocations"] == [{"executionSuccessful": True}]


def test_merged_is_one_run_with_each_finding_once_and_all_its_agents():
    (run,) = log(given(merged=True))["runs"]
    assert len(run["results"]) == len(a_report().findings)
    assert ["bandit", "ruff"] in [result["properties"]["agents"] for result in run["results"]]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["properties"]["notLookedAt"]


def test_no_witness_is_lost_over_the_runs():
    results = [result for run in log(given())["runs"] for result in run["results"]]
    assert len(results) == sum(len({s.agent.split("-")[0] for s in f.sources}) for f in a_report().findings)


def test_levels_and_scores_are_as_code_scanning_reads_them():
    claims = [claim("T", severity, "a.py", 10 * n + 10, rule=f"X{n:03}")
              for n, severity in enumerate(("critical", "high", "medium", "low", "info"))]  # fmt: skip
    (run,) = log(made(*claims))["runs"]
    assert [result["level"] for result in sorted(run["results"], key=lambda r: r["ruleId"])] == [
        "error", "error", "warning", "note", "note",
    ]  # fmt: skip
    scores = [float(rule["properties"]["security-severity"]) for rule in run["tool"]["driver"]["rules"]]
    assert scores[0] >= 9.0 > scores[1] >= 7.0 > scores[2] >= 4.0 > scores[3] > 0.0
    (other,) = log(made(claim("T", "high", "a.py", 1, perspective="correctness")))["runs"]
    assert "security-severity" not in other["tool"]["driver"]["rules"][0]["properties"]


@pytest.mark.parametrize(
    ("path", "artifact"),
    [
        ("a/b c.py", {"uri": "a/b%20c.py", "uriBaseId": "%SRCROOT%"}),
        ("a:b?#%.py", {"uri": "a%3Ab%3F%23%25.py", "uriBaseId": "%SRCROOT%"}),
        ("é.py", {"uri": "%C3%A9.py", "uriBaseId": "%SRCROOT%"}),
        ("/etc/x y", {"uri": "file:///etc/x%20y"}),
    ],
)
def test_paths_are_relative_uris_with_a_base(path, artifact):
    (run,) = log(made(claim("T", "low", path, 3)))["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == artifact
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == "file:///srv/shop/"


def test_without_a_tree_no_place_of_the_machine_is_named():
    (run,) = log(Given(report=made(claim("T", "low", "a.py", 3)).report))["runs"]
    assert "uri" not in run["originalUriBaseIds"]["%SRCROOT%"]


def test_what_is_written_reads_back_as_what_was_claimed():
    claims = [
        claim("One thing", "critical", "a b/é.py", 3, end_line=5, rule="X001", evidence="x = 1", remedy="Do it."),
        claim("Other", "info", "", 0, rule="", message="More words\nover lines"),
    ]
    back = from_sarif(log(made(*claims)))
    read = sorted(((c.title, c.severity, c.path, c.line, c.end_line, c.evidence, c.remedy) for _, c in back), key=repr)
    assert read == sorted(
        ((c.title, c.severity, c.path, c.line, c.end_line, c.evidence, c.remedy) for c in claims), key=repr
    )
    assert {tool for tool, _ in back} == {"ruff"}


def finding(line: int, title: str = "Weak hash md5", path: str = "a.py", rule: str = "S324", id_: str = "") -> Finding:
    sources = (Source(task=TaskId("t"), agent="ruff", rule=rule),)
    return Finding(id=id_ or f"F{line}", title=title, severity="low", path=path, line=line, rule=rule, sources=sources)


def test_a_fingerprint_stays_when_lines_move_and_differs_between_the_like():
    here, moved = [finding(3), finding(9)], [finding(53), finding(59)]
    assert list(fingerprints(here).values()) == list(fingerprints(moved).values())
    assert len(set(fingerprints(here).values())) == 2
    assert fingerprints(here[::-1]) == fingerprints(here)


@pytest.mark.parametrize("other", [finding(3, path="b.py"), finding(3, rule="S105")])
def test_a_fingerprint_changes_with_the_file_and_the_rule(other):
    assert list(fingerprints([other]).values()) != list(fingerprints([finding(3)]).values())


def test_a_fingerprint_of_a_known_rule_does_not_hang_on_its_words_nor_on_numbers():
    assert list(fingerprints([finding(3, "Other words")]).values()) == list(fingerprints([finding(3)]).values())
    plain = [replace(finding(3, f"Function is too complex ({n})", rule=""), sources=()) for n in (17, 18)]
    assert list(fingerprints(plain[:1]).values()) == list(fingerprints(plain[1:]).values())


def test_a_new_finding_above_changes_no_fingerprint_of_another_kind():
    before = fingerprints([finding(9)])
    after = fingerprints([finding(2, rule="S105", id_="Fnew"), finding(9)])
    assert after["F9"] == before["F9"]
