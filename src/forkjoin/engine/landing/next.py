"""The command to give after a landing. Pure."""

from __future__ import annotations

import shlex

from forkjoin.model import Landing


def next_command(made: Landing) -> str:
    """Return it: land for good, read a conflict, merge the branch, or push what was applied. forkjoin never pushes."""
    if made.dry_run:
        return f"forkjoin land {made.run}" if made.landed else f"forkjoin show {made.run}"
    if made.applied:
        return "git push"
    if not (made.landed or made.before):
        follow = next((left for left in made.left_out if left.follow_up), None)
        return made.resolving(follow) if follow else f"forkjoin show {made.run}"
    if not made.branch:  # a branch each was asked for, and all that there is was landed before, wherever that was
        return f"forkjoin show {made.run}"
    if len(made.refs) > 1:
        return f"git branch --list {shlex.quote(made.branch.rpartition('/')[0] + '/*')}"
    return f"git merge {made.branch}"
