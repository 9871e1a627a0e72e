"""What each task claims to read and to write: what it declared, and what its text names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final, TypeAlias

import msgspec

from forkjoin.errors import PlanError
from forkjoin.model import Claim, Claims, Task, Tree
from forkjoin.planning.mentions import Access, Names, mentions, names_of
from forkjoin.planning.paths import inside

_OPEN_ENDED: Final = re.compile(
    r"\b(?:everywhere|throughout|all (?:the )?(?:files|modules|packages|callers|call sites|usages|uses|imports|tests|"
    r"occurrences|references|services|places)|every (?:file|module|package|caller|call site|usage|occurrence|place)|"
    r"(?:the )?(?:whole|entire|complete) (?:code ?base|repository|repo|project|tree|code)|"
    r"across (?:the |this |our )?(?:code ?base|repository|repo|project)|wherever|codebase-wide|project-wide)\b",
    re.I,
)


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's word on one path: what a task does with it, why, and how sure that is (0 to 1)."""

    path: str
    access: Access
    why: str
    confidence: float


class Ground:
    """The tree that rules look at; its names are worked out when a rule first asks."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    @cached_property
    def names(self) -> Names:
        """Files and folders, by path and by name."""
        return names_of(self.tree)


Rule: TypeAlias = Callable[[Task, Ground], Iterable[Hint]]


def claims_of(task: Task, ground: Ground) -> Claims:
    """Return the claims of a completed task.

    Declared writes are the last word: what the text names beside them counts as read. `bounded` is false for a writer
    of which it cannot be told what it writes: a program without declared writes, or a text that names nothing to write
    or speaks of everything.
    """
    reads = {path: Claim(path=path, why="declared", confidence=1.0) for path in task.reads or ()}
    writes = {path: Claim(path=path, why="declared", confidence=1.0) for path in task.writes or ()}
    reads_only = task.reads_only or task.agent_name == "static"
    for hint in _hints(task, ground):
        access = _settled(hint.access, reads_only=reads_only)
        if access == "write" and task.writes is None:
            writes.setdefault(hint.path, _claim(hint))
        elif hint.path not in writes:
            reads.setdefault(hint.path, _claim(hint))
    # A path that is inferred as written needs no second claim as read.
    kept = tuple(claim for path, claim in reads.items() if claim.confidence == 1.0 or path not in writes)
    return Claims(
        id=task.id, writes=tuple(writes.values()), reads=kept, bounded=reads_only or _bounded(task, bool(writes))
    )


def _hints(task: Task, ground: Ground) -> Iterable[Hint]:
    return (hint for rule in RULES for hint in rule(task, ground)) if task.task else ()


def _settled(access: Access, *, reads_only: bool) -> Access:
    if reads_only:
        return "read"
    return "write" if access == "unclear" else access


def _claim(hint: Hint) -> Claim:
    return Claim(path=hint.path, why=hint.why, confidence=hint.confidence)


def _bounded(task: Task, names_writes: bool) -> bool:
    if task.writes is not None:
        return True
    return bool(task.task) and names_writes and not _OPEN_ENDED.search(task.task)


def named_paths(task: Task, ground: Ground) -> Iterable[Hint]:
    """Paths, globs and file names in the prompt; those in `context` and `role` are to be read."""
    for where, text in (("task", task.task), ("context", task.context), ("role", task.role)):
        if not text or not _MAY_NAME.search(text):
            continue
        for mention in mentions(text, ground.names):
            access: Access = mention.access if where == "task" else "read"
            try:
                path = inside(mention.path, where=where)
            except PlanError:  # a text may name what no claim may: /etc/hosts, ../other
                continue
            said = f"named in {where}" + (f" as {mention.written!r}" if mention.written != path else "")
            word = {"write": "to be written", "read": "to be read", "unclear": "it is not said what for"}[access]
            yield Hint(path=path, access=access, why=f"{said}: {word}", confidence=mention.confidence)


_MAY_NAME: Final = re.compile(r"[/.`*]|[A-Z]\w+file\b")

# Every way a claim is inferred, in the order they are asked; the first word on a path stands.
RULES: Final[tuple[Rule, ...]] = (named_paths,)
