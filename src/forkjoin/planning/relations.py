"""Which claims have a path in common: an index of claims by their plain beginnings, not all pairs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from forkjoin.model import Claims, Tree
from forkjoin.planning.globs import STARS, Pattern, common_path, folded, pattern_of, patterns, residuals, sample

MAX_WORK: Final = 400_000  # about 1 s; a plan that needs more is called unknown, not guessed at
COMPARISON: Final = 6  # of two globs, in hits of a plain path
_META: Final = frozenset("*?[{\\")


class Key(msgspec.Struct):
    """One claimed path, and the numbers of the tasks that write and read it, in plan order."""

    path: str
    writers: list[int] = []
    readers: list[int] = []

    @property
    def is_shared(self) -> bool:
        """Whether one task writes it and another one writes or reads it."""
        tasks = len(self.writers) + len(self.readers)
        return bool(self.writers) and tasks > 1 and not (tasks == 2 and self.writers == self.readers)


class Relation(msgspec.Struct, frozen=True):
    """Two keys (maybe one and the same) with a path in common, which is shown as the witness."""

    a: int
    b: int
    witness: str


class Relations(msgspec.Struct, frozen=True, kw_only=True):
    """All keys, and every relation in which something is written. `complete` false: the work had to be cut off."""

    keys: Sequence[Key]
    found: Sequence[Relation]
    complete: bool


def relations_of(claims: Sequence[Claims], tree: Tree) -> Relations:
    """Return how the claims of all tasks meet; near-linear in the number of claims."""
    keys = _keys(claims)
    rows = _rows(keys, _Ways(tree))
    index = _index(keys, rows)
    found = {
        (number, number): sample(patterns(key.path)[0]) if _META.intersection(key.path) else key.path
        for number, key in enumerate(keys)
        if key.is_shared
    }
    for number, pattern in rows:
        for other, witness in index.meets(number, pattern, writes=bool(keys[number].writers)):
            found.setdefault((min(number, other), max(number, other)), witness)
        if index.work > MAX_WORK:
            break
    return Relations(
        keys=keys,
        found=tuple(Relation(a, b, witness) for (a, b), witness in sorted(found.items())),
        complete=index.work <= MAX_WORK,
    )


def relations_between(ours: Sequence[Claims], theirs: Sequence[Claims], tree: Tree) -> Relations:
    """Return how the claims of two groups of tasks meet, each numbered from 0.

    Of each relation `a` is a key of *ours* and `b` one of *theirs*. Near-linear in the claims of both.
    """
    ways, own, other = _Ways(tree), _keys(ours), _keys(theirs)
    keys, count = [*own, *other], len(own)
    left, right = _rows(own, ways), _rows(other, ways, first=count)
    found: dict[tuple[int, int], str] = {}
    work = 0
    for index, rows in ((_index(keys, right), left), (_index(keys, left), right)):
        for number, pattern in rows:
            for met, witness in index.meets(number, pattern, writes=bool(keys[number].writers)):
                found.setdefault((min(number, met), max(number, met)), witness)
            if index.work > MAX_WORK:
                break
        work = max(work, index.work)
    made = tuple(Relation(a, b, witness) for (a, b), witness in sorted(found.items()))
    return Relations(keys=keys, found=made, complete=work <= MAX_WORK)


def _rows(keys: Sequence[Key], ways: _Ways, *, first: int = 0) -> list[tuple[int, Pattern]]:
    return [(number, pattern) for number, key in enumerate(keys, first) for pattern in ways.patterns(key.path)]


def _index(keys: Sequence[Key], rows: Sequence[tuple[int, Pattern]]) -> _Index:
    index = _Index()
    for number, pattern in rows:
        index.add(number, pattern, writes=bool(keys[number].writers))
    return index


def _keys(claims: Sequence[Claims]) -> list[Key]:
    keys: dict[str, Key] = {}
    for number, task in enumerate(claims):
        for claim in task.writes:
            keys.setdefault(claim.path, Key(claim.path)).writers.append(number)
        for claim in task.reads:
            keys.setdefault(claim.path, Key(claim.path)).readers.append(number)
    return list(keys.values())


_Entry: TypeAlias = tuple[int, Pattern]


class _Bucket(msgspec.Struct):
    """The patterns whose plain names end at one place: whole literals, and globs by the name their paths end with."""

    literals: list[_Entry] = []
    globs: dict[str | None, list[_Entry]] = {}

    def globs_for(self, pattern: Pattern) -> Iterator[_Entry]:
        """Two globs whose paths end with different plain names have nothing in common: they are not even looked at."""
        last = pattern.last_name
        if last is None:
            for row in self.globs.values():
                yield from row
            return
        yield from self.globs.get(last, ())
        yield from self.globs.get(None, ())


class _Node(msgspec.Struct):
    """A folder's worth of patterns: those that are read only, those that are written, and the names below."""

    read: _Bucket | None = None
    written: _Bucket | None = None
    below: dict[str, _Node] = {}


