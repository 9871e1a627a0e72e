"""Tasks against a provider that answers 30 % of all requests with 529, and now and then everything with 429.

    .venv/bin/python tests/realagents/storm.py [--tasks 20] [--seed N] [--at-once N] [--agent NAME]

The tasks are real processes of a program called `claude`, which speaks as Claude Code does and asks a loopback server
once; it does not try again by itself. So each request that was not needed is one of ours.

With --agent it is that real program (of those that `homes.programs` finds), which tries again by itself, too, as often
as its makers let it; each task takes two requests of it: a file is written, then the answer comes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from realagents import homes, model

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
SHARE, BURST_S, BURST_EACH = 0.3, 1.0, 7  # of 529; how long a burst of 429 is; answers between two bursts
PROGRAM = """#!{python} -IS
import json, os, sys, urllib.error, urllib.request
if "--version" in sys.argv:
    print("2.1.330 (Claude Code)")
    sys.exit()
sys.stdin.read()
say = lambda **said: print(json.dumps({{"session_id": "s", **said}}), flush=True)
say(type="system", subtype="init")
try:
    answer = urllib.request.urlopen(urllib.request.Request(os.environ["ANTHROPIC_BASE_URL"], data=b"x"), timeout=30)
    usage = {{"input_tokens": 100, "output_tokens": 10}}
    say(type="result", subtype="success", is_error=False, result="DONE", total_cost_usd=0.01, usage=usage)
except urllib.error.HTTPError as error:
    text = "API Error: %d %s" % (error.code, error.read().decode())
    usage = {{"input_tokens": 0, "output_tokens": 0}}
    told = {{"api_error_status": error.code, "result": text, "total_cost_usd": 0.0, "usage": usage}}
    say(type="result", subtype="success", is_error=True, **told)
    sys.exit(1)
"""


@dataclass
class Storm:
    """The provider: what it answered, how many asked at once at most, and when its next burst is over."""

    luck: random.Random
    answered: Counter[int] = field(default_factory=Counter)
    bursts: int = 0
    calm: int = 0
    until: float = 0.0
    there: int = 0
    peak: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self) -> tuple[int, str]:
        """Return the status of the next answer, and what it says."""
        with self.lock:
            status, said = self._next(time.monotonic())
            self.answered[status] += 1
            return status, said

    def _next(self, now: float) -> tuple[int, str]:
        if now < self.until:
            return 429, f"rate limited, retry after {self.until - now:.1f} s"
        if self.calm == BURST_EACH:
            self.calm, self.until, self.bursts = 0, now + BURST_S, self.bursts + 1
            return 429, f"rate limited, retry after {BURST_S:.1f} s"
        self.calm += 1
        return (529, "Overloaded") if self.luck.random() < SHARE else (200, "{}")


@contextmanager
def storming(seed: int) -> Iterator[Storm]:
    """Serve on a free port of loopback inside the block."""
    storm = Storm(luck=random.Random(seed))

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_POST(self) -> None:
            with storm.lock:
                storm.there += 1
                storm.peak = max(storm.peak, storm.there)
            time.sleep(0.2)
            status, said = storm.answer()
            with storm.lock:
                storm.there -= 1
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    storm.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield storm
    finally:
        server.shutdown()
        server.server_close()


def environ(top: Path, url: str) -> dict[str, str]:
    """Return the environment of a run whose `claude` asks the server at *url*; makes that program below *top*."""
    program = top / "bin" / "claude"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    (top / "home").mkdir(exist_ok=True)
    return {
        "PATH": os.pathsep.join((str(program.parent), os.environ["PATH"])), "HOME": str(top / "home"),
        "LANG": "C.UTF-8", "FORKJOIN_HOME": str(top / "state"), "ANTHROPIC_API_KEY": "sk-ant-mock",
        "ANTHROPIC_BASE_URL": url,
    }  # fmt: skip


def trial(top: Path, *, tasks: int, seed: int, at_once: int, agent: str = "") -> dict[str, Any]:
    """Run so many tasks through the storm, by the scripted program or a real *agent*; return what came of them."""
    tree = top / "tree"
    tree.mkdir()
    plan = top / "plan.json"
    cap = {"max_parallel": at_once} if agent else {"limits": {"providers": {"anthropic": at_once}}}
    plan.write_text(json.dumps({**cap, "tasks": [_task(n, agent) for n in range(tasks)]}))
    with _sky(top, seed, agent) as (storm, environment):
        done = subprocess.run(
            [*FORKJOIN, "run", "--json", "-q", "--attach", "-C", str(tree), str(plan)],
            env=environment, capture_output=True, text=True, timeout=1700 if agent else 170,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    found = json.loads(done.stdout)
    asked, needed = sum(storm.answered.values()), tasks * (2 if agent else 1)
    ideal = needed / (1 - SHARE) + storm.bursts  # who knew of each burst from the first 429 alone
    completed = sum(task["state"] == "completed" for task in found["tasks"])
    return {
        "agent": agent or "scripted", "tasks": tasks, "completed": completed, "exit": found["exit"],
        "requests": asked, "by_status": dict(sorted(storm.answered.items())), "bursts": storm.bursts,
        "ideal": round(ideal, 1), "ratio": round(asked / ideal, 2), "per_task": round(asked / tasks, 2),
        "peak": storm.peak or None, "wall_s": round(found["account"]["wall_s"], 1), "spent": found["spent"],
        "lost": found["account"]["lost"], "reasons": sorted({str(task["reason"]) for task in found["tasks"]}),
    }  # fmt: skip


def _task(n: int, agent: str) -> dict[str, Any]:
    if not agent:
        return {"id": f"t{n:02}", "agent": "claude", "task": "x", "writes": []}
    does = f"[[write path=made-{n}.txt text=x]] [[say DONE]]"
    return {"id": f"t{n:02}", "description": f"number {n}", "agent": agent, "task": does,
            "writes": [f"made-{n}.txt"]}  # fmt: skip


@contextmanager
def _sky(top: Path, seed: int, agent: str) -> Iterator[tuple[Storm, dict[str, str]]]:
    """Give the storm, and the environment of a run whose agents ask the provider under it."""
    if not agent:
        with storming(seed) as storm:
            yield storm, environ(top, storm.url)
        return
    programs = homes.programs()
    assert programs is not None, f"npm install --prefix .agents {' '.join(homes.PINNED)}"
    storm = Storm(luck=random.Random(seed))
    with model.serving(weather=storm.answer) as served:
        around = homes.environ(top / "home", programs, served.url, patient=True)
        yield storm, around | {"FORKJOIN_HOME": str(top / "state")}


def main() -> int:
    """Run one trial, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=5)
    parser.add_argument("--agent", default="", choices=("", "claude", "codex", "opencode", "pi"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as top:
        found = trial(Path(top), tasks=asked.tasks, seed=asked.seed, at_once=asked.at_once, agent=asked.agent)
    print(json.dumps(found, indent=2))
    return 0 if found["completed"] == asked.tasks and found["ratio"] <= 1.5 else 1


if __name__ == "__main__":
    sys.exit(main())
