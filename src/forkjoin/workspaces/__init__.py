"""The trees that attempts work in: opened on a fixed base, harvested, removed; the user's own is never written to."""

from __future__ import annotations

from forkjoin.workspaces.merging import MergeConflict
from forkjoin.workspaces.workspaces import Workspaces, clonable, patch_of

__all__ = ["MergeConflict", "Workspaces", "clonable", "patch_of"]
