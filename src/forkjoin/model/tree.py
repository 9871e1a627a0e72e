"""A tree of files as it was read once: names, sizes, links, and where git stands."""

from __future__ import annotations

from typing import Final

from forkjoin.model.base import Value

# Folders of things that tools make again: outside git, where nothing says what is ignored, they are not read.
SKIPPED_FOLDERS: Final = (
    ".git", ".hg", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".svn", ".tox", ".venv", "__pycache__",
    "node_modules",
)  # fmt: skip


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

    `files` are relative POSIX paths, sorted, symbolic links among them; a name that is no UTF-8 stands in the form of
    `path_text`. Outside git the `SKIPPED_FOLDERS` are left out. `unreadable` names folders that could not be listed;
    `total_bytes` and `languages` (files of each, most first) count regular files only; `sizes` are the bytes of
    `files`, in their order (0 for a link).
    """

    root: str
    files: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    hardlinks: tuple[tuple[str, ...], ...] = ()
    git: GitTree | None = None
    folds_case: bool = False
    unreadable: tuple[str, ...] = ()
    total_bytes: int = 0
    sizes: tuple[int, ...] = ()
    languages: tuple[tuple[str, int], ...] = ()
