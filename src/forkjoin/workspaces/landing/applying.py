"""The user's checked out branch moved forward to what was landed: the one time that forkjoin touches a work tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from forkjoin.errors import PlanError, listed
from forkjoin.failpoints import reached
from forkjoin.model import path_text
from forkjoin.model.text import spelled
from forkjoin.workspaces.git import Git, of_user

_SHOWN: Final = 5
_PLAIN: Final = ("--no-renames", "--no-ext-diff", "--no-textconv")


def apply_forward(top: Path, commit: str, *, branch: str) -> str:
    """Fast-forward the checked out branch of the work tree *top* to *commit*, and return its name.

    Raises PlanError, and changes nothing, where no branch is checked out, where it has moved on, where git cannot move
    it, or where a file that differs has changes of the user's: these are named. *branch* is where the changes are
    meanwhile.
    """
    user = of_user(top)
    head = user.run("symbolic-ref", "-q", "HEAD")
    name = head.out.decode("utf-8", "replace").strip().removeprefix("refs/heads/")
    if head.code != 0:
        raise _refusal("no branch is checked out", branch, f"git switch BRANCH; git merge {branch}")
    now = user.run("rev-parse", "-q", "--verify", "HEAD^{commit}")
    old = now.out.decode().strip() if now.code == 0 else ""
    if old and user.run("merge-base", "--is-ancestor", old, commit).code != 0:
        if user.run("merge-base", "--is-ancestor", commit, old).code == 0:
            return name  # it was there already
        raise _refusal(f"{name} has moved on since", branch, f"git merge {branch}")
    if dirty := sorted(_dirty(user, top, old, commit)):
        shown = listed(dirty, _SHOWN, say=lambda path: spelled(path_text(path)))
        raise _refusal(
            f"you have changes of your own in {shown}", branch, f"commit or stash them, then: git merge {branch}"
        )
    reached("apply.before")
    done = user.run("merge", "--ff-only", "--no-edit", "-q", "--no-autostash", commit)
    if done.code != 0:
        said = done.said.decode("utf-8", "replace").strip().partition("\n")[0] or f"exit code {done.code}"
        raise _refusal(f"git cannot move {name}: {said.removesuffix('.')}", branch, f"git merge {branch}")
    reached("apply.after")
    return name


def _refusal(why: str, branch: str, next_step: str) -> PlanError:
    return PlanError(
        f"{why}; the changes are on {branch}, and your work tree is as it was", where="--apply", next_step=next_step
    )


def _dirty(user: Git, top: Path, old: str, new: str) -> Iterable[bytes]:
    """Yield the files that would change and are not as HEAD has them; new ones whose place is taken, too."""
    before = old or user.line("mktree")
    rows = user.out("diff-tree", "-r", "-z", "--name-status", *_PLAIN, before, new).split(b"\0")
    added = {path for how, path in zip(rows[0:-1:2], rows[1::2], strict=True) if how == b"A"}
    changed = set(rows[1::2])
    yield from (path for path in added if _taken(os.fsencode(top), path, changed))
    differ = user.out("diff-index", "-z", "--name-only", "--ignore-submodules=all", *_PLAIN, before).split(b"\0")
    staged = user.out("diff-index", "-z", "--cached", "--name-only", *_PLAIN, before).split(b"\0")
    maybe = changed.intersection((*differ, *staged)) - added
    yield from (path for path in maybe if path in staged or _really(user, path))


def _really(user: Git, path: bytes) -> bool:
    """Whether a file differs by what is in it: `diff-index` also names those of which only the times do."""
    done = user.run("--literal-pathspecs", "diff", "--quiet", "HEAD", *_PLAIN, "--", os.fsdecode(path))
    return done.code != 0


def _taken(top: bytes, path: bytes, changed: set[bytes]) -> bool:
    """Whether something of the user's is where a new file would be: a file there, or one in place of a folder above."""
    parts = path.split(b"/")
    above = [b"/".join(parts[:end]) for end in range(1, len(parts))]
    if any(_is_file(top + b"/" + one) for one in above if one not in changed):
        return True
    return _is_file(top + b"/" + path)


def _is_file(path: bytes) -> bool:
    try:
        return not stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