class _Index:
    """Patterns by their plain heads. What meets a pattern begins at its head, above it, or looks it up from below."""

    def __init__(self) -> None:
        self.work = 0
        self._root = _Node()

    def add(self, number: int, pattern: Pattern, *, writes: bool) -> None:
        """Put a pattern in; `writes` says whether any task writes its key."""
        node = self._root
        for name in pattern.head:
            below = node.below.get(name)
            if below is None:
                below = node.below[name] = _Node()
            node = below
        if writes:
            bucket = node.written = node.written or _Bucket()
        else:
            bucket = node.read = node.read or _Bucket()
        if pattern.literal:
            bucket.literals.append((number, pattern))
        else:
            bucket.globs.setdefault(pattern.last_name, []).append((number, pattern))

    def meets(self, number: int, pattern: Pattern, *, writes: bool) -> Iterator[tuple[int, str]]:
        """Give the other keys that have a path in common with a pattern, where one of the two is written."""
        node = self._root
        for name in (*pattern.head, ""):
            if node.written is not None:
                yield from self._in(node.written, number, pattern)
            if writes and node.read is not None:
                yield from self._in(node.read, number, pattern)
            if self.work > MAX_WORK or name not in node.below:
                return
            node = node.below[name]

    def _in(self, bucket: _Bucket, number: int, pattern: Pattern) -> Iterator[tuple[int, str]]:
        for other, _ in bucket.literals:
            if other != number:
                self.work += 1
                yield other, sample(pattern)
        for other, glob in bucket.globs_for(pattern):
            if other == number:
                continue
            self.work += COMPARISON + len(glob.text) * len(pattern.text) // 256
            if (path := common_path(glob, pattern)) is not None:
                yield other, path


class _Ways:
    """The patterns of a claim on one tree: as it is written, and by every link it goes through."""

    def __init__(self, tree: Tree) -> None:
        self._folds = tree.folds_case
        self._literal_names = {
            self._fold(path) for path in tree.files if not _META.isdisjoint(path)
        }  # files such as app/[id]/page.tsx, whose names look like globs
        self._files = frozenset(tree.files) if not tree.folds_case else frozenset(map(self._fold, tree.files))
        links = [(self._fold(link.path), self._fold(link.target)) for link in tree.links
                 if link.target not in ("", link.path)]  # fmt: skip
        for group in tree.hardlinks:
            links += [(self._fold(b), self._fold(group[0])) for b in group[1:]]
        self._links = sorted((tuple(path.split("/")), _names(target)) for path, target in links)

    def patterns(self, path: str) -> tuple[Pattern, ...]:
        """Return the patterns of a claimed path, first as it is written."""
        exact = bool(self._literal_names) and self._fold(path) in self._literal_names
        rows = [self._narrowed(one) for one in patterns(path, folds_case=self._folds, exact=exact)]
        if self._links:
            rows += self._linked(rows)
        return tuple(rows)

    def _fold(self, path: str) -> str:
        return folded(path, folds_case=self._folds)

    def _narrowed(self, pattern: Pattern) -> Pattern:
        """A literal that is a file, or is named like one, has nothing below it that a glob could reach."""
        if not pattern.literal or pattern.segments[-1:] != (STARS,) or not pattern.head:
            return pattern
        is_file = pattern.text in self._files or "." in pattern.head[-1].lstrip(".")
        if not is_file:
            return pattern
        return pattern_of(pattern.text, pattern.segments[:-1], literal=True)

    def _linked(self, rows: Sequence[Pattern]) -> list[Pattern]:
        """Follow links until nothing new comes; a ring of links ends because each pattern is followed once."""
        seen = {row.segments for row in rows}
        made: list[Pattern] = []
        open_ = list(rows)
        while open_ and len(made) < 200:
            pattern = open_.pop()
            for link, target in self._through(pattern):
                for rest in residuals(pattern, link):
                    segments = (*target, *rest)
                    if segments in seen or len(segments) > 200:
                        continue
                    seen.add(segments)
                    literal = all(isinstance(s, str) for s in segments if s is not STARS) and pattern.literal
                    new = pattern_of("/".join(target), segments, literal=literal)
                    made.append(new)
                    open_.append(new)
        return made

    def _through(self, pattern: Pattern) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Give the links that a path of the pattern can go through, with their targets inside the tree."""
        head = pattern.head
        for length in range(1, len(head) + 1):
            yield from self._between(head[:length], exactly=True)
        yield from self._between(head, exactly=False)

    def _between(self, head: tuple[str, ...], *, exactly: bool) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        at = bisect_left(self._links, (head, ()))
        while at < len(self._links):
            link, target = self._links[at]
            if link[: len(head)] != head or (exactly and link != head):
                return
            if exactly or link != head:
                yield link, target
            at += 1


def _names(target: str) -> tuple[str, ...]:
    return () if target == "." else tuple(target.split("/"))  # a link may lead to the root of the tree
