"""What a landing does to the user's repository: objects copied over first, then refs moved, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from forkjoin.errors import PlanError
from forkjoin.failpoints import reached
from forkjoin.model import RefMove
from forkjoin.workspaces.git import Git, of_user
from forkjoin.workspaces.handing import DURABLE, hand_over
from forkjoin.workspaces.pointing import give_content
from forkjoin.workspaces.store import Store

_HEADS: Final = "refs/heads/"


def stands_at(top: Path, ref: str) -> str:
    """Return the commit that a ref or any other name of the user's repository stands for; "" where there is none."""
    done = of_user(top).run("rev-parse", "-q", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    return done.out.decode().strip() if done.code == 0 else ""


def clashes(top: Path, ref: str) -> str:
    """Return the ref that stands in the way of *ref*, as `forkjoin` does of `forkjoin/x`; "" where none does."""
    user = of_user(top)
    if user.run("check-ref-format", ref).code != 0:
        raise PlanError(f"{ref.removeprefix(_HEADS)!r} is no name for a branch", where="--branch-prefix")
    parts = ref.split("/")
    above = ["/".join(parts[:end]) for end in range(3, len(parts))]
    there = user.out("for-each-ref", "--format=%(refname)", *above, f"{ref}/").decode("utf-8", "replace").split()
    return next((name for name in there if name in above or name.startswith(f"{ref}/")), "")


def is_behind(top: Path, old: str, new: str) -> bool:
    """Whether a commit is the other one, or among those before it."""
    return old == new or of_user(top).run("merge-base", "--is-ancestor", old, new).code == 0


def checked_out_in(top: Path, ref: str) -> str:
    """Return the work tree in which a branch is checked out; "" where it is in none."""
    folder = ""
    for line in of_user(top).out("worktree", "list", "--porcelain", "-z").decode("utf-8", "replace").split("\0"):
        word, _, said = line.partition(" ")
        folder = said if word == "worktree" else folder
        if word == "branch" and said == ref:
            return folder
    return ""


def held(top: Path, commits: Iterable[str]) -> frozenset[str]:
    """Return which commits some ref of the user's holds (ours do not count), or their checked out HEAD."""
    user = of_user(top)
    asked = b"".join(f"{commit}\n".encode() for commit in dict.fromkeys(commits) if commit)
    if not asked:
        return frozenset()
    rows = (row.split(b" ") for row in user.out("cat-file", "--batch-check", stdin=asked).split(b"\n"))
    there = [row[0] for row in rows if row[1:2] == [b"commit"]]
    head = ("HEAD",) if user.run("rev-parse", "-q", "--verify", "HEAD^{commit}").code == 0 else ()
    words = ("rev-list", "--stdin", "--not", "--branches", "--tags", "--remotes", *head)
    done = user.run(*words, stdin=b"".join(commit + b"\n" for commit in there))
    if done.code != 0:  # a history with holes, perhaps: what cannot be told of all is asked of each
        return frozenset(commit.decode() for commit in there if _is_held(user, commit.decode()))
    return frozenset(commit.decode() for commit in set(there).difference(done.out.split()))


def _is_held(user: Git, commit: str) -> bool:
    words = ("for-each-ref", "--count=1", "--format=x", f"--contains={commit}")
    done = user.run(*words, "refs/heads", "refs/tags", "refs/remotes")
    return done.code == 0 and bool(done.out or user.run("merge-base", "--is-ancestor", commit, "HEAD").code == 0)


def published(store: Store, moves: Sequence[RefMove], *, onto: str) -> None:
    """Copy what *moves* lead to into the user's repository, then move all refs in one transaction.

    Raises PlanError where a ref is no longer where it was: then none was moved.
    """
    user = of_user(store.top)
    reached("land.before.objects")
    hand_over(store, [move.new for move in moves], [onto, *(move.old for move in moves)])
    give_content(store, [move.new for move in moves], [onto, *(move.old for move in moves)])
    reached("land.objects")
    zeros = "0" * len(moves[0].new)
    said = "".join(f"update {move.ref} {move.new} {move.old or zeros}\n" for move in moves)
    words = ("update-ref", "-m", f"forkjoin: land {store.run}", "--stdin")
    done = user.run(*DURABLE, *words, stdin=said.encode())
    if done.code != 0:
        why = done.said.decode("utf-8", "replace").strip().partition("\n")[0]
        raise PlanError(
            f"{', '.join(move.ref.removeprefix(_HEADS) for move in moves[:3])} could not be moved: {why}; "
            "nothing was landed",
            next_step=f"look at it, then land again: forkjoin land {store.run}",
        )
    reached("land.refs")
