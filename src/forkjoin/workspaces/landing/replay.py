"""One task's own changes replayed on a tree: `git merge-tree` in the run's repository, with no index and no work tree.

git before 2.40 cannot be told a merge base, so the tree so far is given to it as a commit that nobody keeps, made on
what the task started from. What that held (uncommitted changes of the user too) is thereby never landed: only what the
task changed in it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from forkjoin.model import path_bytes
from forkjoin.workspaces.big import HOW, big_in, changed_twice
from forkjoin.workspaces.changes import tree_path
from forkjoin.workspaces.contents import contents
from forkjoin.workspaces.landing.passing import passing_commit
from forkjoin.workspaces.store import Store

_OBJECT: Final = re.compile(rb"[0-9a-f]{40,64}")
_MOST_TEXT: Final = 8_000  # characters of a file with both sides that are kept
_AT_ONCE: Final = 1000  # commits that are asked for by one process
_BEFORE: Final = 400  # bytes of it that are shown before the first marker
_MOST, _TOTAL = 16 * 1024 * 1024, 64 * 1024 * 1024  # bytes of one such file, of all, that are read
_QUICK: Final = ("-c", "core.fsync=none")  # what is only asked once need not outlive a power cut


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What one task changed: from a commit to a commit, both of the run's repository, or of it only some paths.

    `only` says of a path, relative to the tree, whether its change is wanted; None: all are.
    """

    base: str
    commit: str
    only: Callable[[str], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class Clash:
    """A file in which a piece does not merge, relative to the tree; how git calls it, and the file with both sides."""

    path: str
    how: str
    text: str


class Replay:
    """Puts pieces on trees; every tree is an object of the run's repository. Not for two threads at once."""

    def __init__(self, store: Store) -> None:
        self._store, self._git = store, store.git()
        self._trees: dict[Piece, tuple[str, str]] = {}
        self._known: dict[str, str] = {}

    def tree_of(self, commit: str) -> str:
        """Return the tree of a commit; of "" the empty one."""
        if commit not in self._known:
            asked = ("rev-parse", f"{commit}^{{tree}}") if commit else ("mktree",)
            self._known[commit] = self._git.line(*asked)
        return self._known[commit]

    def know(self, commits: Iterable[str]) -> None:
        """Look up the trees of all these commits at once."""
        asked = [one for one in dict.fromkeys(commits) if one and one not in self._known]
        for at in range(0, len(asked), _AT_ONCE):
            part = asked[at : at + _AT_ONCE]
            trees = self._git.out("rev-parse", *(f"{one}^{{tree}}" for one in part)).decode().split()
            self._known.update(zip(part, trees, strict=True))

    def step(self, tree: str, piece: Piece) -> str | tuple[Clash, ...]:
        """Return *tree* with the piece's changes in it, or where these do not merge."""
        base, changed = self._of(piece)
        if changed in (base, tree):
            return tree
        if tree == base:
            return changed
        if (big := big_in(self._store, piece.commit)) and (twice := changed_twice(self._git, base, tree, changed, big)):
            return self._too_big(tree, piece, twice)
        return self._merged(*self._beside(tree, piece))

    def _too_big(self, tree: str, piece: Piece, twice: Mapping[bytes, bytes]) -> tuple[Clash, ...]:
        """Return where a piece does not merge of which files are too big to be tried: they stay as they are there."""
        rows = [b"%s\t%s\0" % (entry, path) for path, entry in twice.items()]
        other = self._with_rows(self._of(piece)[1], rows)
        rest = self._merged(self.passing(tree, piece.base), self.passing(other, piece.base))
        big = tuple(Clash(path=tree_path(path, self._store.tree), how=HOW, text="") for path in twice)
        return tuple(sorted((*big, *(rest if isinstance(rest, tuple) else ())), key=lambda clash: clash.path))

    def _merged(self, first: str, second: str) -> str | tuple[Clash, ...]:
        """Return the tree of two commits merged, or where they do not merge."""
        arguments = (*_QUICK, "merge-tree", "--write-tree", "-z", "--messages", first, second)
        done = self._git.run(*arguments)
        parts = done.out.split(b"\0")
        # An exit code of 1 is a conflict only where a tree was written all the same.
        if done.code not in (0, 1) or _OBJECT.fullmatch(parts[0]) is None:
            raise self._git.failed(arguments, done)
        found = parts[0].decode()
        if done.code == 0:
            return found
        return self._clashes(found, parts[1:], {first: "what is there", second: "this task"})

    def paths(self, old: str, new: str) -> tuple[str, ...]:
        """Return the paths that differ between two trees or commits, relative to the tree."""
        out = self._git.out("diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new)
        return tuple(tree_path(path, self._store.tree) for path in out.split(b"\0") if path)

    def chain(self, base: str, commits: Sequence[str]) -> set[str] | None:
        """Return the paths, relative to the tree, that *commits* touch; None if they are no plain chain on *base*."""
        said = self._git.out("rev-list", "--reverse", "--topo-order", "--parents", commits[-1], f"^{base}", "--")
        rows = [line.split(" ") for line in said.decode().split("\n") if line]
        if rows != [list(pair) for pair in zip(commits, (base, *commits), strict=False)]:
            return None
        words = ("log", "--format=", "--name-only", "--no-renames", "--no-show-signature", "-z")
        out = self._git.out(*words, commits[-1], f"^{base}", "--")
        return {tree_path(path, self._store.tree) for path in out.split(b"\0") if path}

    def texts(self, wanted: Sequence[tuple[str, str]], *, most: int, total: int) -> list[str | None]:
        """Return files, each of a commit and of a path relative to the tree; "" for one that is not there.

        None for one with over *most* bytes, and for those that do not fit into *total* together.
        """
        asked = [os.fsencode(f"{commit}:{self._in_repository(path)}") for commit, path in wanted]
        read = contents(self._git, asked, most=most, total=total)
        return [None if one is None else one.decode("utf-8", "replace") for one in read]

    # -- helpers

    def _of(self, piece: Piece) -> tuple[str, str]:
        if piece not in self._trees:
            base = self.tree_of(piece.base)
            whole = piece.only is None
            self._trees[piece] = (base, self.tree_of(piece.commit) if whole else self._part(piece, base))
        return self._trees[piece]

    def _part(self, piece: Piece, base: str) -> str:
        """Return the base's tree with only the wanted changes in it."""
        raw = self._git.out("diff-tree", "-r", "-z", "--no-renames", "--raw", piece.base, piece.commit).split(b"\0")
        rows = []
        for said, path in zip(raw[0:-1:2], raw[1::2], strict=True):
            if piece.only is None or piece.only(tree_path(path, self._store.tree)):
                _, mode, _, new, _ = said[1:].split(b" ")
                rows.append(b"%s %s\t%s\0" % (b"0" if mode == b"000000" else mode, new, path))
        return self._with_rows(base, rows)

    def _with_rows(self, tree: str, rows: Sequence[bytes]) -> str:
        """Return a tree with some entries others, as `update-index --index-info` takes them."""
        index = self._store.path / f"part.{os.getpid()}.index"
        git = self._store.git(index=index)
        try:
            git.out("read-tree", tree)
            git.out("update-index", "-z", "--index-info", stdin=b"".join(rows))
            return git.line("write-tree")
        finally:
            index.unlink(missing_ok=True)

    def _beside(self, tree: str, piece: Piece) -> tuple[str, str]:
        """Return commits of *tree* and of the piece's tree, both made on the piece's base."""
        if piece.only is None:
            return self.passing(tree, piece.base), piece.commit
        return self.passing(tree, piece.base), self.passing(self._of(piece)[1], piece.base)

    def passing(self, tree: str, *parents: str) -> str:
        """Return a commit that nobody is to keep."""
        return passing_commit(self._store.objects, tree, parents)

    def _clashes(self, tree: str, parts: Sequence[bytes], names: Mapping[str, str]) -> tuple[Clash, ...]:
        """Return the files that git names, in its stages or only in its words."""
        end = parts.index(b"")
        found = {row.partition(b"\t")[2]: "" for row in parts[:end]}
        words = iter(parts[end + 1 :])
        for count in words:
            if not count:
                break
            named = [next(words) for _ in range(int(count))]
            kind, _ = next(words).decode("utf-8", "replace"), next(words)
            if kind.startswith("CONFLICT"):
                how = kind.removeprefix("CONFLICT").strip(" ()")
                found |= {path: how for path in named[:1] if not found.get(path)}
        rows = sorted(found.items())
        files = contents(self._git, [b"%s:%s" % (tree.encode(), path) for path, _ in rows], most=_MOST, total=_TOTAL)
        return tuple(
            Clash(path=tree_path(path, self._store.tree), how=how or "contents", text=_both_sides(file or b"", names))
            for (path, how), file in zip(rows, files, strict=True)
        )

    def _in_repository(self, path: str) -> str:
        git, raw = self._store.tree.git, path_bytes(path)
        if git is not None and git.subdir:
            raw = os.path.normpath(os.fsencode(git.subdir) + b"/" + raw)
        return os.fsdecode(raw)


def _both_sides(file: bytes, names: Mapping[str, str]) -> str:
    """Return of a file with conflict markers what lies around the first, or "" where it has none."""
    found = file.find(b"<<<<<<< ")
    if found < 0 or b"\0" in file:
        return ""
    at = max(0, found - _BEFORE)
    text = file[at : at + 4 * _MOST_TEXT].decode("utf-8", "replace")
    for commit, name in names.items():
        text = text.replace(commit, name)
    return text[:_MOST_TEXT]
