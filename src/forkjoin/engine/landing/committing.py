"""A task's changes as commits: one by one those that its agent made, where that gives the same tree, else one.

One by one means: the agent's commits are a plain chain on what it started from, touch only files that the task has
changed at its end, and merge in their order into what is there. Author, date and message are then the agent's; the
committer and the signature are the user's, and our trailers close the message. What it left uncommitted comes last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forkjoin.engine.landing.choosing import Candidate
from forkjoin.engine.landing.messages import message
from forkjoin.model import Authored, Plan, RunId
from forkjoin.model.text import clean
from forkjoin.workspaces.landing import Message, Piece, Replay, Writer

_AUTHOR: Final = re.compile(r"([^<>\n]*[^<>\s.,:;\"'\\][^<>\n]*) <([^<>\s]+)>")


@dataclass(frozen=True, kw_only=True)
class Committed:
    """The last commit, how many there are, and what is to be said of them."""

    tip: str
    count: int
    note: str = ""


class Committing:
    """Makes the commits of one landing."""

    def __init__(self, replay: Replay, writer: Writer, plan: Plan, run: RunId, *, signed: bool = True) -> None:
        self._replay, self._writer, self._signed = replay, writer, signed
        self._plan, self._run = plan, run

    def committed(self, candidate: Candidate, *, parent: str, before: str, after: str) -> Committed:
        """Put a candidate behind the commit *parent*; its changes lead from the tree *before* to another, *after*."""
        said = message(candidate.task.task, self._plan, self._run)
        commits = candidate.task.changes.commits
        trees = self._one_by_one(candidate, before, after) if commits else None
        if trees is None:
            tip = self._writer.commit(after, said, parent=parent, signed=self._signed)
            note = f"what {candidate.id} committed itself does not land one by one; it was made one commit"
            return Committed(tip=tip, count=1, note=note if commits else "")
        tip, count, at = parent, 0, before
        for one, tree in zip((*commits, None), (*trees, after), strict=True):
            if tree != at:
                text, author = (said, None) if one is None else (_kept(one, said), _author(one))
                tip = self._writer.commit(tree, text, parent=tip, signed=self._signed, author=author)
                count, at = count + 1, tree
        return Committed(tip=tip, count=count)

    def _one_by_one(self, candidate: Candidate, before: str, after: str) -> Sequence[str] | None:
        """Return the tree that each of the agent's commits leads to here; None where they cannot be kept apart."""
        changes = candidate.task.changes
        names = [one.commit for one in changes.commits]
        touched = self._replay.chain(changes.base, names) if candidate.only is None else None
        if touched is None or not touched <= {change.path for change in changes.files}:
            return None
        trees, tree, base = [], before, changes.base
        for commit in names:
            step = self._replay.step(tree, Piece(base=base, commit=commit))
            if not isinstance(step, str):
                return None
            trees.append(step)
            tree, base = step, commit
        return trees if self._replay.step(tree, Piece(base=base, commit=changes.commit)) == after else None


def _kept(one: Authored, said: Message) -> Message:
    """Return the agent's own message, closed by our trailers: none that it wrote is one any more."""
    subject, _, body = clean(one.message).strip().partition("\n")
    if not subject.strip():
        return said
    return Message(subject=subject.strip(), body=(body.strip("\n"),) if body.strip() else (), trailers=said.trailers)


def _author(one: Authored) -> tuple[str, str, int] | None:
    """Return name, address and time of whom the agent's commit names; None where git would not take that."""
    found = _AUTHOR.fullmatch(clean(one.author))
    return (found[1].strip(), found[2], max(0, int(one.at))) if found else None
