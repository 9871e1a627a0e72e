"""Paths, globs and file names that a text names, and whether it speaks of writing or of reading them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, Literal

import msgspec

from forkjoin.model import Tree
from forkjoin.planning.wording import AFTER, AFTER_WRITE, BARE_NAMES, BEFORE, EXTENSIONS

Access = Literal["write", "read", "unclear"]

# an open fence goes on to the end of the text: so no second one is looked for, and the search stays linear
_FENCE: Final = re.compile(r"^(```|~~~).*?(?:^\1[ \t]*$|\Z)", re.M | re.S)
_URL: Final = re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://\S+", re.I)
_TICKED: Final = re.compile(r"`([^`\n]{1,300})`")
_BARE: Final = re.compile(r"(?<![\w/.@-])(?:\.{1,2}/)?[\w.@*?\[\]{},+-]+(?:/[\w.@*?\[\]{},+-]+)*/?")
_BOLD: Final = re.compile(r"(\*{1,3})([^*]+)\1")
_NAME: Final = re.compile(r"[\w.@*?\[\]{},+-]*\.[A-Za-z][A-Za-z0-9]{0,9}")
_SENTENCE_END: Final = re.compile(r"[.;!?](?=\s)|\n\s*\n|\n\s*(?:[-*+]|\d+[.)])\s")
MAX_MENTIONS: Final = 200
MAX_LOOKED_AT: Final = 1_000
MAX_TEXT: Final = 200_000  # characters; a prompt that long names its files long before
_PATH_MARKS: Final = frozenset("./*?[")
_LINE: Final = re.compile(r":\d+(?:[:-]\d+)*$")
_MANY: Final = 5


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A path that a text names: as a claim would write it, as the text wrote it, what it says of it, and how sure."""

    path: str
    written: str
    access: Access
    confidence: float


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """A tree's names, ready to be looked up."""

    files: frozenset[str]
    folders: frozenset[str]
    by_name: dict[str, tuple[str, ...]]

    def holds(self, path: str) -> bool:
        """Whether the tree has a file or folder of that path."""
        return path in self.files or path in self.folders


def names_of(tree: Tree) -> Names:
    """Return the tree's names; linear in its files."""
    folders: set[str] = set()
    by_name: dict[str, list[str]] = {}
    for path in tree.files:
        folder, _, name = path.rpartition("/")
        by_name.setdefault(name, []).append(path)
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return Names(
        files=frozenset(tree.files), folders=frozenset(folders), by_name={k: tuple(v) for k, v in by_name.items()}
    )


def mentions(text: str, names: Names) -> tuple[Mention, ...]:
    """Return what the text names, each path once; where it is written and read, it is written."""
    found: dict[str, Mention] = {}
    for mention in islice(_all(text[:MAX_TEXT], names), MAX_LOOKED_AT):
        known = found.get(mention.path)
        if known is None or _rank(mention) > _rank(known):
            found[mention.path] = mention
        if len(found) >= MAX_MENTIONS:
            break
    return tuple(found.values())


def _rank(mention: Mention) -> tuple[int, float]:
    return (("unclear", "read", "write").index(mention.access), mention.confidence)


def _all(text: str, names: Names) -> Iterator[Mention]:
    # Code in a fence is an example: it names files of the tree at most as something to look at.
    prose = _FENCE.sub(lambda fence: " " * (fence.end() - fence.start()), text)
    prose = _URL.sub(lambda url: " " * (url.end() - url.start()), prose)
    ends = [end.start() for end in _SENTENCE_END.finditer(prose)]
    for start, end, written, ticked in _tokens(prose):
        if not ticked and written not in names.by_name and _PATH_MARKS.isdisjoint(written):
            continue  # a plain word
        paths = _resolved(written, names, ticked=ticked)
        if not paths:
            continue
        access, confidence = _access(prose, start, end, ends)
        for path in paths:
            yield Mention(
                path=path, written=written, access=access, confidence=confidence / (1 if len(paths) == 1 else 2)
            )
    yield from _in_fences(text, names)


