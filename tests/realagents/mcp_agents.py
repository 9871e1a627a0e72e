"""Real agents as the tasks of an MCP client: launched, left, collected, told more, and held by the server's budget.

    .venv/bin/python tests/realagents/mcp_agents.py [--share] [claude codex opencode pi]

The client is the package's own, the server `forkjoin mcp` over stdio, the model a scripted one on loopback; a HOME of
their own. `--share` leaves the budget out. Prints JSON: what was seen of each agent, and under `wrong` what was not as
it is to be; returns 1 where that is anything.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crash.looking import repository
from realagents import homes, model

PROGRAM = ("-c", "from forkjoin.interfaces.cli.main import main; main()", "mcp")
AGENTS = ("claude", "codex", "opencode", "pi")
SPENDER = "claude"  # says what it cost as it goes
ENDLESS = "[[usage input=60000 output=10]] " + " ".join(f'[[bash cmd="echo {n}"]]' for n in range(40))
Json = dict[str, Any]


class Door:
    """Calls tools of one server; keeps what it was told of progress."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.told: list[tuple[float, float | None]] = []

    async def call(self, name: str, **arguments: Any) -> Json:
        """Return what a tool answers, typed; its words under `said` where it is an error."""

        async def tell(done: float, of: float | None, _: str | None) -> None:
            self.told.append((done, of))

        found = await self._client.call_tool(name, arguments, progress_callback=tell)
        answer: Json = {"said": found.content[0].text} if found.is_error else found.structured_content
        return answer

    async def collect(self, ids: str) -> list[Json]:
        """Fetch tasks as often as it takes."""
        while (found := await self.call("task_output", task_id=ids))["retrieval_status"] == "timeout":
            pass
        tasks: list[Json] = found["tasks"]
        return tasks

    async def log(self, run: str, task: str) -> str:
        """Return the resource of a task's log."""
        return str((await self._client.read_resource(f"forkjoin://runs/{run}/tasks/{task}/log")).contents[0].text)


@asynccontextmanager
async def door(tree: Path, environ: Mapping[str, str], *flags: str) -> AsyncIterator[Door]:
    """Give a client of a server of its own."""
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    given = StdioServerParameters(command=sys.executable, args=[*PROGRAM, *flags], cwd=tree, env=dict(environ))
    with Path(os.devnull).open("w") as nowhere:
        async with Client(stdio_client(given, errlog=nowhere)) as connected:
            yield Door(connected)


async def talk(agent: str, tree: Path, environ: Mapping[str, str]) -> Json:
    """Launch two tasks and leave; come back, collect, tell one more, and collect that."""
    asked = [{"id": f"t{n}", "agent": agent, "prompt": f"[[say FIRST-{n}]]", "writes": []} for n in range(2)]
    async with door(tree, environ) as first:
        started = await first.call("run_tasks", tasks=asked)
    if "said" in started:
        return {"started": started["said"]}
    async with door(tree, environ) as later:
        brought = await later.collect(started["run"])
        sent = await later.call("task_send", task_id=f"{started['run']}/t1", message="[[say SECOND]]")
        (more,) = await later.collect(f"{started['run']}/t1")
        log = await later.log(started["run"], "t1")
    return {
        "brought": [(task["status"], task["text"].strip()) for task in brought],
        "sent": sent.get("message", sent.get("said")),
        "more": (more["status"], more["text"].strip()),
        "log": "SECOND" in log,
        "progress": later.told[-1:] == [(1, 1)],
    }


async def spend(tree: Path, environ: Mapping[str, str]) -> Json:
    """Launch what spends more than the server's budget, then ask for more."""
    task = {"agent": SPENDER, "prompt": ENDLESS, "writes": ["made.txt"]}
    async with door(tree, environ, "--budget", "0.5usd") as held:
        above = await held.call("run_tasks", tasks=[task], budget_usd=2)
        started = await held.call("run_tasks", tasks=[task])
        if "said" in started:
            return {"above": above.get("said", ""), "ended": ("refused", started["said"]), "usd": None, "again": ""}
        (ended,) = await held.collect(started["run"])
        again = await held.call("run_tasks", tasks=[task])
    return {
        "above": above.get("said", ""), "ended": (ended["status"], ended["reason"]), "usd": ended["usage"].get("usd"),
        "again": again.get("said", ""),
    }  # fmt: skip


def wrong(found: Json) -> list[str]:
    """Return what is not as it is to be."""
    right = {
        "brought": [("completed", "FIRST-0"), ("completed", "FIRST-1")], "more": ("completed", "SECOND"), "log": True,
        "progress": True,
    }  # fmt: skip
    bad = [
        f"{agent}: {key} {seen.get(key)}"
        for agent, seen in found.items() if agent != "budget"
        for key, value in right.items() if seen.get(key) != value
    ]  # fmt: skip
    if spent := found.get("budget"):
        bad += [f"budget: {key} {spent[key]}" for key in ("above", "again") if "--budget" not in spent[key]]
        if spent["ended"][0] != "failed" or "budget" not in spent["ended"][1] or (spent["usd"] or 0) >= 2:
            bad.append(f"budget: {spent['ended']} {spent['usd']}")
    return bad


async def trial(agents: tuple[str, ...], *, budget: bool) -> Json:
    """Return what was seen of each agent, and of the budget."""
    programs = homes.programs()
    assert programs is not None, f"npm install --prefix .agents {' '.join(homes.PINNED)}"
    with tempfile.TemporaryDirectory() as made, model.serving() as served:
        top = Path(made)
        repository(top / "tree")
        environ = homes.environ(top / "home", programs, served.url) | {"FORKJOIN_HOME": str(top / "state")}
        found = {agent: await talk(agent, top / "tree", environ) for agent in agents}
        if budget:
            found["budget"] = await spend(top / "tree", environ)
        return found


def main() -> int:
    """Print what was seen; return 1 where anything is wrong."""
    agents = tuple(word for word in sys.argv[1:] if not word.startswith("-")) or AGENTS
    found = asyncio.run(trial(agents, budget="--share" not in sys.argv))
    bad = wrong(found)
    print(json.dumps({"wrong": bad, **found}, indent=2))
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
