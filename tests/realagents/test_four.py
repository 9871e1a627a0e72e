"""CI's share of `scenarios.py`: each of the four real programs once, all at once, and what of errors costs little.

They are installed by `npm install --prefix .agents` of homes.PINNED; `.ci/run` does that.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from realagents import homes, model, scenarios, secrets30

KINDS = {"write", "findings", "read-only", "401", "429", "500", "turns", "budget"}
SCRIPT = Path(__file__).with_name("scenarios.py")
with_programs = pytest.mark.skipif(
    homes.programs() is None,
    reason=f"the real programs are not here; npm install --prefix .agents {' '.join(homes.PINNED)}",
)


@pytest.mark.slow
@with_programs
def test_the_four_programs_do_the_five_tasks_of_the_guide_and_reach_nothing_outside() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--share"], capture_output=True, text=True, timeout=400, check=False
    )
    assert done.stdout.startswith("{"), done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert {line["case"] for line in found["all"]} == {"findings-claude", "401-codex", "401-pi", "left", "example"}
    assert not found["looked_up"]  # None where this machine gives nobody a network of his own


@pytest.mark.slow
@with_programs
def test_by_mcp_a_real_agent_is_launched_left_collected_and_told_more() -> None:
    script = SCRIPT.with_name("mcp_agents.py")
    done = subprocess.run(
        [sys.executable, str(script), "--share", "codex"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["codex"]["more"] == ["completed", "SECOND"]


def test_every_program_has_a_case_of_every_kind() -> None:
    there = {(case.name, case.agent) for case in scenarios.cases()}
    for agent in scenarios.AGENTS:
        lacking = KINDS - {name for name, one in there if one == agent}
        assert lacking == ({"budget"} if agent == "codex" else set())  # codex says what it used at its end alone


def test_the_steps_of_a_prompt_are_those_behind_its_newest_directives() -> None:
    said = [("user", "[[say A]]"), ("assistant", "A"), ("user", "[[bash cmd=x]] [[say B]]"), ("assistant", "")]
    assert model._newest(said, ("[[",)) == ("[[bash cmd=x]] [[say B]]", 1)
    assert model._newest(said, ("no such words",)) == ("", 0)


def test_thirty_secrets_are_planted_and_one_in_a_strangers_process_is_met() -> None:
    there = secrets30.planted()
    assert len(there) == len({*there.values()}) == 30
    looks = secrets30.Looks(there, {"a-task-of-this-test": ("SESSION",)})
    environ = {"FORKJOIN_TASK": "a-task-of-this-test", "SESSION": there["SESSION"], "GITHUB_PAT": there["GITHUB_PAT"]}
    told = [sys.executable, "-IS", "-c", "import sys; print(flush=True); sys.stdin.read()", there["DEPLOY_PASSWORD"]]
    with subprocess.Popen(told, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stranger:
        assert stranger.stdout is not None
        stranger.stdout.readline()
        looks.look()
        stranger.communicate(b"")
    assert looks.hits() == {
        "arguments": ["DEPLOY_PASSWORD"], "environments": ["GITHUB_PAT in one of a-task-of-this-test"],
    }  # fmt: skip
