"""Agent `pi`: the Pi coding agent, `pi -p --mode json`.

Read off runs of version 0.87.0. Its exit code is 0 on every error of its provider; what counts is the stop reason of
its last message. It has no permissions: what may only read gets only tools that read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from forkjoin.agents.coding import Coding, process
from forkjoin.agents.dialect import Site
from forkjoin.agents.features import UNWALLED, By
from forkjoin.agents.records import (
    Record,
    count_at,
    dollars,
    files_of,
    inside,
    number_at,
    objects_at,
    seconds_at,
    tables_at,
    text_at,
    tool_line,
)
from forkjoin.agents.said import CUT_OFF, Action, Answered, Over, Said, Session, Spent, Turn
from forkjoin.agents.seeing import Places, read_settings
from forkjoin.agents.streaming import StreamDialect, nothing
from forkjoin.agents.troubles import trouble
from forkjoin.model import Permission, Process, Task, Usage

_PERMISSIONS: dict[Permission, tuple[str, ...]] = {
    "read-only": ("--tools", "read,grep,find,ls"),
    "workspace-write": (),
    "full": (),
}
_QUIET = {"PI_SKIP_VERSION_CHECK": "1"}
_NAME = re.compile(r"\$?([A-Z][A-Z0-9_]+)$")
_FEATURES: Mapping[str, tuple[By, str]] = {
    "resume": ("program", "--session"),
    "read-only": ("program", "--tools: those that read"),
    "workspace-write": ("none", "it has no permissions: it may do all that you may"),
    "sandbox": UNWALLED,
    "effort": ("program", "--thinking"),
    "cost": ("program", "with each message"),
}


def _keys(own: Path) -> Iterator[str]:
    """Yield the variables that the keys of its own providers are in; "" for a key that stands there."""
    for provider in tables_at(read_settings(own / "models.json"), "providers"):
        if key := text_at(provider, "apiKey"):
            yield found[1] if (found := _NAME.match(key)) else ""


class PiDialect(StreamDialect):
    """It has no caps, no permissions and no structured output of its own; prompts come on stdin."""

    name = "pi"
    permits = {  # noqa: RUF012 - read, never changed
        may: " ".join(words) or "all its tools: it has no permissions" for may, words in _PERMISSIONS.items()
    }
    reopens = ("--session",)
    coding = Coding(
        program="pi",
        keys=("PI_*", "ANTHROPIC_*", "OPENAI_*", "GEMINI_*", "GOOGLE_*", "OPENROUTER_*", "GROQ_*", "XAI_*",
              "CEREBRAS_*", "MISTRAL_*", "DEEPSEEK_*", "ZAI_*", "AWS_*", "AZURE_*"),
        sets=_QUIET,
        install="npm install -g @earendil-works/pi-coding-agent (Node 22 or later)",
        login="run `pi` and /login, or set the API key of a provider",
        logins={"ANTHROPIC_API_KEY": "key", "OPENAI_API_KEY": "key", "GEMINI_API_KEY": "key"},
        login_files={"~/.pi/agent/auth.json": "subscription or key"},
        features=_FEATURES,
        places=Places(
            home=".pi/agent", moved_by="PI_CODING_AGENT_DIR", keys=_keys,
            own=(("settings", "settings.json"), ("settings", "models.json"), ("instructions", "AGENTS.md"),
                 ("skill", "skills/*/SKILL.md")),
            project=(("settings", ".pi/settings.json"), ("instructions", "AGENTS.md"), ("instructions", "CLAUDE.md"),
                     ("skill", ".pi/skills/*/SKILL.md")),
        ),
    )  # fmt: skip

    def invocation(self, task: Task, site: Site) -> Process:
        """Return one headless turn; a session that *site* names goes on."""
        argv = ["pi", "-p", "--mode", "json", *_PERMISSIONS[task.may]]
        argv += ["--model", task.model] if task.model else []
        argv += ["--thinking", task.effort] if task.effort else []
        argv += ["--session", site.session] if site.session else []
        return process(task, site, tuple(argv), self.coding)


def _session(found: Record) -> Iterable[Said]:
    yield Session(id=text_at(found, "id"))


def _message(found: Record) -> Iterable[Said]:
    if text_at(found, "message", "role") != "assistant":
        return
    usage = inside(found, "message", "usage")
    read = [count_at(usage, name) for name in ("input", "cacheRead", "cacheWrite")]
    yield Spent(
        usage=Usage(
            input_tokens=sum(part for part in read if part) if any(part is not None for part in read) else None,
            output_tokens=count_at(usage, "output"),
            usd=dollars(number_at(usage, "cost", "total"), count_at(usage, "output"), *read),
        )
    )
    if text_at(found, "message", "stopReason") in ("error", "aborted"):
        yield trouble(text_at(found, "message", "errorMessage") or "its request was cut off")
        return
    yield Turn()
    text = "\n".join(said for part in objects_at(found, "message", "content") if (said := text_at(part, "text")))
    if text:
        yield Answered(text=text)
        yield Action(text=text)
    if text_at(found, "message", "stopReason") == "length":  # and with that it calls its work done
        yield CUT_OFF


def _tool(found: Record) -> Iterable[Said]:
    about = inside(found, "args")
    yield Action(text=tool_line(text_at(found, "toolName"), about), files=files_of(about))


def _retry(found: Record) -> Iterable[Said]:
    # How long it waits is its own guess, not a time that the provider named: pauses of nobody's word double.
    yield replace(trouble(text_at(found, "errorMessage"), retrying=True), delay_s=seconds_at(found, "delayMs"))


def _settled(found: Record) -> Iterable[Said]:
    del found
    yield Over()


_IGNORED = (
    "agent_start", "agent_end", "turn_start", "turn_end", "message_start", "message_update", "tool_execution_update",
    "tool_execution_end", "auto_retry_end", "entry_appended", "queue_update", "compaction_start", "compaction_end",
)  # fmt: skip
_READERS = dict.fromkeys(_IGNORED, nothing) | {
    "session": _session, "message_end": _message, "tool_execution_start": _tool, "auto_retry_start": _retry,
    "agent_settled": _settled,
}  # fmt: skip
PiDialect.readers = _READERS
