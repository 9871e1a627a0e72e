"""Tools of coding agents, by what a call of them means for a fan-out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from forkjoin.transcripts.acts import Act, Fetched, Launched, Touched, Worked
from forkjoin.transcripts.records import Record, at, first_text, objects, text, texts

LAUNCHES = frozenset({"task", "agent", "subagent", "spawn_agent"})
_FETCHES = frozenset({"taskoutput", "agentoutput", "agentoutputtool", "bashoutput", "wait", "wait_agent", "taskget"})
_STOPS = frozenset({"taskstop", "killshell", "killbash", "close_agent"})
_NOTES = frozenset({
    "todowrite", "todoread", "taskcreate", "taskupdate", "tasklist", "listagents", "update_plan", "toolsearch",
    "list_agents", "todo", "reportintent",
})  # fmt: skip
_WRITES = frozenset({"write", "edit", "multiedit", "notebookedit", "patch", "apply_patch", "str_replace", "create"})
_READS = frozenset({"read", "view", "read_file"})
_SHELLS = frozenset({"bash", "shell", "exec_command", "local_shell", "container.exec", "shell_command"})
_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$|^\*\*\* Move to: (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a tool; `agent` is the program whose transcript it stands in."""

    id: str
    message: str
    name: str
    given: Record
    agent: str
    owner: str = ""
    at: float | None = None


def called(call: Call) -> Iterator[Act]:
    """Yield what a call of a tool means."""
    name = call.name.lower()
    if name in LAUNCHES and (launches := [*_launches(call)]):
        yield from launches
    elif name in _FETCHES or name in _STOPS:
        yield Fetched(names=(*_named(call.given),), stopped=name in _STOPS, at=call.at)
    elif name in _SHELLS:
        yield from _shell(call)
    elif name not in _NOTES:
        paths = tuple(_paths(call.given)) if name in _WRITES | _READS else ()
        for path in paths:
            yield Touched(path=path, wrote=name in _WRITES, owner=call.owner)
        yield Worked(owner=call.owner, names=paths)


def _launches(call: Call) -> Iterator[Launched]:
    """Yield a launch for each task that a call names: most take one, some a list."""
    given = call.given
    listed = objects(given, "tasks")
    for number, one in enumerate(listed or [given]):
        prompt = first_text(one, "prompt", "task", "message", "instructions")
        if prompt and not first_text(one, "resume", "task_id"):  # to go on with an agent is no launch
            yield Launched(
                call=f"{call.id}#{number}" if listed else call.id,
                message=call.message,
                prompt=prompt,
                description=first_text(one, "description", "name", "task_name"),
                role=first_text(one, "subagent_type", "agent_type", "agent"),
                agent=call.agent,
                tool=call.name,
                background=at(one, "run_in_background") is True or call.name == "spawn_agent",
                owner=call.owner,
                at=call.at,
            )


def _named(given: Record) -> Iterator[str]:
    for key in ("task_id", "agent_id", "agentId", "bash_id", "shell_id", "id", "target"):
        if said := text(given, key):
            yield said
    yield from (*texts(given, "ids"), *texts(given, "task_ids"), *texts(given, "targets"))


def _paths(given: Record) -> Iterator[str]:
    if said := first_text(given, "file_path", "filePath", "path", "notebook_path", "filename"):
        yield said
    for patch in (text(given, "input"), text(given, "patch"), text(given, "patchText")):
        yield from (one or other for one, other in _PATCHED.findall(patch))


# --- agents that are started by a line of shell ---------------------------------------------------------------------

_STARTS = re.compile(
    # Blanks of one line alone: where others could begin as well, a text of empty lines would take for ever.
    r"(?:^|[;&|(\n{]|\bdo\b|\bthen\b)[^\S\n]*(?:[A-Za-z_]\w*=\S*\s+)*"
    r"(?:(?:timeout|nice|nohup|env|time)\s+(?:-\S+\s+|\d\S*\s+)*)*"
    r"(?P<agent>claude|codex|opencode|pi|gemini)\s+(?P<rest>[^;|&\n]*)"
)
_HEADLESS = {"claude": ("-p", "--print"), "codex": ("exec",), "opencode": ("run",), "pi": ("-p", "--print"),
             "gemini": ("-p", "--prompt")}  # fmt: skip
_LOOP, _BODY, _EACH = re.compile(r"\b(?:for|while|until)\b"), re.compile(r"\bdo\b"), re.compile(r"\bxargs\b")
_BEHIND = re.compile(r"(?<![&>])&(?![&>])")
_LONGEST = 20_000  # characters of a line that are looked at: a longer one is a script that it writes


def _shell(call: Call) -> Iterator[Act]:
    """Yield the launch of a line that starts one agent; more of them, or a loop, are the caller's own arrangement."""
    given = at(call.given, "command") or at(call.given, "cmd")
    words = given if isinstance(given, list) else ()
    whole = given if isinstance(given, str) else shlex.join([one for one in words if isinstance(one, str)])
    line = whole[:_LONGEST]
    inner = re.fullmatch(r"\S*(?:ba|z|)sh -l?c (?P<line>.*)", line, re.DOTALL)
    line = _unquoted(inner["line"]) if inner else line
    started = [found for found in _STARTS.finditer(line) if _headless(found)]
    behind = at(call.given, "run_in_background") is True or bool(_BEHIND.search(whole))
    if len(started) == 1 and not _repeated(line):
        yield Launched(
            call=call.id, message=call.message, prompt=max(_words(started[0]["rest"]), key=len, default=line),
            agent=started[0]["agent"], tool=call.name, background=behind, owner=call.owner, at=call.at,
        )  # fmt: skip
        return
    yield Worked(owner=call.owner, names=(line,))


def _repeated(line: str) -> bool:
    """Whether a line does something several times."""
    loop = _LOOP.search(line)
    return bool((loop and _BODY.search(line, loop.end())) or _EACH.search(line))


def _headless(found: re.Match[str]) -> bool:
    words = found["rest"].split()
    return any(flag in words for flag in _HEADLESS[found["agent"]])


def _unquoted(line: str) -> str:
    try:
        return "".join(shlex.split(line)[:1]) or line
    except ValueError:
        return line


def _words(rest: str) -> list[str]:
    """Return the words of a command that may be its prompt."""
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    return [word for word in words if not word.startswith("-") and word not in ("exec", "run")]
