"""Which folders or files of a tree a fan-out's globs match, and how large they are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from forkjoin.errors import PlanError
from forkjoin.model import Tree, path_bytes, path_text
from forkjoin.planning.globs import Pattern, folded, patterns, residuals
from forkjoin.planning.paths import inside

Kind = Literal["dir", "file"]
WORDS: Final[dict[Kind, str]] = {"dir": "folder", "file": "file"}
_NEAR: Final = 5000  # names that are compared with a glob that matches nothing
_SHOWN: Final = 3


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A folder or file that a glob matches: how many files that is, and their bytes."""

    path: str
    files: int
    bytes: int


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """What the globs of one fan-out match, largest first; and what a person should know of it."""

    matches: tuple[Match, ...]
    notes: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()


def matched(tree: Tree, globs: Sequence[str], *, kind: Kind, where: str) -> Matched:
    """Return the folders or files of *tree* that *globs* match, each once.

    Of a folder and one in it only the outer one is taken: it holds the inner one. Symbolic links are not followed.
    Raises PlanError, that names near ones, for a glob that matches nothing.
    """
    known = _folders(tree.files) if kind == "dir" else _regular(tree)
    found: dict[str, None] = {}
    for glob in globs:
        hits = list(filter(_matcher(glob, tree, where), known))
        if not hits:
            raise _nothing(tree, glob, known, kind, where)
        found.update(dict.fromkeys(hits))
    odd = sorted(path for path in found if path.startswith('"'))
    taken, inner = _outermost(path for path in found if not path.startswith('"'))
    sizes = _sizes(tree, frozenset(taken))
    matches = sorted((Match(path=path, files=sizes[path][0], bytes=sizes[path][1]) for path in taken), key=_largest)
    return Matched(
        matches=tuple(matches),
        notes=tuple(_inner_notes(inner)),
        not_looked_at=tuple(f"{path}: its name is not valid UTF-8, so no task can be given it" for path in odd),
    )


def _largest(match: Match) -> tuple[int, str]:
    return -match.bytes, match.path


def _folders(files: Sequence[str]) -> list[str]:
    seen: dict[str, None] = {}
    for path in files:
        seen.update(dict.fromkeys(_above(path)))
    return sorted(seen)


def _regular(tree: Tree) -> list[str]:
    links = {link.path for link in tree.links}
    return [path for path in tree.files if path not in links]


def _matcher(glob: str, tree: Tree, where: str) -> Callable[[str], bool]:
    rows = patterns(inside(glob, where=where), folds_case=tree.folds_case)

    def matches(path: str) -> bool:
        text = path_bytes(path).decode(errors="replace") if path.startswith('"') else path
        names = tuple(folded(text, folds_case=tree.folds_case).split("/"))
        return any(_exactly(row, names) for row in rows)

    return matches


def _exactly(pattern: Pattern, names: tuple[str, ...]) -> bool:
    if pattern.literal:
        return names == pattern.head
    return names[: len(pattern.head)] == pattern.head and () in residuals(pattern, names)


def _outermost(paths: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the paths that lie in no other, and each of the others with the one it lies in."""
    taken: set[str] = set()
    inner: list[tuple[str, str]] = []
    for path in sorted(paths, key=lambda one: one.count("/")):
        outer = next((above for above in _above(path) if above in taken), None)
        if outer is None:
            taken.add(path)
        else:
            inner.append((path, outer))
    return sorted(taken), sorted(inner)


def _above(path: str) -> Iterator[str]:
    """Yield the folders that *path* lies in, the outermost first."""
    if path.startswith('"'):  # a name that is no UTF-8; its folders may be
        parts = path_bytes(path).split(b"/")
        yield from (path_text(b"/".join(parts[:n])) for n in range(1, len(parts)))
        return
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _inner_notes(inner: Sequence[tuple[str, str]]) -> Iterator[str]:
    for path, outer in inner[:_SHOWN]:
        yield f"{path} lies in {outer}, which is matched too: one task has both."
    if len(inner) > _SHOWN:
        yield f"{len(inner) - _SHOWN:,} more folders lie in others that are matched, and belong to their tasks."


def _sizes(tree: Tree, taken: frozenset[str]) -> dict[str, tuple[int, int]]:
    """Return for each path how many files it holds (a file: itself), and their bytes."""
    found = dict.fromkeys(taken, (0, 0))
    sizes = tree.sizes or (0,) * len(tree.files)
    for path, size in zip(tree.files, sizes, strict=True):
        owner = next((one for one in (*_above(path), path) if one in taken), None)
        if owner is not None:
            files, total = found[owner]
            found[owner] = files + 1, total + size
    return found


def _nothing(tree: Tree, glob: str, known: Sequence[str], kind: Kind, where: str) -> PlanError:
    other: Kind = "file" if kind == "dir" else "dir"
    matches = _matcher(glob, tree, where)
    others = sum(map(matches, _regular(tree) if kind == "dir" else _folders(tree.files)))
    near = _near(glob, known)
    if others:
        advice = f"it matches {others:,} {WORDS[other]}{'s' * (others != 1)}: use {other}s (--{other}s)"
    elif near:
        advice = f"near ones: {', '.join(near)}"
    elif known:
        advice = f"{WORDS[kind]}s there: {', '.join(known[:_SHOWN])}"
    else:
        advice = f"the tree holds no {WORDS[kind]} at all"
    said = "; what git ignores, empty folders and links do not count"
    return PlanError(f"no {WORDS[kind]} matches {glob!r}", where=where, next_step=advice + said)


def _near(glob: str, known: Sequence[str]) -> list[str]:
    """Return known names that look like the glob; then those that look like its part before the first wildcard."""
    few = known[:_NEAR]
    head = re.split(r"/?[^/]*[*?\[{]", glob, maxsplit=1)[0]
    for text, names in ((glob, few), (head, [path for path in few if path.count("/") == head.count("/")])):
        found = difflib.get_close_matches(text, names, n=_SHOWN, cutoff=0.6) if text else []
        if found:
            return found
    return []
