"""Real programs load what `forkjoin install` puts there: the skill, the four agents, the MCP server, the plugin.

    .venv/bin/python tests/realagents/hosts.py [--share] [claude codex opencode pi]

Each program has a HOME of its own with its configuration for the scripted model, as homes.environ writes it. We install
and take all away again: the HOME must be, byte for byte, what it was. We install again, ask the program one thing, and
look at what it told the model: that is what it loaded. What it lists itself is looked at besides;
`--share` leaves that out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crash.looking import repository
from realagents import homes, model

PLUGIN = Path(__file__).resolve().parents[2] / "src" / "forkjoin" / "plugin"
FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
SKILL = "Runs several independent tasks side by side"
AGENT = "forkjoin-security"
LIMIT_S = 600
ASKED = {
    "claude": ("claude", "-p", "--output-format", "stream-json", "--verbose", "--model", "mock-model"),
    "codex": ("codex", "exec", "--json", "--skip-git-repo-check", "-"),
    "opencode": ("opencode", "run", "--format", "json"),
    "pi": ("pi", "--print"),
}
# What a model of each is told of, and what else it lists: a command, and a word of its answer.
TOLD = {
    "claude": (SKILL, AGENT),
    "codex": (SKILL,),
    "opencode": (SKILL, AGENT, "forkjoin_run_tasks"),
    "pi": (SKILL,),
}
LISTED: Mapping[str, Sequence[tuple[tuple[str, ...], str]]] = {
    "claude": (
        (("claude", "plugin", "validate", str(PLUGIN)), "Validation passed"),
        (("claude", "mcp", "add", "forkjoin", "--", "forkjoin", "mcp"), "Added stdio MCP server forkjoin"),
        (("claude", "mcp", "list"), "Connected"),
    ),
    "codex": (
        (("codex", "debug", "prompt-input"), SKILL),
        (("codex", "mcp", "add", "forkjoin", "--", "forkjoin", "mcp"), "Added global MCP server 'forkjoin'"),
        (("codex", "mcp", "list"), "enabled"),
    ),
    "opencode": (
        (("opencode", "debug", "skill"), SKILL),
        (("opencode", "agent", "list"), f"{AGENT} (subagent)"),
        (("opencode", "mcp", "list"), "connected"),
    ),
    "pi": (),
}


def load(host: str, *, lists: bool) -> dict[str, Any]:
    """Install into one program, and return what it shows to have loaded, and whether all went away again."""
    programs = homes.programs()
    assert programs is not None, f"npm install --prefix .agents {' '.join(homes.PINNED)}"
    with tempfile.TemporaryDirectory() as made, model.serving() as served:
        top = Path(made)
        repository(top / "tree")
        environ = homes.environ(top / "home", programs, served.url)
        environ |= {"ENABLE_TOOL_SEARCH": "false", "MCP_CONNECTION_NONBLOCKING": "false", "MCP_TIMEOUT": "60000"}
        environ |= {"FORKJOIN_HOME": str(top / "state"), "PATH": f"{_bin(top)}{os.pathsep}{environ['PATH']}"}
        before = _files(top / "home")
        _run([*FORKJOIN, "install", host], top, environ)
        _run([*FORKJOIN, "install", "--uninstall", host], top, environ)
        found: dict[str, Any] = {"as it was": _files(top / "home") == before}
        installed = _run([*FORKJOIN, "install", host], top, environ)
        found["installed"] = installed.count(": made") + installed.count(": updated")
        answer = _run(ASKED[host], top, environ, prompt="[[say OK]] fan this out")
        bodies = " ".join(served.seen.values())
        found["told"] = {word: word in bodies for word in TOLD[host]}
        if not all(found["told"].values()):
            found["end"] = answer[-1500:]
        found["listed"] = {}
        for argv, word in LISTED[host] if lists else ():
            said = _run(argv, top, environ)
            found["listed"][" ".join(argv[:3])] = word in said or said[-500:]
        _run([*FORKJOIN, "install", "--uninstall", host], top, environ)
        found["gone"] = not [path for path in _files(top / "home") if "skills/forkjoin" in path or AGENT in path]
    return found


def wrong(found: Mapping[str, Any]) -> bool:
    """Whether anything was not loaded, or did not go away."""
    return not (
        found["as it was"] and found["installed"] and all(found["told"].values()) and found["gone"]
        and all(said is True for said in found["listed"].values())
    )  # fmt: skip


def _bin(top: Path) -> Path:
    """Make a folder with a `forkjoin` that is this one."""
    (top / "bin").mkdir()
    program = top / "bin" / "forkjoin"
    program.write_text(f"#!{sys.executable}\nfrom forkjoin.interfaces.cli.main import main\nmain()\n")
    program.chmod(0o755)
    return program.parent


def _run(argv: Sequence[str], top: Path, environ: Mapping[str, str], *, prompt: str = "") -> str:
    try:
        done = subprocess.run(
            argv, cwd=top / "tree", env=dict(environ), input=prompt, capture_output=True, text=True, timeout=LIMIT_S,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"not done after {LIMIT_S} s"
    return done.stdout + done.stderr


def _files(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def main() -> int:
    """Print what each has loaded; return 1 where one has not."""
    given = [word for word in sys.argv[1:] if word != "--share"]
    found = {host: load(host, lists="--share" not in sys.argv) for host in given or ASKED}
    print(json.dumps(found, indent=2))
    return int(any(wrong(one) for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
