"""A tree of files as it was read once: names, sizes, links, and where git stands."""

from __future__ import annotations

from forkjoin.model.base import Value


class GitTree(Value, frozen=True, kw_only=True, omit_defaults=True):
    """The repository a tree lies in.

    `subdir` is the tree's place in it, "" at its top; `head` is "" before a first commit.
    """

    top: str
    common_dir: str
    subdir: str = ""
    head: str = ""
    branch: str = ""


class Link(Value, frozen=True, kw_only=True):
    """A symbolic link inside the tree; `target` is relative to the tree's root, "" where it leaves the tree."""

    path: str
    target: str


class Tree(Value, frozen=True, kw_only=True, omit_defaults=True):
    """The files below `root` (absolute) that git tracks or does not ignore; outside git every file.

    `files` are relative POSIX paths, sorted. `unreadable` names folders that could not be listed.
    """

    root: str
    files: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    hardlinks: tuple[tuple[str, ...], ...] = ()
    git: GitTree | None = None
    folds_case: bool = False
    unreadable: tuple[str, ...] = ()
    total_bytes: int = 0
    languages: tuple[tuple[str, int], ...] = ()
