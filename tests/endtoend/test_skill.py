"""Each command of SKILL.md, run as it stands there: it exists, prints one JSON object, and says what the skill says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from forkjoin.agents.table import coders
from forkjoin.engine.installing.installing import plugin_files
from forkjoin.interfaces.cli.main import answered

pytestmark = pytest.mark.slow
SKILL = plugin_files()["skills/forkjoin/SKILL.md"]
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", SKILL, re.DOTALL) for line in block.strip().split("\n")]
CODES = {"land": (0, 2), "wait": (3,)}  # nothing was changed: nothing is to land; one task failed
CLAUDE = """#!/bin/sh
case "$*" in *--version*) echo "2.1.330 (Claude Code)"; exit 0;; esac
if grep -q rounded && ! [ -e "$HOME/once" ]; then touch "$HOME/once"; exit 1; fi
cat <<'END'
{"type":"system","subtype":"init","session_id":"s"}
{"type":"result","subtype":"success","is_error":false,"session_id":"s","result":"{\\"findings\\": []}"}
END
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command in a repository of its own, where `claude` fails at billing once, and then finds nothing."""
    tree, programs = tmp_path / "shop", tmp_path / "bin"
    programs.mkdir()
    (programs / "claude").write_text(CLAUDE)
    (programs / "claude").chmod(0o755)
    for name in ("auth", "billing"):
        (tree / "services" / name).mkdir(parents=True)
        (tree / "services" / name / "notes.txt").write_text("words\n")
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    for key, value in (("user.name", "A Tester"), ("user.email", "tester@example.org")):
        subprocess.run(["git", "-C", str(tree), "config", key, value], check=True)
    plan = re.search(r"```json\n(.*?)```", SKILL, re.DOTALL)
    assert plan
    (tree / "plan.json").write_text(plan[1])
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")

    def run(line: str) -> tuple[int, Any]:
        code = answered(shlex.split(line)[1:])
        out, _ = capsys.readouterr()
        return code, json.loads(out)

    return run


def test_every_command_of_the_skill_works(said) -> None:
    run, started, verbs = "RUN", [], set()
    for command in COMMANDS:
        verb = command.split()[1]
        verbs.add(verb)
        code, answer = said(command.replace("RUN", run))
        assert code in CODES.get(verb, (0,)), (command, code, answer)
        assert answer["forkjoin"] == 1
        if verb in ("run", "each", "review"):
            started.append(str(answer["run"]))
            run = started[0]
        if verb == "wait":
            assert [task["state"] for task in answer["runs"][0]["tasks"]] == ["completed", "failed"]
        if verb in ("retry", "send"):
            assert said(f"forkjoin wait --timeout 60s --json {run}")[0] == 0
    assert verbs >= {
        "check",
        "run",
        "each",
        "review",
        "wait",
        "output",
        "report",
        "land",
        "stop",
        "retry",
        "send",
        "doctor",
    }
    for one in started:
        assert said(f"forkjoin wait --timeout 60s --json {one}")[0] in (0, 3)


def test_an_agent_is_asked_for_by_the_name_of_one_that_takes_a_prompt() -> None:
    """`agents --json` also finds `shell`, which would run a prompt as a line, and `static`, which takes none."""
    named = SKILL.partition('that is `"found": true`')[0].rpartition("(")[2]
    assert re.findall(r"`(\w+)`", named) == list(coders())


def test_it_launches_detached_and_never_waits_without_a_limit() -> None:
    for command in COMMANDS:
        words = shlex.split(command)
        assert "--json" in words, command
        assert "--detach" in words or words[1] not in ("run", "each", "review"), command
        assert "--timeout" in words or words[1] not in ("wait", "output"), command
    assert all(f"RUN{rest}" in SKILL for rest in ("", "/auth"))
