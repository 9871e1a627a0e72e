"""Commits of the run's repository as files that `git am` takes."""

from __future__ import annotations

import os
from pathlib import Path

from forkjoin.workspaces.store import Store


def patch_files(store: Store, start: str, tip: str, target: Path) -> tuple[str, ...]:
    """Write a numbered patch for each commit behind *start* ("" = all) up to *tip*; return their names."""
    behind = (f"{start}..{tip}",) if start else ("--root", tip)
    out = store.git().out(
        "format-patch", "-o", os.fspath(target.resolve()), "--binary", "--full-index", "--no-renames", "--no-signature",
        "--no-ext-diff", "--no-textconv", "--no-color", "--no-thread", "--no-cover-letter", "--no-base",
        "--no-attach", "--no-add-header", "--no-notes", "-N", *behind,
    )  # fmt: skip
    return tuple(Path(os.fsdecode(line)).name for line in out.split(b"\n") if line)
