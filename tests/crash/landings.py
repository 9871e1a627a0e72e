"""The end of a trial: its run is landed, killed on the way where that is wanted, and landed again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from crash.looking import content, git

if TYPE_CHECKING:
    from crash.trials import Trial

POINTS = ("land.", "apply.")  # how the names of its points begin


def landed(
    made: Trial, run: str, writers: list[str], land: Callable[[], int], noted: Callable[[], None], *, whole: bool
) -> None:
    """Land *run* on the tree's own branch; what *writers* changed must be there once, and nothing half of it before.

    Not *whole*: some task did not complete, so `land` says that it left something out.
    """
    tree = made.folder / "tree"
    if made.kill.startswith(POINTS):
        (made.points / "kill").write_text(made.kill)
        land()
        noted()
        if made.kill.startswith("land.") and on_branch(tree, "HEAD"):
            made.broke("untrue", f"HEAD moved, though it was killed at {made.kill}")
        if (there := on_branch(tree, f"refs/heads/forkjoin/{run}")) not in ([], writers):
            made.broke("untrue", f"a part was landed: {there} of {writers}")
    if (code := land()) != (0 if whole else 3):
        made.broke("untrue", f"land ended with {code}: {content(str(made.folder / 'talk')).decode()[-400:]}")
    elif (there := on_branch(tree, "HEAD")) != writers:
        made.broke("lost", f"{there} are landed, and {writers} completed with changes")


def on_branch(tree: Path, name: str) -> list[str]:
    """Return the tasks whose commits are on a branch, the oldest first; [] where it is not there."""
    if not git(tree, "for-each-ref", name) and name != "HEAD":
        return []
    said = git(tree, "log", "--reverse", "--format=%(trailers:key=Forkjoin-Task,valueonly,separator=%x20)", name)
    return said.split()
