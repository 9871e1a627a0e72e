"""How soon `forkjoin mcp` answers over stdio, beside a bare server with one tool of the same package, in pairs.

    .venv/bin/python bench/mcp_ready.py [PAIRS] [--json]

From the start of the process to the answer of `initialize`, to that of `tools/list`, to that of a launch of five tasks
that is asked for right behind it, and to that of a call that needs all that is loaded: seconds, and CPU seconds of the
process until then (of Linux, to 10 ms). The bare server launches nothing. The aim is `initialize` within 1.5 s.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring import told

AIM_S = 1.5
BARE = """
import asyncio, mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
async def tools(ctx, params):
    return types.ListToolsResult(tools=[types.Tool(name="agents", description="One.", input_schema={"type": "object"})])
async def call(ctx, params):
    return types.CallToolResult(content=[types.TextContent(type="text", text="one")])
server = Server("bare", version="1", on_list_tools=tools, on_call_tool=call)
async def main():
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
asyncio.run(main())
"""
OURS = """
import sys
sys.argv = ["forkjoin", "mcp", "--max-permission", "full"]
from forkjoin.interfaces.cli.main import main
main()
"""
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
TASKS = [{"shell": f"echo {number}", "writes": []} for number in range(5)]
ASKED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("initialize", "initialize", HELLO), ("tools/list", "tools/list", {}),
    ("a launch", "tools/call", {"name": "run_tasks", "arguments": {"tasks": TASKS}}),
    ("another call", "tools/call", {"name": "agents", "arguments": {}}),
)  # fmt: skip


def main() -> int:
    """Measure and print; return 1 where the aim is missed."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("pairs", nargs="?", type=int, default=5)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    pairs = given.pairs
    mine, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        answered(OURS, folder), answered(BARE, folder)  # warm the caches of both
        for _ in range(pairs):
            mine.append(answered(OURS, folder))
            theirs.append(answered(BARE, folder))
    rows = [
        {
            "answered": what,
            "forkjoin s": middle(mine, number, 0), "bare s": middle(theirs, number, 0),
            "forkjoin CPU s": middle(mine, number, 1), "bare CPU s": middle(theirs, number, 1),
            "CPU ratio": statistics.median(
                ours[number][1] / max(bare[number][1], 0.01) for ours, bare in zip(mine, theirs, strict=True)
            ),
        }
        for number, (what, *_) in enumerate(ASKED)
    ]  # fmt: skip
    told(rows, as_json=given.json, notes=[f"Medians of {pairs} pairs; aim: initialize within {AIM_S} s."])
    return 0 if middle(mine, 0, 0) <= AIM_S else 1


def answered(program: str, folder: str) -> list[tuple[float, float]]:
    """Return the seconds and CPU seconds at each answer of one server."""
    environ = dict(os.environ) | {"FORKJOIN_HOME": f"{folder}/state"}
    at = time.monotonic()
    server = subprocess.Popen(
        [sys.executable, "-c", program], cwd=folder, env=environ, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    found = []
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        for number, (_, method, params) in enumerate(ASKED):
            line = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            server.stdin.write(json.dumps(line) + "\n")
            if method == "initialize":
                server.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
            server.stdin.flush()
            answer = json.loads(server.stdout.readline())
            assert "result" in answer, answer
            found.append((time.monotonic() - at, cpu_s(server.pid)))
        server.stdin.close()
    return found


def cpu_s(pid: int) -> float:
    """Return the user and system seconds of a process so far; 0 where the machine does not say."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    words = stat.read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def middle(measured: list[list[tuple[float, float]]], number: int, which: int) -> float:
    """Return the median of one figure."""
    return statistics.median(one[number][which] for one in measured)


if __name__ == "__main__":
    sys.exit(main())
