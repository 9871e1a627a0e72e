"""What the relations of claims mean for tasks: who writes where another writes, who reads what another makes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from forkjoin.model import Claims, Plan, Tree
from forkjoin.planning.globs import Pattern, common_path, folded, patterns
from forkjoin.planning.mentions import Names
from forkjoin.planning.relations import Relations, relations_of

Kind: TypeAlias = Literal["output", "write-write", "resource", "write-read"]
MAX_TRIED_FILES: Final = 300_000


class Meeting(msgspec.Struct, frozen=True):
    """Two groups of tasks (by number, in plan order) that meet at a path; each of `left` with each of `right`.

    output: `left` makes what `right` reads. write-read: `left` writes what `right` reads. write-write and resource:
    the two are alike, and may be one and the same group.
    """

    kind: Kind
    left: Sequence[int]
    right: Sequence[int]
    witness: str
    keys: tuple[str, str]
    but: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        """How many tasks take part, counted on both sides."""
        return len(self.left) + len(self.right)

    @property
    def alike(self) -> bool:
        """Whether both sides are one group."""
        return self.left is self.right


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of how the tasks of a plan meet. `complete` false: there was too much to compare."""

    claims: tuple[Claims, ...]
    meetings: tuple[Meeting, ...]
    complete: bool


def facts_of(plan: Plan, claims: tuple[Claims, ...], tree: Tree, names: Names) -> Facts:
    """Return how the claims and resources of all tasks meet."""
    relations = relations_of(claims, tree)
    meetings = [*_resources(plan), *_paths(relations, tree, names)]
    return Facts(claims=claims, meetings=tuple(meetings), complete=relations.complete)


def _resources(plan: Plan) -> Iterator[Meeting]:
    holders: dict[str, list[int]] = {}
    for number, task in enumerate(plan.tasks):
        for name in dict.fromkeys(task.resources):
            holders.setdefault(name, []).append(number)
    for name, numbers in holders.items():
        if len(numbers) > 1:
            yield Meeting("resource", numbers, numbers, name, (name, name))


def _paths(relations: Relations, tree: Tree, names: Names) -> Iterator[Meeting]:
    keys = relations.keys
    base = _Base(tree, names)
    readers_of = [frozenset(key.readers) for key in keys]
    for relation in relations.found:
        one, other = keys[relation.a], keys[relation.b]
        if one.writers and other.writers:
            yield Meeting("write-write", one.writers, other.writers, relation.witness, (one.path, other.path))
        for written, read in dict.fromkeys(((relation.a, relation.b), (relation.b, relation.a))):
            makers, readers = keys[written].writers, keys[read].readers
            but = readers_of[read].intersection(makers)
            if makers and len(but) < len(readers):
                kind: Kind = "output" if base.lacks(keys[read].path) else "write-read"
                yield Meeting(kind, makers, readers, relation.witness, (keys[written].path, keys[read].path), but)


class _Base:
    """What the tasks start from."""

    def __init__(self, tree: Tree, names: Names) -> None:
        self._files, self._names, self._folds = tree.files, names, tree.folds_case
        self._known: dict[str, bool] = {}
        self._tried = 0
        self._folded = (
            frozenset(folded(p, folds_case=True) for p in names.files | names.folders) if self._folds else None
        )

    def lacks(self, path: str) -> bool:
        """Whether nothing of a read claim is there yet, so that somebody has to make it first."""
        if path not in self._known:
            self._known[path] = self._lacks(path)
        return self._known[path]

    def _lacks(self, path: str) -> bool:
        if self._names.holds(path):
            return False
        return not any(self._has(pattern) for pattern in patterns(path, folds_case=self._folds))

    def _has(self, pattern: Pattern) -> bool:
        """Whether something that matches is there, or may be: not every file of a huge tree is tried."""
        folder = "/".join(pattern.head)
        if pattern.literal:
            return self._names.holds(folder) or (self._folded is not None and folder in self._folded)
        if not pattern.head and pattern.segments[-1] is None and len(pattern.segments) == 2:
            return True  # `**`, whatever there is: it asks for nothing in particular
        for file in self._below(folder):
            self._tried += 1
            if self._tried > MAX_TRIED_FILES:
                return True
            one = patterns(file, folds_case=self._folds, exact=True)[0]
            if common_path(pattern, one) is not None:
                return True
        return False

    def _below(self, folder: str) -> Iterator[str]:
        if not folder or self._folds:
            yield from self._files
            return
        at = bisect_left(self._files, f"{folder}/")
        while at < len(self._files) and self._files[at].startswith(f"{folder}/"):
            yield self._files[at]
            at += 1
