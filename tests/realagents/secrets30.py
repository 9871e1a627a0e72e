"""Thirty secrets around the four real programs, each of which tells all that it knows; where they are met afterwards.

    .venv/bin/python tests/realagents/secrets30.py [--agent NAME]

They stand in the environment: keys of the programs (some by way of their settings), one that each task asks for by
`pass_env`, and those of nobody. Each program prints its whole environment on both streams, and its model repeats its
key in the answer. Looked at are the arguments of all processes and the environments of all processes of each task while
they run, then the journal, kept output, records, verbs, reports, the bundle, and what a terminal was shown. What a
program itself keeps of its session is its own, and not looked at. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from endtoend import canaries
from realagents import homes, model, trap
from realagents.scenarios import AGENTS, FORKJOIN, model_of

COUNT = 30
OWN = {
    "claude": ("ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY"),
    "codex": ("CODEX_MOCK_KEY", "OPENAI_API_KEY"),
    "opencode": ("OPENCODE_MOCK_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN"),
    "pi": ("PI_MOCK_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY"),
}
NOBODYS = ("NPM_CONFIG__AUTH", "GITHUB_PAT", "DEPLOY_PASSWORD", "STRIPE_SECRET", "SESSION")
TELL = "env; env >&2; printenv | sed s/CANARY/x/"
LONGEST_S = 900
Json = dict[str, Any]


def planted() -> dict[str, str]:
    """Return thirty secrets by the name of their variable."""
    named = dict.fromkeys((*(name for names in OWN.values() for name in names), *NOBODYS))
    named |= dict.fromkeys(f"CANARY_{n}_TOKEN" for n in range(COUNT - len(named)))
    return {name: f"cnry-{secrets.token_hex(12)}" for name in named}


def trial(top: Path, agents: Sequence[str]) -> Json:
    """Run all *agents* at once; return the hits by channel, and how much was looked at and masked."""
    there, environ = planted(), dict[str, str]()
    passed = {agent: f"CANARY_{n}_TOKEN" for n, agent in enumerate(AGENTS)}
    script = {
        f"Tell all of {agent}": [("bash", f'cmd="{TELL}"'), ("say", f"The key is {there[OWN[agent][0]]}.")]
        for agent in AGENTS
    }
    (top / "tree").mkdir()
    programs = homes.programs()
    assert programs is not None, f"npm install --prefix .agents {' '.join(homes.PINNED)}"
    with model.serving(script) as served:
        environ |= homes.environ(top / "home", programs, served.url) | {"FORKJOIN_HOME": str(top / "state")} | there
        _keys_by_settings(top / "home")
        refused = _forkjoin(top, environ, "run", "-q", "-a", agents[0], "-t", f"log in with {there['SESSION']}")
        plan = [_task(agent, passed[agent]) for agent in agents]
        (top / "plan.json").write_text(json.dumps({"tasks": plan}))
        shown, looks = _run(top, environ, there, {agent: (*OWN[agent], passed[agent]) for agent in agents})
    found = canaries.left(top, environ, agents, b"")
    # A program's own database of its session lies with its task; it is no record of ours, and in no bundle.
    found["records"] = {name: data for name, data in found["records"].items() if "opencode.db" not in name}
    found |= {"terminal": {"run": shown}, "refusal": {"run": refused.stdout + refused.stderr}}
    hits = {name: sorted(set(canaries.hits(files, there))) for name, files in found.items()}
    states = {task["id"]: task["state"] for task in json.loads(found["verbs"]["show --json"])["tasks"]}
    told = b"".join(found["output"].values())
    return {
        "canaries": len(there), "states": states, "refused": refused.returncode, "hits": hits | looks.hits(),
        "processes": len(looks.seen), "of_tasks": looks.of_tasks, "masked": told.count(b"[redacted]"),
        "printed": sorted(agent for agent in agents if b"PATH=" in b"".join(_of(found["output"], agent))),
    }  # fmt: skip


class Looks:
    """What stood in arguments and environments: *may* says which secrets a task's processes may hold, by name."""

    def __init__(self, there: dict[str, str], may: dict[str, tuple[str, ...]]) -> None:
        self._there = {name: value.encode() for name, value in there.items()}
        self._may, self._met = may, {"arguments": set[str](), "environments": set[str]()}
        self.seen, self.of_tasks = set[int](), dict.fromkeys(may, 0)

    def look(self) -> None:
        """Look at every process once."""
        for pid, line in canaries.looked_at("cmdline"):
            self.seen.add(pid)
            self._met["arguments"] |= {name for name, value in self._there.items() if value in line}
        for _, line in canaries.looked_at("environ"):
            for task, mine in self._may.items():
                if f"FORKJOIN_TASK={task}\0".encode() in line:
                    self.of_tasks[task] += 1
                    there = {name for name, value in self._there.items() if value in line}
                    self._met["environments"] |= {f"{name} in one of {task}" for name in there - {*mine}}

    def hits(self) -> dict[str, list[str]]:
        """Return what was met where it must not be."""
        return {name: sorted(met) for name, met in self._met.items()}


