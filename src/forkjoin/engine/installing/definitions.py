"""The four perspectives as agents that other programs can start: one text a program's form."""

from __future__ import annotations

import json
from collections.abc import Callable

from forkjoin.prompts import PERSPECTIVES

NAMES = ("security", "performance", "testing", "architecture")

_ANSWER = (
    'Answer with JSON alone: {"findings": [{"title", "severity": critical | high | medium | low | info, "path", '
    '"line", "message", "evidence", "remedy"}]}; an empty list where you found nothing.'
)


def definitions(form: str) -> dict[str, str]:
    """Return file names and texts of the agents in *form*: `claude`, `opencode` or `codex`."""
    suffix, written = _FORMS[form]
    return {f"forkjoin-{name}{suffix}": written(name) for name in NAMES}


def _claude(name: str) -> str:
    head = f"name: forkjoin-{name}\ndescription: {_use(name)}\ntools: Read, Grep, Glob"
    return f"---\n{head}\n---\n\n{_prompt(name)}"


def _opencode(name: str) -> str:
    head = f"description: {_use(name)}\nmode: subagent\npermission:\n  edit: deny\n  bash: deny"
    return f"---\n{head}\n---\n\n{_prompt(name)}"


def _codex(name: str) -> str:
    # A basic string of TOML takes the escapes of JSON.
    said = {"name": f"forkjoin-{name}", "description": _use(name), "sandbox_mode": "read-only",
            "developer_instructions": _prompt(name)}  # fmt: skip
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items())


def _use(name: str) -> str:
    return f"Reviews code for {PERSPECTIVES[name].description}. Looks only. Use one beside the others, in one message."


def _prompt(name: str) -> str:
    perspective = PERSPECTIVES[name]
    focus = "\n".join(f"- {one}" for one in perspective.focus)
    return (
        f"You are a {perspective.role}, one of several reviewers; the others cannot see you.\n\n"
        f"{perspective.task}\n\nLook above all at:\n{focus}\n\n"
        f"{_ANSWER}\n"
    )


_FORMS: dict[str, tuple[str, Callable[[str], str]]] = {
    "claude": (".md", _claude),
    "opencode": (".md", _opencode),
    "codex": (".toml", _codex),
}
