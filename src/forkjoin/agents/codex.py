"""Agent `codex`: Codex CLI, `codex exec`, by its stream of JSON lines.

Read off runs of version 0.169.0. A refused or failed command does not change its exit code; an item of type `error` is
only a warning, `turn.failed` is the error. It has no cap for turns or money: both are counted from outside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from forkjoin.agents.coding import Coding, process, schema_of
from forkjoin.agents.dialect import Ended, Judgement, Site
from forkjoin.agents.features import AT_ITS_END, By
from forkjoin.agents.records import Record, count_at, inside, objects_at, text_at
from forkjoin.agents.said import Action, Answered, Denied, Over, Said, Session, Spent, Turn
from forkjoin.agents.seeing import Places, Seen, read_settings, servers_at
from forkjoin.agents.streaming import StreamDialect, nothing
from forkjoin.agents.strict import strict
from forkjoin.agents.troubles import trouble
from forkjoin.model import Permission, Process, Task, Usage

_PERMISSIONS: dict[Permission, tuple[str, ...]] = {
    "read-only": ("-c", 'sandbox_mode="read-only"', "-c", 'approval_policy="never"'),
    "workspace-write": ("-c", 'sandbox_mode="workspace-write"', "-c", 'approval_policy="never"'),
    "full": ("--dangerously-bypass-approvals-and-sandbox",),
}
_TOOLS = ("command_execution", "file_change", "mcp_tool_call", "web_search")
_DENIED = ("declined", "denied", "rejected")
# A command that its sandbox stops fails in the command's own words; of a patch it tells its stderr alone.
_WALL = re.compile(r"Read-only file system|Operation not permitted|^bwrap: ", re.MULTILINE)
_PATCH = re.compile(rb"patch rejected: [^;\n]{1,200}")
_FEATURES: Mapping[str, tuple[By, str]] = {
    "budget in dollars": ("none", "it says no dollars"),
    "budget in tokens": AT_ITS_END,
    "JSON by schema": ("program", "--output-schema, where the schema can be made strict"),
    "resume": ("program", "exec resume"),
    "read-only": ("program", "its sandbox"),
    "workspace-write": ("program", "its sandbox"),
    "sandbox": ("program", "the workspace and the folder for temporary files"),
    "effort": ("program", "model_reasoning_effort"),
    "cost": ("none", "it says no dollars"),
}


def _servers(home: Path, own: Path, tree: Path) -> Iterator[Seen]:
    del home
    yield from servers_at(own / "config.toml", "mcp_servers")
    yield from servers_at(tree / ".codex" / "config.toml", "mcp_servers")


def _keys(own: Path) -> Iterator[str]:
    """Yield the variable that the chosen provider's key is in; one that needs no OpenAI log-in may have none."""
    settings = read_settings(own / "config.toml")
    chosen = inside(settings, "model_providers", text_at(settings, "model_provider"))
    if isinstance(chosen, dict) and (text_at(chosen, "env_key") or not inside(chosen, "requires_openai_auth")):
        yield text_at(chosen, "env_key")


class CodexDialect(StreamDialect):
    """It has a sandbox and structured output of its own; prompts come on stdin."""

    name = "codex"
    permits = {may: " ".join(words) for may, words in _PERMISSIONS.items()}  # noqa: RUF012 - read, never changed
    # Else a server of its own keeps the session when the person has left, and lets nobody go on in it.
    reopens = ("resume", "--no-daemon")
    whole_session = True
    coding = Coding(
        program="codex",
        provider="openai",
        keys=("OPENAI_*", "CODEX_*", "AZURE_OPENAI_*"),
        install="npm install -g @openai/codex",
        login="run `codex login`, or set CODEX_API_KEY",
        logins={"CODEX_API_KEY": "key", "OPENAI_API_KEY": "key"},
        login_files={"~/.codex/auth.json": "subscription or key"},
        features=_FEATURES,
        places=Places(
            home=".codex", moved_by="CODEX_HOME", servers=_servers, keys=_keys,
            own=(("settings", "config.toml"), ("instructions", "AGENTS.override.md"), ("instructions", "AGENTS.md"),
                 ("skill", "skills/*/SKILL.md")),
            project=(("settings", ".codex/config.toml"), ("instructions", "AGENTS.override.md"),
                     ("instructions", "AGENTS.md"), ("skill", ".agents/skills/*/SKILL.md")),
        ),
    )  # fmt: skip

    def invocation(self, task: Task, site: Site) -> Process:
        """Return one headless turn; a session that *site* names goes on."""
        argv = ["codex", "exec", "--json", "--skip-git-repo-check", *_PERMISSIONS[task.may]]
        argv += ["-m", task.model] if task.model else []
        argv += ["-c", f"model_reasoning_effort={json.dumps(task.effort)}"] if task.effort else []
        files = {}
        if (schema := schema_of(task)) and (checked := strict(schema)) is not None:
            files = {f"{site.scratch}/schema.json": json.dumps(checked)}
            argv += ["--output-schema", f"{site.scratch}/schema.json"]
        argv += ["resume", site.session, "-"] if site.session else ["-"]
        return process(task, site, tuple(argv), self.coding, files=files)

    def judge(self, task: Task, ended: Ended) -> Judgement:
        """Say how it ended."""
        judged = super().judge(task, ended)
        rejected = (one.decode("utf-8", "replace") for one in _PATCH.findall(ended.stderr))
        return replace(judged, walled=tuple(dict.fromkeys((*judged.walled, *rejected))))


def _thread(found: Record) -> Iterable[Said]:
    yield Session(id=text_at(found, "thread_id"))


def _started(found: Record) -> Iterable[Said]:
    kind = text_at(found, "item", "type")
    if kind in _TOOLS:
        yield _action(found["item"], kind)


def _completed(found: Record) -> Iterable[Said]:
    item = inside(found, "item")
    match text_at(item, "type"):
        case "agent_message":
            yield Answered(text=text_at(item, "text"))
            yield Action(text=text_at(item, "text"))
            yield Turn()
        case "error":
            yield Action(text=f"warning: {text_at(item, 'message')}")
        case kind if kind in _TOOLS:
            action = _action(item, kind)
            yield action
            yield Turn()
            if text_at(item, "status") in _DENIED:
                yield Denied(action=action.text)
            elif text_at(item, "status") == "failed" and _WALL.search(text_at(item, "aggregated_output")):
                yield Denied(action=action.text, sandbox=True)
        case _:
            pass


def _action(item: object, kind: str) -> Action:
    files = tuple(text_at(change, "path") for change in objects_at(item, "changes"))
    about = text_at(item, "command") or ", ".join(files) or text_at(item, "query") or text_at(item, "tool")
    return Action(text=f"{kind.replace('_', ' ')} {about}", files=files)


def _error(found: Record) -> Iterable[Said]:
    said = text_at(found, "message")
    yield trouble(said, retrying=said.startswith("Reconnecting"))


def _failed(found: Record) -> Iterable[Said]:
    yield trouble(text_at(found, "error", "message"))


def _ended(found: Record) -> Iterable[Said]:
    usage = Usage(
        input_tokens=count_at(found, "usage", "input_tokens"), output_tokens=count_at(found, "usage", "output_tokens")
    )
    yield Spent(usage=usage, total=True)  # of the whole session, also where it was resumed
    yield Over()


_READERS = {
    "thread.started": _thread, "turn.started": nothing, "item.started": _started, "item.updated": nothing,
    "item.completed": _completed, "error": _error, "turn.failed": _failed, "turn.completed": _ended,
}  # fmt: skip
CodexDialect.readers = _READERS
