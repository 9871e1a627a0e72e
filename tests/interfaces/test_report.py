"""`forkjoin report`: every format, into a file or out, with what a run really left."""

from __future__ import annotations

import json
import shlex
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from forkjoin.engine import FORMATS

pytestmark = pytest.mark.slow
PLACE = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3}}}
SARIF: dict[str, Any] = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {"driver": {"name": "Scanner"}},
            "results": [
                {"ruleId": "X1", "level": "error", "message": {"text": "It leaks"}, "locations": [PLACE]},
                {"ruleId": "X2", "level": "note", "message": {"text": "Odd name"}},
            ],
        }
    ],
}  # fmt: skip
FINDINGS = {"findings": [{"title": "It leaks memory", "severity": "medium", "path": "a.py", "line": 3, "rule": "leak"}]}


@pytest.fixture
def reviewed(forkjoin) -> str:
    """A run with a task that answers by the schema, one in SARIF, one in prose, and one that changed a file."""

    def saying(name: str, text: str) -> dict[str, Any]:
        return {"id": name, "shell": f"printf %s {shlex.quote(text)}", "writes": [], "output": "findings"}

    plan = forkjoin.plan(
        saying("schema", json.dumps(FINDINGS)),
        saying("scan", json.dumps(SARIF)),
        saying("prose", "I looked.\n\n- high: src/b.py:7 is wrong <script>alert(1)</script>"),
        {"id": "writer", "shell": "echo new > made.txt; echo done", "writes": ["made.txt"]},
        name="look.json",
    )
    run: str = forkjoin.json("run", plan, code=3)["run"]
    return run


def test_sarif_is_an_answer_and_prose_is_a_marked_guess_of_a_task_that_failed(forkjoin, reviewed: str) -> None:
    said = forkjoin.json("report")
    states = {task["id"]: task["state"] for task in said["tasks"]}
    assert (states["schema"], states["scan"], states["prose"]) == ("completed", "completed", "failed")
    assert {task["id"]: task["findings"] for task in forkjoin.json("show")["tasks"]}["scan"] == 2
    forms = {source["agent"]: source.get("form", "schema") for f in said["findings"] for source in f["sources"]}
    assert forms["scanner"] == "sarif"
    assert "prose" in forms.values()
    assert any("read from prose" in note for note in said["notes"])
    leak = next(finding for finding in said["findings"] if finding.get("path") == "a.py")
    assert {source["task"] for source in leak["sources"]} == {"schema", "scan"}


@pytest.mark.parametrize("form", ["markdown", "json", "sarif", "html", "junit", "github", "github-summary", "trace"])
def test_every_format_comes_out_and_into_a_file_alike(forkjoin, reviewed: str, form: str) -> None:
    assert form in FORMATS
    code, out, _ = forkjoin("report", "--format", form, reviewed)
    assert code == 0
    code, nothing, talk = forkjoin("report", "--format", form, "-o", "r.out", reviewed)
    assert (code, nothing) == (0, "")
    assert "wrote the report: r.out" in talk
    assert (forkjoin.tree / "r.out").read_text() == out
    assert [path.name for path in forkjoin.tree.iterdir() if path.name.startswith(".r.out")] == []


def test_the_formats_are_what_they_say(forkjoin, reviewed: str) -> None:
    html = forkjoin("report", "--format", "html")[1]
    assert "made.txt" in html
    assert "&lt;script&gt;" in html
    assert html.count("<script>") == 1
    log = json.loads(forkjoin("report", "--format", "sarif", "--merged")[1])
    assert [run["tool"]["driver"]["name"] for run in log["runs"]] == ["forkjoin"]
    assert log["runs"][0]["originalUriBaseIds"]["%SRCROOT%"]["uri"] == forkjoin.tree.resolve().as_uri() + "/"
    assert ET.fromstring(forkjoin("report", "--format", "junit")[1]).tag == "testsuites"
    assert "::error file=a.py,line=3" in forkjoin("report", "--format", "github")[1]
    events = json.loads(forkjoin("report", "--format", "trace")[1])["traceEvents"]
    assert {"schema", "scan", "prose", "writer"} <= {event["args"].get("name") for event in events}


def test_fewer_findings_are_told_with_how_many_are_left_out(forkjoin, reviewed: str) -> None:
    everything = len(forkjoin.json("report")["findings"])
    said = forkjoin.json("report", "--max-findings", "1")
    assert (len(said["findings"]), said["left_out"]) == (1, everything - 1)
    assert sum(count for _, count in said["counts"]) == everything
    assert f"and {everything - 1} more findings" in forkjoin("report", "--max-findings", "1")[1]
    assert len(forkjoin.json("report", "--max-findings", "0")["findings"]) == everything


def test_the_exit_code_tells_of_findings_in_every_format(forkjoin, reviewed: str) -> None:
    assert forkjoin("report", "--format", "github", "--fail-on", "high")[0] == 1
    assert forkjoin("report", "--format", "github", "--fail-on", "critical")[0] == 0
    assert forkjoin.json("report", "--fail-on", "high", code=1)["exit"] == "findings"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--format", "pdf"), "no format 'pdf'"),
        (("--json", "--format", "html"), "--format html"),
        (("--merged",), "--merged"),
        (("--max-findings", "-1"), "--max-findings"),
        (("-o", "no/such/folder/r.md"), "-o no/such/folder/r.md"),
        (("-o", "."), "-o ."),
    ],
)
def test_what_cannot_be_is_said_with_what_to_do(forkjoin, ended: str, argv: tuple[str, ...], said: str) -> None:
    code, out, talk = forkjoin("report", *argv)
    assert code == 2
    assert said in (out or talk)


def test_a_file_that_is_there_keeps_its_mode_and_a_device_is_written_as_it_is(forkjoin, ended: str) -> None:
    there = forkjoin.tree / "r.md"
    there.write_text("old")
    there.chmod(0o640)
    assert forkjoin("report", "-o", "r.md")[0] == 0
    assert there.read_text().startswith("# three")
    assert there.stat().st_mode & 0o777 == 0o640
    assert forkjoin("report", "-o", "/dev/null")[0] == 0
    assert forkjoin("report", "-o", "-")[1].startswith("# three")


def test_json_goes_into_a_file_too(forkjoin, ended: str) -> None:
    assert forkjoin("report", "--json", "-o", "r.json")[0] == 0
    assert json.loads((forkjoin.tree / "r.json").read_text())["forkjoin"] == 1
