"""`review` for every day: what is new since a ref or a baseline, and what other tools have found."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from forkjoin.model import TaskId

pytestmark = pytest.mark.slow
SHELL = "import subprocess\n\n\ndef run(command):\n    subprocess.call(command, shell=True)\n"


def git(folder: Path, *arguments: str) -> None:
    names = ("-c", "user.name=x", "-c", "user.email=x")
    subprocess.run(("git", "-C", str(folder), *names, *arguments), check=True, capture_output=True)


@pytest.fixture
def project(forkjoin):
    """A repository whose one commit has a shell call; `review` looks at security alone, which is quick."""
    git(forkjoin.tree, "init", "-q", "-b", "main")
    (forkjoin.tree / "app.py").write_text(SHELL)
    git(forkjoin.tree, "add", "-A")
    git(forkjoin.tree, "commit", "-qm", "first")
    return forkjoin


LOOK = ("-q", "-p", "security", "-k", "ruff-security")


def rules(project) -> list[tuple[str, int, str]]:
    return [(f["path"], f["line"], f["rule"]) for f in project.json("report")["findings"]]


def test_since_tells_what_is_new_and_counts_what_is_not(project):
    (project.tree / "app.py").write_text(f"# new\n{SHELL}eval(input())\n")
    (project.tree / "more.py").write_text("eval(input())\n")
    code, out, _ = project("review", *LOOK, "--since", "main", "--fail-on", "medium")
    assert code == 1
    assert sorted(rules(project)) == [("app.py", 7, "S307"), ("more.py", 1, "S307")]
    assert "Outside what was changed since main: 1 finding, not shown." in out
    assert project("review", *LOOK, "--since", "main", "--fail-on", "high")[0] == 0
    assert project("review", *LOOK, "--fail-on", "high")[0] == 1
    whole = project.json("report", "--all")
    assert len(whole["findings"]) == 3


def test_the_report_of_a_run_stays_what_it_was_though_the_files_change(project):
    project("review", *LOOK, "--write-baseline")
    (project.tree / "app.py").write_text(f"# new\n{SHELL}eval(input())\n")
    project("review", *LOOK, "--baseline", ".forkjoin-baseline.json", "--since", "HEAD")
    before = project.json("report")
    (project.tree / "app.py").write_text("x = 1\n")
    git(project.tree, "add", "-A")
    git(project.tree, "commit", "-qm", "second")
    assert project.json("report")["findings"] == before["findings"]
    assert project.json("report")["narrowing"] == before["narrowing"]


def test_a_baseline_is_written_read_and_pruned(project):
    code, _, err = project("review", *LOOK, "--write-baseline", "--fail-on", "high")
    assert code == 0, "what was just taken as known fails nothing"
    assert "wrote the baseline .forkjoin-baseline.json: 1 finding, 1 of them added, 0 removed" in err
    text = (project.tree / ".forkjoin-baseline.json").read_text()
    assert json.loads(text)["findings"][0]["path"] == "app.py"
    assert text.count("\n") == 3, "one finding a line"

    (project.tree / "app.py").write_text(f'"""Moved."""\n\n{SHELL}')
    known = project("review", *LOOK, "--baseline", ".forkjoin-baseline.json", "--fail-on", "info")
    assert (known[0], rules(project)) == (0, [])
    assert "Known by .forkjoin-baseline.json: 1 finding, not shown." in known[1]

    (project.tree / "app.py").write_text("eval(input())\n")
    gone = project("review", *LOOK, "--baseline", ".forkjoin-baseline.json", "--prune-baseline", "--fail-on", "info")
    assert gone[0] == 1, "pruning accepts nothing that is new"
    assert "In the baseline, but gone: app.py S602" in gone[1]
    assert "pruned the baseline .forkjoin-baseline.json: 1 removed, 0 findings left" in gone[2]
    assert json.loads((project.tree / ".forkjoin-baseline.json").read_text()) == {"forkjoin": 1, "findings": []}


def test_a_renamed_file_brings_its_known_findings_along(project):
    project("review", *LOOK, "--write-baseline=known.json")
    git(project.tree, "add", "-A")
    git(project.tree, "commit", "-qm", "baseline")
    git(project.tree, "mv", "app.py", "moved.py")
    code, out, _ = project("review", *LOOK, "--baseline", "known.json", "--fail-on", "info")
    assert (code, "gone" in out) == (0, False)


def test_a_baseline_made_at_the_top_holds_in_a_folder(project):
    (project.tree / "src").mkdir()
    git(project.tree, "mv", "app.py", "src/app.py")
    project("review", *LOOK, "--write-baseline")
    within = project("review", "-C", "src", *LOOK, "--baseline", "../.forkjoin-baseline.json", "--fail-on", "info")
    assert within[0] == 0
    part = project("review", *LOOK, "--baseline", ".forkjoin-baseline.json", "--fail-on", "info", "src/app.py")
    assert part[0] == 0


def test_what_a_review_of_a_part_cannot_judge_stays_in_the_baseline(project):
    (project.tree / "other.py").write_text("eval(input())\n")
    project("review", *LOOK, "--write-baseline")
    project("review", *LOOK, "--write-baseline", "app.py")  # the word behind it is no baseline, and says so
    code, _, err = project("review", *LOOK, "app.py", "--write-baseline")
    assert code == 0
    assert "2 findings, 0 of them added, 0 removed" in err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--since", "nope"), "--since nope: git knows no such commit"),
        (("--baseline", "gone.json"), "baseline gone.json: there is no such file; make it: forkjoin review"),
        (("--baseline", "app.py"), "baseline app.py: is no JSON"),
        (("--baseline", "list.json"), "baseline list.json: is no baseline of forkjoin"),
        (("--baseline", "newer.json"), "baseline newer.json: is of version 2; upgrade forkjoin"),
        (("--baseline", "broken.json"), "`$[1].fingerprint`"),
        (("--baseline", "."), "baseline .: cannot be read"),
        (("--write-baseline", "app.py"), "baseline app.py: is no JSON"),
        (("--write-baseline", "no/such/folder.json"), "is not there; name another"),
        (("--prune-baseline",), "--prune-baseline: there is no baseline to prune; add --baseline FILE"),
        (("--write-baseline", "--detach"), "--detach: a baseline is written at the end"),
        (("--sarif-in", "gone.sarif"), "--sarif-in gone.sarif: cannot be read: No such file or directory"),
        (("--sarif-in", "app.py"), "--sarif-in app.py: is no JSON"),
        (("--sarif-in", "list.json"), "--sarif-in list.json: is no SARIF log: it has no runs"),
        (("--sarif-in", "silent.sarif"), "runs[0].results: are missing: the tool mute did not look"),
        (("--sarif-in", "failed.sarif"), "its tool did not run through: out of memory"),
    ],
)
def test_a_mistake_is_told_before_anything_starts(project, flags, said):
    tree = project.tree
    (tree / "list.json").write_text("[]")
    (tree / "newer.json").write_text('{"forkjoin": 2, "findings": []}')
    (tree / "broken.json").write_text('{"forkjoin": 1, "findings": [{"fingerprint": "a"}, {"fingerprint": 3}]}')
    (tree / "silent.sarif").write_text(json.dumps(sarif("mute", None)))
    failed = sarif("sick", [])
    failed["runs"][0]["invocations"] = [{"executionSuccessful": False, "exitCodeDescription": "out of memory"}]
    (tree / "failed.sarif").write_text(json.dumps(failed))
    code, out, err = project("review", *LOOK, *flags)
    assert (code, out) == (2, "")
    assert said in err.replace(f"{tree}/", "")
    assert project.json("ls")["runs"] == []


def test_outside_git_there_is_no_since(forkjoin):
    (forkjoin.tree / "a.py").write_text("x = 1\n")
    code, _, err = forkjoin("review", "--since", "HEAD")
    assert code == 2
    assert "lies in no git repository; leave it out, or: git init" in err


def test_without_git_it_is_the_machine_that_cannot(project, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = project("review", "--since", "HEAD")
    assert code == 7
    assert "no git program was found" in err


def test_a_dry_run_says_what_would_count(project):
    project("review", *LOOK, "--write-baseline")
    (project.tree / "new.py").write_text("x = 1\n")
    said = ("--since", "main", "--baseline", ".forkjoin-baseline.json", "-n")
    code, out, _ = project("review", *said)
    assert code == 0
    assert "findings count on lines changed since main (merge base" in out
    assert "1 findings are known by" not in out
    assert "1 finding is known by .forkjoin-baseline.json" in out
    scope = project.json("review", *said)["scope"]
    assert [file["path"] for file in scope["since"]["files"]] == [".forkjoin-baseline.json", "new.py"]
    assert scope["baseline"] == {"file": ".forkjoin-baseline.json", "known": 1}


def test_json_has_what_was_left_out(project):
    project("review", *LOOK, "--write-baseline")
    told = project.json("review", *LOOK, "--baseline", ".forkjoin-baseline.json")
    assert told["narrowing"]["known"] == 1
    assert "narrowing" not in project.json("review", *LOOK)


def sarif(tool: str, results: list[dict] | None, **run) -> dict:
    made = {"tool": {"driver": {"name": tool}}} | ({} if results is None else {"results": results}) | run
    return {"version": "2.1.0", "runs": [made]}


def result(rule: str, uri: str, line: int, text: str, **more) -> dict:
    place = {"artifactLocation": {"uri": uri, **more.pop("at", {})}, "region": {"startLine": line}}
    return {"ruleId": rule, "message": {"text": text}, "locations": [{"physicalLocation": place}], **more}


def test_what_other_tools_found_is_joined_with_our_own(project):
    bases = {"LIB": {"uri": "lib/", "uriBaseId": "TOP"}, "TOP": {"uri": "file:///build/"}}
    log = sarif("Bandit", [
        result("B602", "app.py", 5, "subprocess call with shell=True identified"),
        result("B101", "app.py", 1, "no", suppressions=[{"kind": "inSource"}]),
    ])  # fmt: skip
    log["runs"] += sarif("Semgrep OSS", [
        result("sql", "b.py", 3, "SQL injection", at={"uriBaseId": "LIB"}),
        result("abs", (project.tree / "c d.py").as_uri(), 2, "Absolute"),
    ], originalUriBaseIds=bases)["runs"]  # fmt: skip
    (project.tree / "odd name.sarif").write_text("\ufeff" + json.dumps(log), encoding="utf-8")
    code, _, err = project("review", "-p", "security", "-k", "ruff-security or sarif", "--sarif-in", "odd name.sarif")
    assert code == 0
    assert "note: odd name.sarif: 1 suppressed or passed results are left out" in err
    told = project.json("report")
    found = {(f["path"], f["line"]): {s["agent"] for s in f["sources"]} for f in told["findings"]}
    assert found[("app.py", 5)] == {"ruff-security", "bandit"}
    assert found[("lib/b.py", 3)] == {"semgrep-oss"}
    assert ("c d.py", 2) in found
    task = next(task for task in told["tasks"] if task["id"] == TaskId("sarif-odd-name"))
    assert task["description"] == "Findings of Bandit, Semgrep OSS from odd name.sarif"


def test_two_files_of_one_name_are_two_tasks_and_one_twice_is_one(project):
    for folder in ("x", "y"):
        (project.tree / folder).mkdir()
        (project.tree / folder / "s.sarif").write_text(json.dumps(sarif("t", [])))
    given = ("--sarif-in", "x/s.sarif", "--sarif-in", "y/s.sarif", "--sarif-in", "./x/s.sarif")
    tasks = project.json("review", "-n", "-p", "security", *given)["tasks"]
    assert [task["id"] for task in tasks if task["id"].startswith("sarif")] == ["sarif-s", "sarif-s-2"]


def test_twins_of_two_runs_in_one_log_are_one_finding(project):
    log = sarif("ruff", [result("S602", "app.py", 5, "shell")])
    log["runs"] += sarif("bandit", [result("B602", "app.py", 5, "shell")])["runs"]
    (project.tree / "both.sarif").write_text(json.dumps(log))
    project("review", "-q", "-k", "sarif-both", "--sarif-in", "both.sarif")
    (only,) = project.json("report")["findings"]
    assert {source["agent"] for source in only["sources"]} == {"ruff", "bandit"}


def test_a_log_in_an_empty_folder_is_a_review_too(forkjoin):
    (forkjoin.tree.parent / "x.sarif").write_text(json.dumps(sarif("t", [result("r", "a.py", 1, "Bad")])))
    code, _, _ = forkjoin("review", "-q", "--sarif-in", "../x.sarif", "--fail-on", "medium")
    assert code == 1