def _run(
    top: Path, environ: dict[str, str], there: dict[str, str], may: dict[str, tuple[str, ...]]
) -> tuple[bytes, Looks]:
    """Run the plan on a terminal, and look at all processes until it has ended; return what the terminal was shown."""
    looks, shown = Looks(there, may), list[bytes]()
    ours, theirs = pty.openpty()
    words = [*FORKJOIN, "run", "--attach", "-C", str(top / "tree"), str(top / "plan.json")]
    with subprocess.Popen(words, env=environ | {"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        reader = threading.Thread(target=_read, args=(ours, shown), daemon=True)
        reader.start()
        until = time.monotonic() + LONGEST_S
        while run.poll() is None:
            assert time.monotonic() < until, "it does not end"
            looks.look()
            time.sleep(0.1)
    reader.join(10)
    return b"".join(shown), looks


def _read(terminal: int, shown: list[bytes]) -> None:
    try:
        while data := os.read(terminal, 65536):
            shown.append(data)
    except OSError:  # nobody holds its other side any more
        os.close(terminal)


def _task(agent: str, passed: str) -> Json:
    return {
        "id": agent, "description": f"number {agent}", "agent": agent, "task": f"Tell all of {agent}.",
        "allow_no_change": True, "permission": "full", "pass_env": [passed], "timeout": 600, **model_of(agent),
    }  # fmt: skip


def _keys_by_settings(home: Path) -> None:
    """Let two programs take their key from a variable that their settings name."""
    for path, named in (
        (home / ".config" / "opencode" / "opencode.json", "{env:OPENCODE_MOCK_KEY}"),
        (home / ".pi" / "agent" / "models.json", "$PI_MOCK_KEY"),
    ):
        path.write_text(path.read_text().replace('"sk-mock"', json.dumps(named)))


def _of(output: dict[str, bytes], agent: str) -> list[bytes]:
    return [data for name, data in output.items() if f"/tasks/{agent}/" in name]


def _forkjoin(top: Path, environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*FORKJOIN, *words, "-C", str(top / "tree")], env=environ, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)  # fmt: skip


def main() -> int:
    """Run one trial and say what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", choices=AGENTS)
    asked = parser.parse_args()
    trap.enter(sys.argv)
    agents = [asked.agent] if asked.agent else list(AGENTS)
    with trap.counting() as names, tempfile.TemporaryDirectory() as top:
        found = trial(Path(top), agents)
    print(json.dumps({**found, "looked_up": names}, indent=1))
    right = set(found["states"].values()) == {"completed"} and found["printed"] == sorted(agents)
    right = right and found["refused"] == 2 and all(found["of_tasks"].values()) and found["masked"] > 0
    return 0 if right and not any(found["hits"].values()) and not names else 1


if __name__ == "__main__":
    sys.exit(main())
