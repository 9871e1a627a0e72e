"""The branch that changes are landed on, and what it begins with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forkjoin.errors import PlanError
from forkjoin.workspaces.landing import checked_out_in, clashes, is_behind, stands_at

_HEADS = "refs/heads/"


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A branch in full, the commit it stands at ("" = it is not there), and the one to begin with ("" = no commit)."""

    ref: str
    old: str
    start: str
    note: str = ""

    @property
    def name(self) -> str:
        """Its name, as people say it."""
        return self.ref.removeprefix(_HEADS)


def branch_of(top: Path, ref: str, *, onto: str) -> Branch:
    """Return where landing on *ref* begins: at its own end where it has one, else at *onto* ("" = HEAD).

    Raises PlanError for an *onto* that is not there, for a branch whose name is in the way, and for one that is checked
    out: moved, it would make its work tree look changed.
    """
    name = ref.removeprefix(_HEADS)
    if clash := clashes(top, ref):
        raise PlanError(
            f"the branch {clash.removeprefix(_HEADS)} is in the way of {name}",
            where="land",
            next_step="take another name: --branch-prefix NAME",
        )
    begin = stands_at(top, onto or "HEAD")
    if onto and not begin:
        raise PlanError(f"there is no {onto!r} in {top}", where="--onto", next_step="name a branch, a tag or a commit")
    old = stands_at(top, ref)
    if folder := checked_out_in(top, ref) if old else "":
        raise PlanError(
            f"{name} is checked out in {folder}", where="land", next_step="switch to another branch there, or take "
            "another name: --branch-prefix NAME",
        )  # fmt: skip
    if not old or (begin and is_behind(top, old, begin)):
        return Branch(ref=ref, old=old, start=begin)
    note = f"{name} does not have the newest commits of {onto or 'HEAD'}; git merge {name} there, and land again"
    return Branch(ref=ref, old=old, start=old, note="" if is_behind(top, begin, old) else note)
