"""Commits of the run's repository as files that `git am` takes."""

from __future__ import annotations

import os
from pathlib import Path

from forkjoin.errors import CannotHere, listed
from forkjoin.model import path_text
from forkjoin.model.text import spelled
from forkjoin.workspaces.contents import LARGEST, sizes
from forkjoin.workspaces.pointing import give_content
from forkjoin.workspaces.store import Store


def patch_files(store: Store, start: str, tip: str, target: Path) -> tuple[str, ...]:
    """Write a numbered patch for each commit behind *start* ("" = all) up to *tip*; return their names.

    What pointers of LFS files in them name is copied to the user's local store.

    Raises CannotHere, and writes nothing, where a file is too big: git would hold it several times in memory.
    """
    behind = (f"{start}..{tip}",) if start else ("--root", tip)
    _refuse_big(store, start, tip)
    give_content(store, [tip], [start])
    out = store.git().out(
        "format-patch", "-o", os.fspath(target.resolve()), "--binary", "--full-index", "--no-renames", "--no-signature",
        "--no-ext-diff", "--no-textconv", "--no-color", "--no-thread", "--no-cover-letter", "--no-base",
        "--no-attach", "--no-add-header", "--no-notes", "-N", *behind,
    )  # fmt: skip
    return tuple(Path(os.fsdecode(line)).name for line in out.split(b"\n") if line)


def _refuse_big(store: Store, start: str, tip: str) -> None:
    said = store.git().out("rev-list", "--objects", tip, *((f"^{start}",) if start else ()))
    rows = [line.partition(b" ") for line in said.split(b"\n") if line]
    measured = zip(rows, sizes(store.git(), [name for name, _, _ in rows]), strict=True)
    big = [spelled(path_text(path)) for (_, _, path), (_, size) in measured if size > LARGEST]
    if big:
        raise CannotHere(
            f"{listed(big, 5)}: too big for a patch (over {LARGEST // 1024**2} MiB); take the changes over as "
            f"commits: forkjoin land {store.run}"
        )
