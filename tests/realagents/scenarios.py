"""The four real programs against a scripted model on loopback: what each must do, and what is left of it.

    .venv/bin/python tests/realagents/scenarios.py [--share] [--agent NAME] [--only WORD] [-j N]

The programs lie where `homes.programs` looks. With --share only the cases that CI runs; else all, in some minutes.
Nothing of the user's is read: a HOME of their own, made-up keys, updates and telemetry off; where namespaces are
allowed nothing but loopback can be reached, and DNS look-ups are counted. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crash.looking import marked, repository
from endtoend.readme import blocks
from realagents import example, homes, model, trap

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
ROOT = Path(__file__).resolve().parents[2]
AGENTS = ("claude", "codex", "opencode", "pi")
SLOWEST_S = 280  # OpenCode burns ten seconds of CPU before its first request
FINDINGS = json.dumps({"findings": [{"title": "A hole", "severity": "high", "path": "f", "line": 1}]})
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One task for one agent: its fields in a plan, and what is wrong with what it came to ("" where nothing is)."""

    name: str
    agent: str
    fields: Json
    wrong: Callable[[Json], str]
    share: bool = False

    @property
    def id(self) -> str:
        """The id of its task."""
        return f"{self.name}-{self.agent}"


class Place:
    """A repository, a HOME for the agents, and the scripted model."""

    def __init__(self, top: Path, served: model.Model) -> None:
        programs = homes.programs()
        assert programs is not None, f"npm install --prefix .agents {' '.join(homes.PINNED)}"
        self.tree, self.state, self.served = top / "tree", top / "state", served
        repository(self.tree)
        self.environ = homes.environ(top / "home", programs, served.url) | {"FORKJOIN_HOME": str(self.state)}

    def run(self, *tasks: Json, flags: Sequence[str] = ()) -> dict[str, Json]:
        """Run tasks in one call; return what each came to, by its id."""
        done = self.forkjoin("run", "-q", "--json", *flags, self.plan(*tasks))
        assert done.stdout.startswith("{"), done.stderr
        return {task["id"]: task for task in json.loads(done.stdout)["tasks"]}

    def plan(self, *tasks: Json) -> str:
        """Write a plan of these tasks; return its path."""
        path = self.tree.parent / "plan.json"
        path.write_text(
            json.dumps({"tasks": [{"timeout": SLOWEST_S, **model_of(one["agent"]), **one} for one in tasks]})
        )
        return str(path)

    def shown(self, task: str) -> Json:
        """Return what `show` says of a task of the latest run."""
        (found,) = json.loads(self.forkjoin("show", task, "--json").stdout)["tasks"]
        return dict(found)

    def forkjoin(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one verb to its end."""
        return subprocess.run(
            [*FORKJOIN, *words, "-C", str(self.tree)],
            env=self.environ, capture_output=True, text=True, timeout=1200, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip


@contextmanager
def place(script: model.Script | None = None) -> Iterator[Place]:
    """Serve the model, and give a place for one look at the programs."""
    with tempfile.TemporaryDirectory() as top, model.serving(script) as served:
        yield Place(Path(top), served)


def cases() -> Iterator[Case]:
    """Yield all cases; those of the share are the cheapest that meet each program."""
    for agent in AGENTS:
        yield Case(
            name="write", agent=agent, wrong=_wrote(agent),
            fields={"task": f"[[write path={agent}.txt text=hello]] [[say DONE]]"},
        )  # fmt: skip
        yield Case(
            name="findings", agent=agent, wrong=_found, share=agent == "claude",
            fields={"task": f"[[structured {FINDINGS}]]", "output": "findings", "writes": []},
        )  # fmt: skip
        yield Case(
            name="read-only", agent=agent, wrong=_kept_out,
            fields={"task": "[[write path=made.txt text=x]] [[say DONE]]", "writes": []},
        )  # fmt: skip
        yield from _errors(agent)
        yield from _caps(agent)


def _errors(agent: str) -> Iterator[Case]:
    yield Case(
        name="401", agent=agent, share=agent in ("codex", "pi"), wrong=_ended("failed", "log in"),
        fields={"task": "[[fail 401]] [[say X]]", "writes": []},
    )  # fmt: skip
    # So often that those give up, too, which try again by themselves: then forkjoin waits, and asks anew.
    for status in (429, 500):
        yield Case(
            name=f"{status}", agent=agent, wrong=_ended("completed", ""),
            fields={"task": f"[[fail {status} times=4]] [[say X]]", "writes": []},
        )  # fmt: skip


def _caps(agent: str) -> Iterator[Case]:
    again = '[[loop cmd="echo again; sleep 1"]]'
    yield Case(name="turns", agent=agent, wrong=_ended("failed", "turns"), fields={"task": again, "max_turns": 3})
    if agent == "codex":
        return  # it says what it used at its end alone
    budget = {"usd": 0.001} if agent == "claude" else {"tokens": 150_000}
    spending = f"[[usage input=60000 output=10]] {again}"
    yield Case(
        name="budget", agent=agent, wrong=_ended("failed", "budget"), fields={"task": spending, "budget": budget}
    )


def _wrote(agent: str) -> Callable[[Json], str]:
    def wrong(found: Json) -> str:
        seen = (found["state"], found["answer"], found["changes"]["files"], found["usage"].get("input_tokens"))
        return "" if seen == ("completed", "DONE", [f"{agent}.txt"], 200) else str(seen)

    return wrong


def _found(found: Json) -> str:
    titles = [one["title"] for one in (found["value"] or {}).get("findings", ())]
    return "" if (found["state"], titles) == ("completed", ["A hole"]) else f"{found['state']} {found['reason']}"


def _kept_out(found: Json) -> str:
    return str(found["changes"]["files"]) if found["changes"]["files"] else ""


def _ended(state: str, words: str) -> Callable[[Json], str]:
    def wrong(found: Json) -> str:
        right = found["state"] == state and words in (found["reason"] or "")
        return "" if right else f"{found['state']}: {found['reason']}"

    return wrong


def model_of(agent: str) -> dict[str, str]:
    return {"model": "mock-model"} if agent == "claude" else {}


def told(chosen: Sequence[Case], there: Place, *, at_once: int) -> list[Json]:
    """Run the cases as tasks of one run; return what came of each."""
    # Without a description the beginning of its text would be it, which stands in the briefs of the others.
    tasks = [{"id": case.id, "description": case.id, "agent": case.agent, **case.fields} for case in chosen]
    found = there.run(*tasks, flags=("-j", str(at_once))) if tasks else {}
    lines = [
        {"case": case.id, "wrong": case.wrong(found[case.id]), "seconds": found[case.id]["seconds"]} for case in chosen
    ]
    if (there.tree / "made.txt").exists():
        lines.append({"case": "read-only", "wrong": "a file was made in the user's tree"})
    return lines


def exampled() -> Json:
    """Run the five tasks of the guide by all four, land them through the gate; say what is not as the guide says."""
    page = (ROOT / "docs" / "guides" / "authentication.md").read_text()
    plan = next(block.text for block in blocks(page) if block.saved_as == "auth.yaml")
    with place(example.script()) as there:
        shutil.copytree(ROOT / "docs" / "examples" / "webapp", there.tree, dirs_exist_ok=True)
        for words in (("config", "user.name", "A"), ("config", "user.email", "a@example.org"), ("add", "-A"),
                      ("commit", "-q", "-m", "web")):  # fmt: skip
            subprocess.run(["git", "-C", str(there.tree), *words], check=True)
        (there.tree.parent / "auth.yaml").write_text(plan)
        ran = json.loads(there.forkjoin("run", "-q", "--json", str(there.tree.parent / "auth.yaml")).stdout)
        states = {task["id"]: (task["state"], task["reason"]) for task in ran["tasks"]}
        landed = there.forkjoin("land")
        right = all(state == "completed" for state, _ in states.values()) and ran["tasks"][-1]["findings"] == 2
        right = right and landed.returncode == 0 and "gate: passed" in landed.stdout + landed.stderr
        right = right and not marked(there.state)
        return {"case": "example", "wrong": "" if right else f"{states} {landed.stdout} {landed.stderr}",
                "account": ran["account"]["critical_path"], "spent": ran["spent"]}  # fmt: skip


def stopped(agent: str, there: Place) -> Json:
    """Stop it inside a tool call, daemons of that included; return what of it was left."""
    line = "setsid sleep 7321 & sleep 7321"
    task = {"id": "t", "agent": agent, "task": f'[[bash cmd="{line}"]] [[say X]]'}
    there.forkjoin("run", "-q", "--detach", there.plan(task))
    until, sleeping = time.monotonic() + SLOWEST_S, 0
    while sleeping < 2 and time.monotonic() < until:
        sleeping = sum(_sleeps(pid) for pid in marked(there.state))
        time.sleep(0.2)
    there.forkjoin("stop", "--reason", "enough")
    there.forkjoin("wait")
    state, left = there.shown("t")["state"], marked(there.state)
    wrong = "" if (sleeping >= 2, state, left) == (True, "stopped", []) else f"{sleeping} slept, {state}, left: {left}"
    return {"case": f"stop-{agent}", "wrong": wrong}


def _sleeps(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sleep\x007321")
    except OSError:
        return False


def resumed(agent: str, there: Place) -> Json:
    """Send an ended task a second message: it goes on in its session, in the tree that it has changed."""
    fields = {"agent": agent, "task": "[[write path=one.txt text=x]] [[say FIRST]]"}
    there.run({"id": "t", "description": "two words", **fields})
    there.forkjoin("send", "t", "[[write path=two.txt text=y]] [[say SECOND]]")
    there.forkjoin("wait")
    task = there.shown("t")
    both = [body for prompt, body in there.served.seen.items() if "SECOND" in prompt and "[[say FIRST]]" in body]
    seen = (task["state"], task["answer"], sorted(task["changes"]["files"]), len(both))
    right = seen == ("completed", "SECOND", ["one.txt", "two.txt"], 1)
    return {"case": f"resume-{agent}", "wrong": "" if right else str(seen)}


def telling(agent: str, there: Place) -> Json:
    """Let it print its whole environment; return where what it was given of secrets lies afterwards."""
    says = '[[bash cmd="env"]] [[say DONE]]'
    task = {"agent": agent, "allow_no_change": True, "permission": "full", "task": says}
    found = there.run({"id": "t", "description": "tell", **task})["t"]
    there.forkjoin("export", "--bundle", str(there.tree.parent / "out.tar.gz"))
    secrets = [value.encode() for name, value in there.environ.items() if name.endswith("_KEY")]
    kept = [path for path in there.state.rglob("*") if path.is_file() and "opencode.db" not in path.name]
    hits = [path.name for path in kept if any(secret in path.read_bytes() for secret in secrets)]
    seen = b"".join(path.read_bytes() for path in kept if path.name.startswith("stdout"))
    right = (found["state"], hits, b"PATH=" in seen) == ("completed", [], True)
    return {"case": f"tell-{agent}", "wrong": "" if right else f"{found['state']} {found['reason']} {hits}",
            "masked": seen.count(b"[redacted]")}  # fmt: skip


def crowd(agent: str, there: Place) -> Json:
    """Four of it at once, in a HOME that none has started in before."""
    tasks = [
        {"id": f"t{n}", "description": f"number {n}", "agent": agent, "writes": [f"made-{n}.txt"],
         "task": f"[[write path=made-{n}.txt text=x]] [[say DONE]]"}
        for n in range(4)
    ]  # fmt: skip
    found = there.run(*tasks)
    states = [task["state"] for task in found.values()]
    return {"case": f"four-{agent}", "wrong": "" if states == ["completed"] * 4 else str(found)}


def endless(agent: str, there: Place) -> Json:
    """Let its provider refuse for ever: by 500 it ends in time or waits; by 429 it says until when; a stop ends it."""
    wrong = []
    for status in (429, 500):
        task = {"id": "t", "agent": agent, "task": f"[[fail {status}]] [[say X]]", "writes": [], "timeout": 90}
        there.forkjoin("run", "-q", "--detach", there.plan(task))
        until, seen = time.monotonic() + SLOWEST_S, ("", "")
        while seen[0] not in ("limited", "timed_out", "failed") and time.monotonic() < until:
            time.sleep(0.5)
            found = there.shown("t")
            seen = (found["state"], found["reason"] or "")
        there.forkjoin("stop", "--reason", "enough")
        there.forkjoin("wait")
        left = marked(there.state)
        # OpenCode says nothing of its asking again: the deadline comes first, or that it gave up.
        quiet = agent == "opencode" and seen[0] == "timed_out" and "nothing came" in seen[1]
        if left or not (quiet or seen[0] == "limited"):
            wrong.append(f"{status}: {seen}, left: {left}")
    return {"case": f"endless-{agent}", "wrong": "; ".join(wrong)}


def resolved(agent: str, there: Place) -> Json:
    """Let it bring in a change that did not merge, on what was landed; the gate says whether both sides hold."""
    line = "echo hallo > greet.txt; echo bonjour >> greet.txt"
    there.served.script = {"does not merge with them": [("bash", f'cmd="{line}"'), ("say", "BOTH")]}
    there.run(*({"id": word, "agent": "shell", "task": f"echo {word} > greet.txt"} for word in ("hallo", "bonjour")))

    first = there.forkjoin("land")
    then = there.forkjoin("land", "--gate", "grep -q hallo greet.txt && grep -q bonjour greet.txt", "--resolve", agent)
    run = json.loads(there.forkjoin("ls", "--json").stdout)["runs"][-1]["run"]
    shown = ["git", "-C", str(there.tree), "show", f"forkjoin/{run}:greet.txt"]
    text = subprocess.run(shown, capture_output=True, text=True, check=False).stdout
    right = (first.returncode, then.returncode, text) == (3, 0, "hallo\nbonjour\n") and not marked(there.state)
    return {"case": f"resolve-{agent}", "wrong": "" if right else f"{first} {then} {text!r}"}


LOOKS: dict[str, Callable[[str, Place], Json]] = {
    "stop": stopped,
    "resume": resumed,
    "tell": telling,
    "four": crowd,
    "resolve": resolved,
    "endless": endless,
}


def main() -> int:
    """Run what was asked for, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", action="store_true")
    parser.add_argument("--agent", choices=AGENTS)
    parser.add_argument("--only", default="")
    parser.add_argument("-j", dest="at_once", type=int, default=4)
    asked = parser.parse_args()
    trap.enter(sys.argv)
    agents = [asked.agent] if asked.agent else AGENTS
    began = time.monotonic()
    with trap.counting() as names:
        chosen = [case for case in cases() if case.agent in agents and asked.only in case.id]
        with place() as there:
            lines = told([case for case in chosen if case.share or not asked.share], there, at_once=asked.at_once)
            lines.append({"case": "left", "wrong": str(marked(there.state) or "")})
        if asked.share or asked.only in "example":
            lines.append(exampled())
        for name, look in () if asked.share else LOOKS.items():
            for agent in agents:
                if asked.only in f"{name}-{agent}":
                    with place() as there:
                        lines.append(look(agent, there))
    wrong = [line for line in lines if line["wrong"]]
    said = {"cases": len(lines), "wrong": wrong, "seconds": round(time.monotonic() - began, 1), "looked_up": names}
    print(json.dumps({**said, "all": lines}, indent=1))
    return 1 if wrong or names else 0


if __name__ == "__main__":
    sys.exit(main())
