"""The GitHub Action, by running its steps: what it says, what it uploads, and who reviews a stranger's pull request."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from endtoend.action import ACTION, ROOT, Runner, inputs

from forkjoin.engine import opened

INSTALL, DECIDE, REVIEW, REPORT, BUNDLE, SARIF, JUDGE = range(7)


def git(*words: str) -> None:
    """Run git."""
    subprocess.run(["git", *words], check=True)


@pytest.fixture
def job(tmp_path: Path):
    """Make a job on a repository whose last commit, after the base of a pull request, runs a shell with a variable."""
    tree, programs = tmp_path / "shop", tmp_path / "bin"
    programs.mkdir()
    tree.mkdir()
    program = "from forkjoin.interfaces.cli.main import main; main()"
    line = shlex.join([sys.executable, "-P", "-c", program])
    (programs / "forkjoin").write_text(f'#!/bin/sh\nexec {line} "$@"\n')
    (programs / "python3").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    for one in programs.iterdir():
        one.chmod(0o755)
    ours = ("-C", str(tree), "-c", "user.name=A Tester", "-c", "user.email=tester@example.org")
    git("init", "-q", str(tree))
    begun = "import subprocess\n\n\ndef call(line):\n"
    for text in (begun + "    return line\n", begun + "    subprocess.call(line, shell=True)\n    return line\n"):
        (tree / "app.py").write_text(text)
        git(*ours, "add", "-A")
        git(*ours, "commit", "-qm", "One more")
    found = subprocess.run(["git", *ours, "rev-parse", "HEAD~1"], check=True, capture_output=True, text=True)
    base = found.stdout.strip()

    def make(*, head: str | None = "us/shop", **given: str) -> Runner:
        pull: dict[str, Any] = {"base": {"sha": base}, "head": {"repo": {"full_name": head} if head else None}}
        github = {"event": {"pull_request": pull}, "job": "review", "run_attempt": "1", "action_path": "/action"}
        temp = tmp_path / "temp"
        temp.mkdir(exist_ok=True)
        return Runner(
            folder=tmp_path,
            tree=tree,
            environ={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
            context={
                "inputs": inputs(**given),
                "github": github,
                "steps": {},
                "runner": {"temp": str(temp)},
            },
        )

    return make


@pytest.mark.slow
def test_what_a_pull_request_brings_in_is_told_uploaded_kept_and_judged(job, tmp_path: Path) -> None:
    runner = job(perspectives="security", fail_on="low")
    assert [runner.step(number) for number in (DECIDE, REVIEW, REPORT, BUNDLE, SARIF)] == [0] * 5, runner.printed
    assert "file=app.py,line=5" in runner.printed  # an annotation
    assert "app.py" in (tmp_path / "summary.md").read_text()
    told = runner.context["steps"]["report"]["outputs"]
    assert int(told["findings"]) >= 1
    sarif = json.loads(Path(runner.used["github/codeql-action/upload-sarif"]["sarif_file"]).read_text())
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"][0]["results"]
    kept = Path(runner.used["actions/upload-artifact"]["path"])
    assert {one.name for one in kept.iterdir()} == {"forkjoin.sarif", "report.html", "run.tar.gz"}
    assert opened(kept / "run.tar.gz").view().state == "completed"
    assert runner.step(JUDGE) == 1
    assert "::error::something was found that is low or worse" in runner.printed
    runner.context["inputs"]["fail-on"] = "never"
    assert runner.step(JUDGE) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "since"), [("1", ""), ("1", "main"), ("99", "main")])
def test_a_checkout_that_lacks_the_base_gets_it(job, tmp_path: Path, depth: str, since: str) -> None:
    """A runner's checkout has no branch, and by default one commit alone: neither the base nor what parted there."""
    runner = job(perspectives="security", since=since)
    there, here = runner.tree, tmp_path / "checkout"
    git("-C", str(there), "config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub has it
    git("-C", str(there), "branch", "-M", "change")
    git("-C", str(there), "branch", "main", "HEAD~1")
    git("init", "-q", str(here))
    git("-C", str(here), "remote", "add", "origin", there.as_uri())
    git("-C", str(here), "fetch", "-q", "--no-tags", f"--depth={depth}", "origin", "+change:refs/remotes/pull/1/merge")
    git("-C", str(here), "checkout", "-q", "refs/remotes/pull/1/merge")
    runner.tree = here
    assert [runner.step(number) for number in (DECIDE, REVIEW, REPORT)] == [0] * 3, runner.printed
    assert "file=app.py,line=5" in runner.printed
    assert "Outside what was changed since" in runner.printed  # the import, which the base has too


@pytest.mark.slow
def test_no_module_of_the_tree_is_run(job) -> None:
    """Whoever runs `python -c` or `-m` in a stranger's tree runs its json.py and logging.py."""
    runner = job(since="none", perspectives="spelling", version="pip")
    for name in ("json", "logging"):
        (runner.tree / f"{name}.py").write_text("raise SystemExit('a stranger was here')\n")
    told = [runner.step(number) for number in (INSTALL, DECIDE, REVIEW, REPORT)]
    assert told == [0] * 4, runner.printed
    assert "stranger was here" not in runner.printed


@pytest.mark.slow
def test_code_scanning_gets_no_result_without_a_place(job, tmp_path: Path) -> None:
    """It refuses a whole file for one of them."""
    runner = job()
    found = {"findings": [{"title": "All of it", "severity": "high"},
                          {"title": "Here", "severity": "low", "path": "app.py", "line": 1}]}  # fmt: skip
    plan = {"tasks": [{"id": "a", "shell": f"echo '{json.dumps(found)}'", "writes": [], "output": "findings"}]}
    (runner.tree / "plan.json").write_text(json.dumps(plan))
    done = subprocess.run(
        ["forkjoin", "run", "-q", "--json", "plan.json"], cwd=runner.tree, capture_output=True, text=True, check=True,
        env={**runner.environ, "FORKJOIN_HOME": str(tmp_path / "temp" / "forkjoin")},
    )  # fmt: skip
    runner.context["steps"]["review"] = {"outputs": {"run": json.loads(done.stdout)["run"]}}
    assert runner.step(REPORT) == 0, runner.printed
    told = runner.context["steps"]["report"]["outputs"]
    results = json.loads(Path(told["sarif"]).read_text())["runs"][0]["results"]
    assert (len(results), bool(results[0]["locations"]), told["findings"]) == (1, True, "2")
    assert "::notice::1 of the findings name no file" in runner.printed
    assert "All of it" in (tmp_path / "summary.md").read_text()


def test_reviews_of_one_workflow_do_not_meet(job) -> None:
    """Jobs of a matrix share a name: two artefacts of one name are refused, and a category's second SARIF replaces."""
    runner = job(name="api")
    runner.context["steps"] = {
        "decide": {"outputs": {"fork": "false"}},
        "review": {"outputs": {"run": "r1"}},
        "report": {"outcome": "success", "outputs": {"sarif": "s", "folder": "f"}},
    }
    assert runner.step(BUNDLE) == runner.step(SARIF) == 0
    assert runner.used["actions/upload-artifact"]["name"] == "api-r1"
    assert runner.used["github/codeql-action/upload-sarif"]["category"] == "api"


@pytest.mark.slow
def test_a_review_that_does_not_start_fails_and_says_so(job) -> None:
    runner = job(path="no/such/folder")
    assert runner.step(DECIDE) == 0
    assert runner.step(REVIEW) == 2
    assert "no/such/folder" in runner.printed
    assert "::error::the review did not start" in runner.printed


def test_a_review_that_is_not_complete_is_red_whatever_it_found(job) -> None:
    runner = job(fail_on="never")
    runner.context["steps"]["review"] = {"outputs": {"run": "r", "code": "3"}, "outcome": "success"}
    assert runner.step(JUDGE) == 3
    assert "not complete" in runner.printed


@pytest.mark.parametrize(
    ("head", "given", "fork", "agent"),
    [
        ("us/shop", {"agent": "claude"}, "false", "claude"),
        ("them/shop", {"agent": "claude"}, "true", "static"),
        (None, {"agent": "claude"}, "true", "static"),  # the fork was deleted
        ("them/shop", {"agent": "claude", "agents_on_forks": "true"}, "true", "claude"),
        ("them/shop", {}, "true", "static"),
    ],
)
def test_a_strangers_pull_request_meets_no_agent_unless_that_is_asked_for(job, head, given, fork, agent) -> None:
    runner = job(head=head, **given)
    assert runner.step(DECIDE) == 0
    told = runner.context["steps"]["decide"]["outputs"]
    assert (told["fork"], told["agent"]) == (fork, agent)
    runner.context["steps"]["report"] = {"outcome": "success", "outputs": {"sarif": "s", "folder": "f"}}
    runner.step(SARIF)
    assert bool(runner.used) == (fork == "false")  # its token may not write there


def test_since_is_the_base_of_a_pull_request_unless_told(job) -> None:
    for given, expected in (({}, 40), ({"since": "none"}, 0), ({"since": "main"}, 4), ({"since": "a\nrun=b"}, 6)):
        runner = job(**given)
        runner.step(DECIDE)
        assert len(runner.context["steps"]["decide"]["outputs"]["since"]) == expected
    runner = job()
    runner.context["github"]["event"] = {}
    runner.step(DECIDE)
    assert runner.context["steps"]["decide"]["outputs"] == {"fork": "false", "agent": "static", "since": ""}


@pytest.mark.parametrize(("version", "asked"), [("", "/action[review]"), ("forkjoin[review]==0.1.0",) * 2])
def test_it_installs_its_own_revision_or_the_version_asked_for(job, tmp_path: Path, version: str, asked: str) -> None:
    runner = job(version=version)
    pip = tmp_path / "temp" / "forkjoin-venv" / "bin" / "pip"
    pip.parent.mkdir(parents=True)
    pip.write_text('#!/bin/sh\necho "pip $*"\n')
    pip.chmod(0o755)
    (tmp_path / "bin" / "python3").write_text("#!/bin/sh\n")
    assert runner.step(INSTALL) == 0
    assert f"pip install --quiet {asked}\n" in runner.printed
    assert (tmp_path / "path").read_text() == f"{pip.parent}\n"


def test_no_expression_stands_inside_a_script() -> None:
    """What strangers name (branches, inputs) reaches a script as a variable, never as its text."""
    steps = ACTION["runs"]["steps"]
    assert not [step["name"] for step in steps if "${{" in step.get("run", "")]
    assert all(step.get("shell") == "bash" for step in steps if "run" in step)


def test_the_workflow_of_the_guide_fits_the_action() -> None:
    page = (ROOT / "docs" / "guides" / "ci.md").read_text(encoding="utf-8")
    uses = [yaml.safe_load(block.split("```")[0]) for block in page.split("```yml\n")[1:]]
    assert len(uses) == 3
    _, shared, caller = uses
    assert caller["permissions"] == shared["permissions"]  # a called workflow gets no more than its caller has
    assert set(caller["jobs"]["review"]["with"]) <= set(shared[True]["workflow_call"]["inputs"])
    for workflow in uses:
        for one in workflow["jobs"].values():
            for step in one.get("steps", ()):
                if "forkjoin" in step.get("uses", ""):
                    assert set(step["with"]) <= set(ACTION["inputs"])
        assert "pull_request_target" not in workflow.get(True, {})  # YAML reads `on` as true
