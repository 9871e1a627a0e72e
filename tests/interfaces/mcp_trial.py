"""The trial of the MCP door: launch five tasks of three seconds in one call, leave, come back as another process.

    .venv/bin/python tests/interfaces/mcp_trial.py           figures as JSON, over stdio and over HTTP

A client launches a second after it was greeted, as a model thinks; over stdio also `at once`: nothing is loaded then.

Real servers, the package's own client, each client in a process of its own. Only loopback is used.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
TASKS, SECONDS = 5, 3
TOKEN = "a-made-up-token-of-a-trial"


@asynccontextmanager
async def client(tree: Path, url: str) -> AsyncIterator[Any]:
    """Give a client of the server at *url*, or of one of its own over stdio where that is empty."""
    import httpx2
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client

    if url:
        http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"})
        async with Client(streamable_http_client(url, http_client=http)) as connected:
            yield connected
        return
    given = StdioServerParameters(
        command=PROGRAM[0], args=[*PROGRAM[1:], "mcp", "--max-permission", "full"], cwd=tree, env=dict(os.environ)
    )
    with Path(os.devnull).open("w") as nowhere:
        async with Client(stdio_client(given, errlog=nowhere)) as connected:
            yield connected


async def launch(tree: Path, url: str, think_s: float) -> dict[str, Any]:
    """Launch all in one call and leave."""
    tasks = [
        {"id": f"t{n}", "description": f"Sleep {n}", "shell": f"sleep {SECONDS}; echo answer {n}", "writes": []}
        for n in range(TASKS)
    ]
    at = time.monotonic()
    async with client(tree, url) as connected:
        ready = time.monotonic() - at
        await asyncio.sleep(think_s)
        at = time.monotonic()
        started = (await connected.call_tool("run_tasks", {"tasks": tasks})).structured_content
        ids = time.monotonic() - at
    return {
        "run": started["run"],
        "ids": [task["task_id"] for task in started["tasks"]],
        "ready_s": ready,
        "ids_s": ids,
    }


async def collect(tree: Path, url: str, ids: list[str]) -> dict[str, Any]:
    """Fetch all by their ids, as often as it takes."""
    async with client(tree, url) as connected:
        status = "timeout"
        while status != "success":
            found = (await connected.call_tool("task_output", {"task_id": ids})).structured_content
            status = found["retrieval_status"]
    return {"texts": [task["text"] for task in found["tasks"]], "states": [task["status"] for task in found["tasks"]]}


def step(tree: Path, environ: dict[str, str], *words: str) -> dict[str, Any]:
    """Do one client's part in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, *words],
        cwd=tree,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def http_server(tree: Path, environ: dict[str, str], *flags: str) -> Iterator[str]:
    """Serve over HTTP on a free port inside the block; give the address."""
    server = subprocess.Popen(
        [*PROGRAM, "mcp", "--http", "0", "--max-permission", "full", *flags],
        cwd=tree, env=environ | {"FORKJOIN_MCP_TOKEN": TOKEN}, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert server.stderr is not None
        address = next(found[1] for line in server.stderr if (found := re.search(r"(http://\S+/mcp)", line)))
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stderr.close()  # type: ignore[union-attr]


def trial(top: Path, environ: dict[str, str], how: str) -> dict[str, Any]:
    """Launch and leave, then collect; return figures."""
    tree = top / f"tree-{how}"
    tree.mkdir()
    if how == "http":
        with http_server(tree, environ) as url:
            return _trial(tree, environ, url)
    return _trial(tree, environ, "", think_s=0 if how == "at once" else 1)


def _trial(tree: Path, environ: dict[str, str], url: str, *, think_s: float = 1) -> dict[str, Any]:
    launched = step(tree, environ, "launch", url, str(think_s))
    collected = step(tree, environ, "collect", url, *launched["ids"])
    told = subprocess.run(
        [*PROGRAM, "explain", "--json", launched["run"]],
        cwd=tree,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    account = json.loads(told.stdout)["account"]
    return {
        "ready_s": round(launched["ready_s"], 2),
        "ids_s": round(launched["ids_s"], 3),
        "run_s": round(account["wall_s"], 2),
        "sum_s": round(account["sum_s"], 2),
        "texts": collected["texts"],
        "states": collected["states"],
    }


def main() -> None:
    """Do a client's part, or all of it."""
    if len(sys.argv) > 1:
        verb, url, *more = sys.argv[1:]
        part = launch(Path.cwd(), url, float(more[0])) if verb == "launch" else collect(Path.cwd(), url, more)
        print(json.dumps(asyncio.run(part)))
        return
    with tempfile.TemporaryDirectory() as top:
        environ = dict(os.environ) | {"FORKJOIN_HOME": f"{top}/state"}
        print(json.dumps({how: trial(Path(top), environ, how) for how in ("stdio", "at once", "http")}, indent=2))


if __name__ == "__main__":
    main()
