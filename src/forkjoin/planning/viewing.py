"""Tasks that look from a perspective: what the perspective says is filled in where the task says nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from forkjoin.errors import PlanError
from forkjoin.model import Task
from forkjoin.planning import keys
from forkjoin.planning.complete import looking
from forkjoin.planning.contradictions import contradiction
from forkjoin.planning.markdown_door import markdown_value
from forkjoin.planning.places import Source
from forkjoin.planning.read import decoded
from forkjoin.planning.shape import checked_task

MAX_BYTES: Final = 1_000_000
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
# What a perspective's file may say of its tasks. It cannot run anything, nor write: it is text from a project.
KEYS: Final = frozenset((
    "agent", "budget", "context", "cpu", "description", "disk", "effort", "estimate", "focus", "idle_timeout",
    "max_turns", "memory", "model", "processes", "reads", "resources", "retries", "role", "timeout",
))  # fmt: skip
_FOCUS: Final = re.compile(
    r"^#{1,6}[ \t]+focus areas[ \t]*:?[ \t]*#*[ \t]*\n(?P<list>(?:[ \t]*(?:[-*+] .*)?\n)*)", re.I | re.M
)
_ITEM: Final = re.compile(r"^[ \t]*[-*+] +(.+?)[ \t]*$", re.M)


def perspective_from_text(data: bytes, *, where: str, name: str) -> Task:
    """Return what a perspective's Markdown file says: a task with its prompt, its focus areas and its defaults.

    Front matter has the defaults (`KEYS`), the body is the prompt; a list under a heading "Focus areas" in it is the
    focus. Raises PlanError with file and line.
    """
    if not NAME.fullmatch(name) or len(name) > 40:
        raise PlanError(
            f"a perspective cannot be called {name[:60]!r}", where=where,
            next_step="rename the file: small letters, digits and dashes, at most 40",
        )  # fmt: skip
    if len(data) > MAX_BYTES:
        raise PlanError(f"has {len(data):,} bytes", where=where, next_step=f"a perspective has at most {MAX_BYTES:,}")
    value, source = markdown_value(decoded(data, where), where)
    said = value if isinstance(value, dict) else {}
    _check_keys(said, source)
    text, focus = _parts(said.get("task", ""))
    task = checked_task({**said, "task": text or "-"}, source)
    if not text:
        raise PlanError("the perspective has no text", where=where, next_step="write below --- what to look for")
    return replace(task, focus=task.focus or focus)


def _check_keys(said: Mapping[object, object], source: Source) -> None:
    for key in said:
        if key in KEYS or key == "task":
            continue
        near = keys.nearest(str(key), KEYS) if isinstance(key, str) else None
        known = f"did you mean {near!r}?" if near else f"known: {', '.join(sorted(KEYS))}"
        raise source.error((str(key),), f"a perspective has no key {str(key)[:60]!r}", known)
    if not isinstance(said.get("task", ""), str):
        raise source.error(("task",), "the prompt is text", "write it below the second ---")


def _parts(body: str) -> tuple[str, tuple[str, ...]]:
    """Return the prompt, and the list under its heading "Focus areas"."""
    found = _FOCUS.search(f"{body}\n")
    items = tuple(_ITEM.findall(found["list"])) if found else ()
    if found is None or not items:
        return body.strip(), ()
    return f"{body[: found.start()].rstrip()}\n\n{body[found.end() :].lstrip()}".strip(), items


def viewed(task: Task, look: Task, *, where: str) -> Task:
    """Return a task that looks from the perspective *look*: it writes nothing, and answers findings.

    What the task says itself stands. A prompt of its own takes the place of the perspective's; a command or function
    gets that as context in its brief. Doing it twice changes nothing.
    """
    wrong = contradiction(task)
    if wrong is not None:
        raise PlanError(wrong.why, where=f"{where}.{wrong.fields[0]}", next_step=wrong.next_step)
    plain = Task()
    changes = {
        field.name: getattr(look, field.name)
        for field in msgspec.structs.fields(Task)
        if field.name in KEYS - {"context"} and getattr(task, field.name) == getattr(plain, field.name)
    }
    if task.description == looking(task.perspective) and look.description:
        changes["description"] = look.description
    texts = [look.context]
    if task.command or task.shell or task.function:
        texts.insert(0, look.task)
    elif not task.task:
        changes["task"] = look.task
    kept = [text for text in texts if text and text not in task.context]
    changes["context"] = "\n\n".join([*kept, *([task.context] if task.context else [])])
    output = "findings" if task.output == "text" else task.output
    return replace(task, **changes, writes=(), output=output)