def _in_fences(text: str, names: Names) -> Iterator[Mention]:
    for fence in _FENCE.finditer(text):
        for _, _, written, _ in _tokens(fence[0]):
            if "/" in written and written in names.files:
                yield Mention(path=written, written=written, access="read", confidence=0.4)


def _tokens(prose: str) -> Iterator[tuple[int, int, str, bool]]:
    """Give start, end, the token, and whether it stood in backticks; in the order of the text."""
    ticked = list(_TICKED.finditer(prose))
    for tick in ticked:
        if not re.search(r"\s", tick[1]):
            yield tick.start(), tick.end(), tick[1], True
    starts = [tick.start() for tick in ticked]
    for bare in _BARE.finditer(prose):
        at = bisect_left(starts, bare.start() + 1) - 1
        if at >= 0 and bare.start() < ticked[at].end() and not re.search(r"\s", ticked[at][1]):
            continue
        token = bare[0].rstrip(".,?!")
        bold = _BOLD.fullmatch(token)
        if token:
            yield bare.start(), bare.start() + len(token), bold[2] if bold else token, False


def _resolved(written: str, names: Names, *, ticked: bool) -> tuple[str, ...]:
    """Return the paths of the tree, or to be made in it, that a token stands for; () where it is no path."""
    path = _LINE.sub("", written).removeprefix("./")
    plain = path.rstrip("/")
    if not plain.strip("*?.{}[],") or not _stays_inside(path):
        return ()
    if names.holds(plain):
        is_word = not ticked and "/" not in path and "." not in plain and plain not in names.files
        return () if is_word else (plain,)
    name = plain.rpartition("/")[2]
    has_extension = bool(_NAME.fullmatch(name)) and name.rpartition(".")[2].lower() in EXTENSIONS
    if "/" in plain:
        head = plain.split("/", 1)[0]
        is_path = has_extension or path.endswith("/") or head in names.folders or (ticked and "*" in plain)
        return (plain,) if is_path else ()
    return _bare(plain, names, has_extension=has_extension, ticked=ticked)


def _stays_inside(path: str) -> bool:
    parts = path.split("/")
    return len(path) <= 300 and not path.startswith(("/", "~", "-", "@")) and ".." not in parts and ".git" not in parts


def _bare(name: str, names: Names, *, has_extension: bool, ticked: bool) -> tuple[str, ...]:
    """A name without a folder stands for the few files of that name, else for one at the top of the tree."""
    if any(char in name for char in "*?["):
        return (f"**/{name}",) if has_extension else ()
    known = names.by_name.get(name, ())
    if known:
        return known if len(known) <= _MANY else ()
    return (name,) if has_extension or (name in BARE_NAMES and ticked) else ()


def _access(prose: str, start: int, end: int, ends: Sequence[int]) -> tuple[Access, float]:
    at = bisect_left(ends, start)
    first = ends[at - 1] + 1 if at else 0
    last = ends[at] if at < len(ends) else len(prose)
    after = prose[end : min(last, end + 60)]
    if AFTER_WRITE.match(after):
        return "write", 0.7
    if AFTER.match(after):
        return "read", 0.8
    access, confidence = _before(prose[max(first, start - 300) : start])
    return access, confidence


def _before(clause: str) -> tuple[Access, float]:
    """Decide by the cue nearest before the path; "to X" and the like lean on the verb before them."""
    kind = verb = direction = ""
    wrote = False
    for cue in BEFORE.finditer(clause):
        if cue.lastgroup == "to":
            direction = cue[0].lower()
            continue
        kind, verb, direction = cue.lastgroup or "", cue[0].lower(), ""
        wrote = wrote or kind == "write"
    if not kind:
        return "unclear", 0.5
    if kind != "read":
        return ("write", 0.8) if kind == "write" else ("read", 0.6)
    # "add tests for a.py to b.py", "copy a.py to b.py": what is gone to is written
    moved = wrote or verb in ("copy", "from", "read")
    there = direction in ("to", "into", "under") or (direction != "" and verb.endswith((" for", " of")))
    return ("write", 0.6) if there and moved else ("read", 0.8)
