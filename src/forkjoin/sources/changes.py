"""What was changed since a ref: in commits since the merge base, in the tree, and files that git does not know yet."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from forkjoin.errors import CannotHere, PlanError
from forkjoin.model import ChangedFile, GitTree, Since, path_bytes, path_text
from forkjoin.sources.repository import ask_git, first_line

_PLAIN: Final = (
    "diff", "--no-color", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", "--find-renames",
    "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip
_HUNK: Final = re.compile(rb"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_MANY: Final = ("-c", "diff.renameLimit=20000")


def changed_since(ref: str, *, git: GitTree, root: Path) -> Since:
    """Return what differs from the merge base of HEAD and *ref*; paths are relative to *root*, those outside left out.

    Raises PlanError for a ref that git does not know, or that shares no history with HEAD; CannotHere where git fails.
    """
    top = Path(git.top)
    base = _merge_base(top, ref, head=git.head)
    lines = _changed_lines(top, base)
    files: dict[bytes, ChangedFile] = {}
    for status, was, name in _names(top, base):
        path = _below(root, top, name)
        if path is not None:
            files[name] = ChangedFile(
                path=path,
                new=status in b"AC",
                lines=() if status in b"AC" else tuple(lines.get(name, ())),
                was=path_text(was) if status == b"R" else "",
            )
    code, out, said = ask_git(top, "ls-files", "-z", "--others", "--exclude-standard", "--full-name")
    _refuse(top, "list files", code, said)
    for name in filter(None, out.split(b"\0")):
        path = _below(root, top, name)
        if path is not None:
            files[name] = ChangedFile(path=path, new=True)
    return Since(ref=ref, base=base, files=tuple(sorted(files.values(), key=lambda file: file.path)))


def renames_since(file: Path, *, git: GitTree) -> tuple[tuple[str, str], ...]:
    """Return files renamed since *file* was last committed, as (new name, old name) from the repository's top.

    Where it was never committed those since HEAD; nothing where git cannot tell.
    """
    top = Path(git.top)
    if not git.head or not file.resolve().is_relative_to(top):
        return ()
    _, out, _ = ask_git(top, "log", "-1", "--format=%H", "--", f":(literal){file.resolve().relative_to(top)}")
    base = out.strip().decode("ascii", "replace") or git.head
    return tuple(
        (path_text(name), path_text(was)) for status, was, name in _names(top, base, strict=False) if status == b"R"
    )


def _merge_base(top: Path, ref: str, *, head: str) -> str:
    where = f"--since {ref}"
    if not head:
        raise PlanError("this repository has no commit yet", where=where, next_step="leave it out, or commit first")
    code, out, _ = ask_git(top, "rev-parse", "-q", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if code != 0 or not ref:
        raise PlanError("git knows no such commit", where=where, next_step=_shallow(top) or "see: git branch -a")
    commit = out.strip().decode("ascii", "replace")
    code, out, said = ask_git(top, "merge-base", commit, "HEAD")
    if code == 1 or (code == 0 and not out.strip()):
        deeper = _shallow(top) or "name a ref that HEAD comes from"
        raise PlanError("HEAD and it share no history here", where=where, next_step=deeper)
    _refuse(top, "find the merge base", code, said)
    return out.split(b"\n", 1)[0].decode("ascii", "replace")


def _shallow(top: Path) -> str:
    """Return how to get the history that a shallow clone lacks, "" where it is none."""
    _, out, _ = ask_git(top, "rev-parse", "--is-shallow-repository")
    return "this clone is shallow: git fetch --unshallow (in CI: fetch-depth: 0)" if out.strip() == b"true" else ""


def _names(top: Path, base: str, *, strict: bool = True) -> list[tuple[bytes, bytes, bytes]]:
    """Return (status letter, old name, name) of every file that differs from *base* and is still there."""
    code, out, said = ask_git(top, *_MANY, *_PLAIN, "--name-status", "-z", "--diff-filter=d", base, "--")
    if code != 0 and not strict:
        return []
    _refuse(top, "compare", code, said)
    fields, found = iter(out.split(b"\0")), []
    for status in fields:
        if not status:
            continue
        first = next(fields, b"")
        moved = status[:1] in b"RC"
        found.append((status[:1], first if moved else b"", next(fields, b"") if moved else first))
    return found


def _changed_lines(top: Path, base: str) -> dict[bytes, list[tuple[int, int]]]:
    """Return the lines of each file that are not as they were in *base*."""
    code, out, said = ask_git(top, *_MANY, *_PLAIN, "--unified=0", "--inter-hunk-context=0", base, "--")
    _refuse(top, "compare", code, said)
    found: dict[bytes, list[tuple[int, int]]] = {}
    lines: list[tuple[int, int]] = []
    heading = False  # a changed line may look like a heading: those stand between `diff` and the first hunk only
    for line in out.split(b"\n"):
        if line.startswith(b"diff --git "):
            heading = True
        elif heading and line.startswith(b"+++ "):
            lines = found.setdefault(_named(line[4:]), [])
        elif hunk := _HUNK.match(line):
            heading = False
            start, count = int(hunk[1]), int(hunk[2] or 1)
            if count:
                lines.append((start, start + count - 1))
    return found


def _named(told: bytes) -> bytes:
    """Return the name behind `+++ `: quoted as in C where it is odd, with a tab behind it where it holds a space."""
    told = told.removesuffix(b"\t")
    if told.startswith(b'"'):
        for char, octal in ((b"a", b"007"), (b"b", b"010"), (b"t", b"011"), (b"n", b"012"), (b"v", b"013"),
                            (b"f", b"014"), (b"r", b"015")):  # fmt: skip
            told = re.sub(rb"(?<!\\)((?:\\\\)*)\\" + char, rb"\1\\" + octal, told)
        told = path_bytes(told.decode("ascii", "surrogateescape"))
    return told.removeprefix(b"b/")


def _below(root: Path, top: Path, name: bytes) -> str | None:
    """Return a name from the repository's top as one from *root*, None where it lies outside."""
    whole = os.path.join(os.fsencode(top), name)  # noqa: PTH118 - names are bytes here
    head = os.fsencode(root).rstrip(b"/") + b"/"
    return path_text(whole[len(head) :]) if whole.startswith(head) else None


def _refuse(top: Path, what: str, code: int, said: bytes) -> None:
    if code != 0:
        raise CannotHere(f"git cannot {what} in {top}: {first_line(said)}; try: git -C {top} status")
