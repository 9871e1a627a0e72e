"""The tree an attempt works in, and what it changed there."""

from __future__ import annotations

from typing import Literal

from forkjoin.model.base import Value

PlaceKind = Literal["shared", "clone", "copy", "worktree"]
WallLevel = Literal["prevented", "detected", "audited", "none"]
HowChanged = Literal["added", "modified", "deleted", "renamed", "mode", "type"]


class Base(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What writers start from. Outside git (`copy`) the commit is one of the run's own repository.

    `ref` keeps the commit alive in the user's repository; `note` is the one line that says what it holds.
    """

    kind: Literal["snapshot", "head", "copy"]
    commit: str = ""
    ref: str = ""
    note: str = ""


class Place(Value, frozen=True, kw_only=True, omit_defaults=True):
    """An opened workspace: its root (absolute), where in it the agent starts, and the wall that holds.

    `base` is the commit it was opened on; `notes` say what in it is not as at home.
    """

    kind: PlaceKind
    root: str
    cwd: str
    base: str = ""
    level: WallLevel = "audited"
    notes: tuple[str, ...] = ()

    @property
    def in_git(self) -> bool:
        """Whether it has a repository: a clone of its own, or as a worktree the user's."""
        return self.kind in ("clone", "worktree")


class Change(Value, frozen=True, kw_only=True, omit_defaults=True):
    """One changed file, relative to the tree.

    `violation` = outside the declared writes; `runs` = code that runs by itself (hooks, agent settings, Makefiles).
    A rename is two: the new name (`renamed`, `was` the old one) and the old name (`deleted`, `became` the new one).
    """

    path: str
    how: HowChanged
    insertions: int = 0
    deletions: int = 0
    violation: bool = False
    runs: bool = False
    was: str = ""
    became: str = ""


class Renamed(Value, frozen=True, kw_only=True):
    """A file that has another name now."""

    old: str
    new: str


class Authored(Value, frozen=True, kw_only=True):
    """A commit that an agent made itself, in the run's own repository. `author` is name and address, `at` Unix time."""

    commit: str
    author: str
    at: float
    message: str


class Changes(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What an attempt changed against its base: one commit in the run's own repository (git/) and a patch file.

    `commit` is "" where nothing changed; `patch` is a path relative to the run folder. `notes` name what was left out.
    `commits` are those that the agent made itself, oldest first: what counts is what its files are at the end.
    """

    files: tuple[Change, ...] = ()
    commit: str = ""
    base: str = ""
    patch: str = ""
    commits: tuple[Authored, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def violations(self) -> tuple[str, ...]:
        """The paths outside the declared writes."""
        return tuple(file.path for file in self.files if file.violation)

    @property
    def runs(self) -> tuple[str, ...]:
        """The paths of what runs by itself."""
        return tuple(file.path for file in self.files if file.runs)

    @property
    def renamed(self) -> tuple[Renamed, ...]:
        """The files that have another name now."""
        return tuple(Renamed(old=file.was, new=file.path) for file in self.files if file.was)
