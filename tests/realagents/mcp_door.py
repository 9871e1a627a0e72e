"""Real agent programs that call forkjoin by MCP: each launches three tasks in one call and fetches one of them.

    .venv/bin/python tests/realagents/mcp_door.py [claude codex opencode names]

`names`: Claude Code, of a server with `--names claude`, calls Task and TaskOutput as it calls its own.

The programs lie where `homes.programs` looks; a scripted model on loopback tells them what to call. Nothing of the
user's is read: a HOME of their own, made-up keys, telemetry off. Prints JSON: what each saw, and how the run ended.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crash.looking import repository
from realagents import homes, model

SERVER = [
    sys.executable,
    "-c",
    "from forkjoin.interfaces.cli.main import main; main()",
    "mcp",
    "--max-permission",
    "full",
]
TASKS = [{"id": f"t{n}", "shell": f"sleep 1; echo answer-{n}", "writes": []} for n in range(3)]
PROMPT = (
    f"[[call run_tasks {json.dumps({'tasks': TASKS})}]] "
    f"[[call task_output {json.dumps({'task_id': 't2', 'timeout': 40000})}]] [[say DONE]]"
)
NAMES = (
    f"[[call mcp__forkjoin__Task {json.dumps({'tasks': TASKS})}]] "
    f"[[call mcp__forkjoin__TaskOutput {json.dumps({'task_id': 't2', 'block': True, 'timeout': 40000})}]] [[say DONE]]"
)
ASKED = ("claude", "codex", "opencode", "names")
LIMIT_S = 300
# Claude Code asks the model before its servers are there, and hides their tools behind a search, unless it is told so.
CLAUDE_CODE = {"ENABLE_TOOL_SEARCH": "false", "MCP_CONNECTION_NONBLOCKING": "false", "MCP_TIMEOUT": "60000"}


def command(agent: str, top: Path, state: str) -> list[str]:
    """Return an agent's command line with our server in it."""
    flags = ["--names", "claude"] if agent == "names" else []
    server = {"command": SERVER[0], "args": [*SERVER[1:], *flags], "env": {"FORKJOIN_HOME": state}}
    if agent in ("claude", "names"):
        (top / "mcp.json").write_text(json.dumps({"mcpServers": {"forkjoin": server}}))
        return ["claude", "-p", "--output-format", "stream-json", "--verbose", "--model", "mock-model",
                "--strict-mcp-config", "--mcp-config", str(top / "mcp.json"),
                "--allowedTools", "mcp__forkjoin"]  # fmt: skip
    if agent == "codex":
        given = {"command": server["command"], "args": server["args"], "env.FORKJOIN_HOME": state,
                 "default_tools_approval_mode": "approve", "startup_timeout_sec": 60, "required": True}  # fmt: skip
        flags = [
            word for key, value in given.items() for word in ("-c", f"mcp_servers.forkjoin.{key}={json.dumps(value)}")
        ]
        return ["codex", "exec", "--json", "--skip-git-repo-check", *flags, "-"]
    path = top / "home" / ".config" / "opencode" / "opencode.json"
    config = json.loads(path.read_text())
    config["mcp"] = {
        "forkjoin": {"type": "local", "command": SERVER, "environment": {"FORKJOIN_HOME": state}, "enabled": True}
    }
    path.write_text(json.dumps(config))
    return ["opencode", "run", "--format", "json"]


def call(agent: str) -> dict[str, Any]:
    """Run one agent; return whether it fetched the answer, and how the tasks of the run ended."""
    programs = homes.programs()
    assert programs is not None, f"npm install --prefix .agents {' '.join(homes.PINNED)}"
    with tempfile.TemporaryDirectory() as made, model.serving() as served:
        top = Path(made)
        repository(top / "tree")
        environ = homes.environ(top / "home", programs, served.url) | CLAUDE_CODE
        state = str(top / "state")
        done = subprocess.run(
            command(agent, top, state), cwd=top / "tree", env=environ, input=NAMES if agent == "names" else PROMPT,
            capture_output=True, text=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip
        told = subprocess.run(
            [*SERVER[:3], "wait", "--json"], cwd=top / "tree", env=environ | {"FORKJOIN_HOME": state},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        run = json.loads(told.stdout)["runs"][0] if told.returncode == 0 else {}
    # As the tool said it, within JSON: some programs hand the model its words, some its structured content.
    fetched = re.search(r'(<output>|text\\*":\s*\\*")(\\+n)?answer-2', done.stdout) is not None
    seen = {"code": done.returncode, "fetched": fetched, "done": "DONE" in done.stdout.rpartition("answer-2")[2]}
    if not (fetched and run.get("tasks")):
        seen["end"] = (done.stdout[-1500:] + done.stderr[-1500:]) + told.stderr
    return {**seen, "states": [task["state"] for task in run.get("tasks", [])]}


def main() -> None:
    """Print what each saw."""
    print(json.dumps({agent: call(agent) for agent in sys.argv[1:] or ASKED}, indent=2))


if __name__ == "__main__":
    main()
