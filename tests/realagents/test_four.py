"""The four real programs against a scripted model on loopback: `npm install --prefix .agents` of homes.PINNED first.

Nothing of the user's is read: a HOME of their own, made-up keys, updates and telemetry off.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crash.looking import marked, repository
from realagents import homes, model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        homes.programs() is None,
        reason=f"the real programs are not here; npm install --prefix .agents {' '.join(homes.PINNED)}",
    ),
]
FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
AGENTS = ("claude", "codex", "opencode", "pi")
SLOWEST_S = 280  # OpenCode burns ten seconds of CPU before its first request


class Place:
    """A repository, a HOME for the agents, and the scripted model."""

    def __init__(self, top: Path, served: model.Model) -> None:
        programs = homes.programs()
        assert programs is not None
        self.tree, self.state, self.served = top / "tree", top / "state", served
        repository(self.tree)
        self.environ = homes.environ(top / "home", programs, served.url) | {"FORKJOIN_HOME": str(self.state)}

    def run(self, *tasks: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Run tasks in one call; return what each came to, by its id."""
        plan = self.tree.parent / "plan.json"
        full = [{"timeout": SLOWEST_S, **_model(str(task["agent"])), **task} for task in tasks]
        plan.write_text(json.dumps({"tasks": full}))
        done = self.forkjoin("run", "-q", "--json", str(plan))
        assert done.stdout.startswith("{"), done.stderr
        return {task["id"]: task for task in json.loads(done.stdout)["tasks"]}

    def forkjoin(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*FORKJOIN, *words, "-C", str(self.tree)],
            env=self.environ, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip


def _model(agent: str) -> dict[str, str]:
    return {"model": "mock-model"} if agent == "claude" else {}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with model.serving() as served:
        yield Place(tmp_path, served)


def test_all_four_at_once_write_a_file_and_finish(place: Place) -> None:
    found = place.run(
        *(
            {"id": agent, "agent": agent, "task": f"[[write path={agent}.txt text=hello]] [[say DONE]]"}
            for agent in AGENTS
        )
    )
    assert {task["state"] for task in found.values()} == {"completed"}, found
    for agent in AGENTS:
        assert found[agent]["changes"]["files"] == [f"{agent}.txt"]
        assert found[agent]["answer"] == "DONE"
        assert found[agent]["usage"]["input_tokens"] == 200
    assert marked(place.state) == []


FINDING = {"title": "A hole", "severity": "high", "path": "f", "line": 1}


@pytest.mark.parametrize("agent", AGENTS)
def test_findings_come_by_the_schema(place: Place, agent: str) -> None:
    text = f"[[structured {json.dumps({'findings': [FINDING]})}]]"
    task = {"id": "t", "agent": agent, "task": text, "output": "findings", "writes": []}
    found = place.run(task)["t"]
    assert found["state"] == "completed", found
    assert found["value"]["findings"][0]["title"] == "A hole"


@pytest.mark.parametrize(("status", "kind"), [(401, "log in"), (429, "no more requests")])
@pytest.mark.parametrize("agent", ["claude", "codex", "pi"])
def test_an_error_of_the_provider_is_a_failure_with_its_kind(place: Place, agent: str, status: int, kind: str) -> None:
    found = place.run({"id": "t", "agent": agent, "task": f"[[fail {status}]] [[say X]]", "writes": []})["t"]
    assert (found["state"], kind in found["reason"]) == ("failed", True), found


@pytest.mark.parametrize("agent", AGENTS)
def test_a_deadline_inside_a_tool_call_leaves_no_process(place: Place, agent: str) -> None:
    limit = 90 if agent == "opencode" else 40
    line = "setsid sleep 300 & sleep 300"
    found = place.run({"id": "t", "agent": agent, "task": f'[[bash cmd="{line}"]] [[say X]]', "timeout": limit})["t"]
    assert found["state"] == "timed_out", found
    assert marked(place.state) == []


@pytest.mark.parametrize("agent", ["claude", "codex", "pi"])
def test_a_cap_of_turns_ends_it(place: Place, agent: str) -> None:
    found = place.run({"id": "t", "agent": agent, "task": '[[loop cmd="echo again; sleep 1"]]', "max_turns": 3})["t"]
    assert (found["state"], "turns" in found["reason"]) == ("failed", True), found


@pytest.mark.parametrize("agent", ["claude", "codex", "pi"])
def test_who_may_only_read_changes_nothing(place: Place, agent: str) -> None:
    text = "[[write path=made.txt text=x]] [[say DONE]]"
    found = place.run({"id": "t", "agent": agent, "task": text, "writes": []})["t"]
    assert not (place.tree / "made.txt").exists(), found
