"""Agent `claude`: Claude Code, headless, by its stream of JSON lines.

Read off runs of version 2.1.330. Its result line says "success" also where the provider's answer was an error, its exit
code is 0 on an interrupt and on a refused tool: what counts is `is_error`, `permission_denials` and that the line came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from forkjoin.agents.coding import Coding, process, schema_of, temporary
from forkjoin.agents.dialect import Site
from forkjoin.agents.features import AT_ITS_END, UNWALLED, By
from forkjoin.agents.records import (
    Record,
    count_at,
    files_of,
    inside,
    number_at,
    objects_at,
    seconds_at,
    text_at,
    tool_line,
)
from forkjoin.agents.said import Action, Answered, Denied, Over, Said, Session, Spent, Trouble
from forkjoin.agents.seeing import Places, Seen, servers_at
from forkjoin.agents.streaming import StreamDialect, nothing
from forkjoin.agents.troubles import trouble
from forkjoin.model import Permission, Process, Task, Usage, to_json

_ASKING = "AskUserQuestion,EnterPlanMode,ExitPlanMode,EnterWorktree,ExitWorktree"  # who runs alone asks nobody
_RULED = frozenset("(),*?[]{}!\\\n")  # what means something in a rule of its permissions
_PERMISSIONS: dict[Permission, tuple[str, ...]] = {
    "read-only": (
        "--permission-mode", "dontAsk", "--tools", "Read,Glob,Grep,WebFetch,WebSearch",
        "--allowedTools", "Read,Glob,Grep,WebFetch,WebSearch",
    ),
    # Edits of the folder it stands in are accepted; a rule for all edits would let it write anywhere.
    "workspace-write": (
        "--permission-mode", "acceptEdits",
        "--allowedTools", "Bash,WebFetch,WebSearch,Edit(/WORKSPACE/**),Edit(/TMPDIR/**)",
        "--disallowedTools", _ASKING,
    ),
    "full": ("--dangerously-skip-permissions", "--disallowedTools", _ASKING),
}  # fmt: skip
_QUIET = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_MAX_RETRIES": "4"}
_CAPS = {"max_turns": "turns", "budget_exhausted": "budget"}
_FEATURES: Mapping[str, tuple[By, str]] = {
    "turns": ("program", "--max-turns"),
    "budget in dollars": ("program", "--max-budget-usd"),
    "budget in tokens": AT_ITS_END,
    "JSON by schema": ("program", "--json-schema"),
    "resume": ("program", "--resume"),
    "read-only": ("program", "its permissions: tools that read"),
    "workspace-write": ("program", "its permissions: edits and the shell"),
    "sandbox": UNWALLED,
    "effort": ("program", "--effort"),
    "cost": ("program", "in its result, unless its model has no price"),
}


def _servers(home: Path, own: Path, tree: Path) -> Iterator[Seen]:
    # Its own folder, where it was moved, holds this file too.
    main = own / ".claude.json" if own != home / ".claude" else home / ".claude.json"
    yield from servers_at(main, "mcpServers")
    yield from servers_at(main, "projects", str(tree.resolve()), "mcpServers")
    yield from servers_at(tree / ".mcp.json", "mcpServers")


class ClaudeDialect(StreamDialect):
    """It has caps of its own for turns and money, and structured output; prompts come on stdin."""

    name = "claude"
    permits = {may: " ".join(words) for may, words in _PERMISSIONS.items()}  # noqa: RUF012 - read, never changed
    reopens = ("--resume",)
    holds_dollars = True
    coding = Coding(
        program="claude",
        provider="anthropic",
        keys=("ANTHROPIC_*", "CLAUDE_*", "AWS_*", "GOOGLE_*", "GCLOUD_*", "CLOUD_ML_REGION", "DISABLE_*", "MCP_*"),
        sets=_QUIET,
        install="npm install -g @anthropic-ai/claude-code",
        login="run `claude` once and log in, or set ANTHROPIC_API_KEY",
        logins={"ANTHROPIC_API_KEY": "key", "CLAUDE_CODE_OAUTH_TOKEN": "token", "ANTHROPIC_AUTH_TOKEN": "token"},
        login_files={"~/.claude/.credentials.json": "subscription"},
        features=_FEATURES,
        places=Places(
            home=".claude", moved_by="CLAUDE_CONFIG_DIR", servers=_servers,
            own=(("settings", "settings.json"), ("instructions", "CLAUDE.md"), ("skill", "skills/*/SKILL.md")),
            project=(("settings", ".claude/settings.json"), ("settings", ".claude/settings.local.json"),
                     ("instructions", "CLAUDE.md"), ("instructions", ".claude/CLAUDE.md"),
                     ("instructions", "CLAUDE.local.md"), ("skill", ".claude/skills/*/SKILL.md")),
        ),
        as_root="IS_SANDBOX",
    )  # fmt: skip

    def invocation(self, task: Task, site: Site) -> Process:
        """Return one headless turn; a session that *site* names goes on."""
        argv = ["claude", "-p", "--output-format", "stream-json", "--verbose"]
        argv += ["--model", task.model] if task.model else []
        argv += ["--effort", task.effort] if task.effort else []
        argv += ["--max-turns", str(task.max_turns)] if task.max_turns else []
        argv += ["--max-budget-usd", f"{task.budget.usd:g}"] if task.budget and task.budget.usd else []
        argv += ["--json-schema", json.dumps(schema)] if (schema := schema_of(task)) else []
        argv += ["--resume", site.session] if site.session else []
        argv += [_within(site, words) for words in _PERMISSIONS[task.may]]
        return process(task, site, tuple(argv), self.coding)


def _within(site: Site, words: str) -> str:
    """Return words of a permission with the folders that they mean; a rule's path from the root has two slashes.

    No rule names a folder whose own name would be read as a part of it, or as another rule.
    """
    for name, folder in (("WORKSPACE", site.place.root), ("TMPDIR", temporary(site.environ))):
        words = words.replace(f",Edit(/{name}/**)", "" if _RULED & set(folder) else f",Edit(/{folder}/**)")
    return words


def _system(found: Record) -> Iterable[Said]:
    match text_at(found, "subtype"):
        case "init":
            yield Session(id=text_at(found, "session_id"))
        case "api_retry":
            said = trouble(
                text_at(found, "error") or "the provider did not answer",
                status=count_at(found, "error_status"),
                retrying=True,
            )
            yield replace(said, delay_s=seconds_at(found, "retry_delay_ms"))
        case "permission_denied":
            yield Action(text=text_at(found, "message"))
        case _:
            pass


def _assistant(found: Record) -> Iterable[Said]:
    if inside(found, "parent_tool_use_id"):
        return  # said by an agent of its own, not by it
    if text_at(found, "message", "model") == "<synthetic>":
        return  # an error in the clothes of an answer; the result line says which
    for part in objects_at(found, "message", "content"):
        if part.get("type") == "tool_use":
            about = part.get("input")
            yield Action(text=tool_line(text_at(part, "name"), about), files=files_of(about))
        elif said := text_at(part, "text"):
            yield Answered(text=said, message=text_at(found, "message", "id"))
            yield Action(text=said)


def _result(found: Record) -> Iterable[Said]:
    yield Session(id=text_at(found, "session_id"))
    yield Spent(usage=_usage(found), total=True)
    for denial in objects_at(found, "permission_denials"):
        yield Denied(action=tool_line(text_at(denial, "tool_name"), denial.get("tool_input")))
    if inside(found, "is_error"):
        yield _trouble(found)
        return
    structured = inside(found, "structured_output")
    yield Answered(text=text_at(found, "result"), value=b"" if structured is None else to_json(structured))
    yield Over()


def _trouble(found: Record) -> Trouble:
    errors = inside(found, "errors")
    said = text_at(found, "result") or "; ".join(map(str, errors if isinstance(errors, list) else ()))
    cap = _CAPS.get(text_at(found, "terminal_reason"))
    if cap == "turns":
        return Trouble(kind="turns", message=said or "its turns are used up")
    if cap == "budget":
        return Trouble(kind="budget", message=said or "its budget is used up")
    return trouble(said or text_at(found, "subtype"), status=count_at(found, "api_error_status"))


def _usage(found: Record) -> Usage:
    parts = [
        count_at(found, "usage", name)
        for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    ]
    models = inside(found, "modelUsage")
    guessed = isinstance(models, dict) and any(text_at(one, "costBasis") == "unknown" for one in models.values())
    return Usage(
        input_tokens=sum(part for part in parts if part) if any(part is not None for part in parts) else None,
        output_tokens=count_at(found, "usage", "output_tokens"),
        usd=None if guessed else number_at(found, "total_cost_usd"),
    )


_READERS = {
    "system": _system, "assistant": _assistant, "result": _result, "user": nothing, "stream_event": nothing,
}  # fmt: skip
ClaudeDialect.readers = _READERS
