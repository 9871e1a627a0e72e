"""The keys of a plan file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from forkjoin.model import Each, Plan, Task

WORK: Final = ("task", "command", "shell")
TASK: Final = frozenset(field.name for field in msgspec.structs.fields(Task)) - {"function"}
PLAN: Final = frozenset(field.name for field in msgspec.structs.fields(Plan))
EACH: Final = frozenset(field.name for field in msgspec.structs.fields(Each)) - {"task"}
ALIASES: Final = MappingProxyType({"files": "reads"})
DURATIONS: Final = ("timeout", "idle_timeout", "estimate")
SIZES: Final = ("memory", "disk")

LATER: Final = frozenset((
    "network", "allow_hosts", "settings", "home", "join",
))  # fmt: skip
# What people write from memory of other tools; difflib alone would not find these.
_NEAR: Final = MappingProxyType({
    "prompt": "task", "cmd": "command", "run": "command", "script": "shell", "depends_on": "after", "needs": "after",
    "dependencies": "after", "title": "description", "inputs": "reads", "outputs": "writes", "concurrency":
    "max_parallel", "parallel": "max_parallel", "jobs": "max_parallel", "fail-fast": "fail_fast",
})  # fmt: skip


def in_task(key: str) -> bool:
    """Whether a task may have this key."""
    return key in TASK or key in ALIASES


def in_plan(key: str) -> bool:
    """Whether a plan may have this key, its own or as a default of its tasks."""
    return key in PLAN or (in_task(key) and key != "id")


def in_each(key: str) -> bool:
    """Whether a fan-out may have this key: its own, or one of the task it is made of."""
    return key in EACH or (in_task(key) and key not in ("id", "files"))


def complaint(key: str, allowed: Iterable[str]) -> tuple[str, str]:
    """Return what is wrong with a key that is not allowed, and what to do."""
    if key in LATER:
        return f"this version of forkjoin does not have {key!r} yet", "take it out"
    if key == "function":
        return "'function' is for Python callers only", "use command: [...] in a file"
    near = nearest(key, [*allowed, *LATER])
    known = f"did you mean {near!r}?" if near else f"known: {', '.join(sorted(allowed))}"
    return f"unknown key {key[:60]!r}", known


def nearest(word: str, known: Iterable[str], aliases: Mapping[str, str] = _NEAR) -> str | None:
    """Return the known word that *word* was probably meant to be."""
    names = list(known)
    if aliases.get(word.lower()) in names:
        return aliases[word.lower()]
    found = difflib.get_close_matches(word.lower()[:60], names, n=1, cutoff=0.6)
    return found[0] if found else None
