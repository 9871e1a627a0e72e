"""Agent `opencode`: OpenCode, `opencode run --format json`.

Read off runs of version 1.18.33. It retries in silence for as long as it lives, so the task's deadline is the only one;
a refused tool ends it with exit code 0 and without a word. Four that start at once on a new machine race for one
database, so each attempt has its own; log-ins lie elsewhere and are the user's.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from forkjoin.agents.coding import Coding, process, temporary
from forkjoin.agents.dialect import Site
from forkjoin.agents.features import UNWALLED, By
from forkjoin.agents.records import (
    Record,
    count_at,
    dollars,
    files_of,
    inside,
    number_at,
    tables_at,
    text_at,
    tool_line,
)
from forkjoin.agents.said import CUT_OFF, Action, Answered, Denied, Over, Said, Session, Spent, Turn
from forkjoin.agents.seeing import Places, Seen, read_settings, servers_at
from forkjoin.agents.streaming import StreamDialect, nothing
from forkjoin.agents.troubles import trouble
from forkjoin.model import Permission, Process, Task, Usage

_PERMISSIONS: dict[Permission, dict[str, str | dict[str, str]]] = {
    "read-only": {"edit": "deny", "bash": "deny", "external_directory": "deny", "question": "deny"},
    "workspace-write": {"external_directory": {"*": "deny", "TMPDIR/*": "allow"}, "question": "deny"},
    "full": {"question": "deny"},
}
_DENIED = re.compile(r"rejected permission|prevents you from using|permission (?:was )?denied by", re.IGNORECASE)
_NAMED = re.compile(r"\{env:(\w+)\}$")
_FEATURES: Mapping[str, tuple[By, str]] = {
    "resume": ("program", "--session"),
    "read-only": ("program", "its permissions: edits and the shell denied"),
    "workspace-write": ("program", "its permissions: folders outside denied"),
    "sandbox": UNWALLED,
    "effort": ("program", "--variant"),
    "cost": ("program", "with each step"),
}


def _servers(home: Path, own: Path, tree: Path) -> Iterator[Seen]:
    del home
    for folder in (own, tree, tree / ".opencode"):
        yield from servers_at(folder / "opencode.json", "mcp")


def _keys(own: Path) -> Iterator[str]:
    """Yield the variables that its providers' keys are in; "" for a key that stands there."""
    for provider in tables_at(read_settings(own / "opencode.json"), "provider"):
        if key := text_at(provider, "options", "apiKey"):
            yield found[1] if (found := _NAMED.match(key)) else ""


class OpencodeDialect(StreamDialect):
    """It has no caps and no structured output of its own; prompts come on stdin, for it re-quotes its arguments."""

    name = "opencode"
    permits = {  # noqa: RUF012 - read, never changed
        may: f"--auto, with OPENCODE_PERMISSION={json.dumps(words)}" for may, words in _PERMISSIONS.items()
    }
    reopens = ("--session",)
    coding = Coding(
        program="opencode",
        keys=("OPENCODE_*", "ANTHROPIC_*", "OPENAI_*", "GEMINI_*", "GOOGLE_*", "OPENROUTER_*", "GROQ_*", "XAI_*",
              "DEEPSEEK_*", "MISTRAL_*", "AWS_*", "AZURE_*", "GITHUB_TOKEN"),
        sets={"OPENCODE_DISABLE_AUTOUPDATE": "1"},
        install="npm install -g opencode-ai",
        login="run `opencode auth login`",
        logins={"ANTHROPIC_API_KEY": "key", "OPENAI_API_KEY": "key", "OPENROUTER_API_KEY": "key"},
        login_files={"~/.local/share/opencode/auth.json": "subscription or key"},
        features=_FEATURES,
        places=Places(
            home=".config/opencode", moved_by="OPENCODE_CONFIG_DIR", servers=_servers, keys=_keys,
            own=(("settings", "opencode.json"), ("settings", "opencode.jsonc"), ("instructions", "AGENTS.md"),
                 ("skill", "skill*/*/SKILL.md")),
            project=(("settings", "opencode.json"), ("settings", "opencode.jsonc"),
                     ("settings", ".opencode/opencode.json"), ("instructions", "AGENTS.md"),
                     ("skill", ".opencode/skill*/*/SKILL.md"), ("skill", ".claude/skills/*/SKILL.md")),
        ),
        at_once=5,  # each burns nine CPU seconds and 0.6 GB before its first request
    )  # fmt: skip

    def invocation(self, task: Task, site: Site) -> Process:
        """Return one headless turn; a session that *site* names goes on."""
        argv = ["opencode", "run", "--format", "json", "--auto", "--title", str(task.id)]
        argv += ["--model", task.model] if task.model else []
        argv += ["--variant", task.effort] if task.effort else []
        argv += ["--session", site.session] if site.session else []
        may = json.dumps(_PERMISSIONS[task.may]).replace("TMPDIR", json.dumps(temporary(site.environ))[1:-1])
        sets = {"OPENCODE_PERMISSION": may}
        if "OPENCODE_DB" not in site.environ:
            sets["OPENCODE_DB"] = f"{site.home}/opencode.db"
        return process(task, site, tuple(argv), self.coding, sets=sets)

    def terminal(self, session: str, home: str) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return the program that shows a session, with the database of its task."""
        argv, _ = super().terminal(session, home)
        return argv, {"OPENCODE_DB": os.environ.get("OPENCODE_DB", f"{home}/opencode.db")}


def _step(found: Record) -> Iterable[Said]:
    yield Session(id=text_at(found, "sessionID"))


def _text(found: Record) -> Iterable[Said]:
    said = text_at(found, "part", "text")
    yield Answered(text=said, message=text_at(found, "part", "messageID"))
    yield Action(text=said)


def _tool(found: Record) -> Iterable[Said]:
    name, state = text_at(found, "part", "tool"), inside(found, "part", "state")
    about = inside(state, "input")
    action = Action(text=tool_line(name, about), files=files_of(about) if text_at(state, "status") != "error" else ())
    yield action
    if text_at(state, "status") == "error" and _DENIED.search(text_at(state, "error")):
        yield Denied(action=action.text)


def _finished(found: Record) -> Iterable[Said]:
    tokens = inside(found, "part", "tokens")
    cached = [count_at(tokens, "cache", name) or 0 for name in ("read", "write")]
    read = count_at(tokens, "input")
    usage = Usage(
        input_tokens=None if read is None else read + sum(cached),
        output_tokens=count_at(tokens, "output"),
        usd=dollars(number_at(found, "part", "cost"), read, count_at(tokens, "output"), *cached),
    )
    yield Spent(usage=usage)
    yield Turn()
    match text_at(found, "part", "reason"):
        case "stop":
            yield Over()
        case "length":
            yield CUT_OFF
        case _:
            pass


def _error(found: Record) -> Iterable[Said]:
    yield Session(id=text_at(found, "sessionID"))
    said = text_at(found, "error", "data", "message") or text_at(found, "error", "name")
    yield trouble(said, status=count_at(found, "error", "data", "statusCode"))


_READERS = {
    "step_start": _step, "text": _text, "reasoning": nothing, "tool_use": _tool, "step_finish": _finished,
    "error": _error,
}  # fmt: skip
OpencodeDialect.readers = _READERS
