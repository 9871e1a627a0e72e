"""Reads a tree: paths, sizes, links, single lines, and what git says of it; writes nothing."""

from __future__ import annotations

from forkjoin.sources.changes import changed_since, renames_since
from forkjoin.sources.lines import lines_at
from forkjoin.sources.repository import repository_of
from forkjoin.sources.seen import seen_from
from forkjoin.sources.tree import read_tree

__all__ = ["changed_since", "lines_at", "read_tree", "renames_since", "repository_of", "seen_from"]
