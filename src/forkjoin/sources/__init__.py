"""Reads a tree: paths, sizes, links and where git stands; writes nothing."""

from __future__ import annotations

from forkjoin.sources.repository import repository_of
from forkjoin.sources.seen import seen_from
from forkjoin.sources.tree import read_tree

__all__ = ["read_tree", "repository_of", "seen_from"]
