"""The trees that attempts work in: opened on a fixed base, harvested, removed; the user's own is never written to."""

from __future__ import annotations

from forkjoin.workspaces.declared import covered
from forkjoin.workspaces.git import found as git_found
from forkjoin.workspaces.merging import MergeConflict
from forkjoin.workspaces.workspaces import Workspaces, separable

__all__ = ["MergeConflict", "Workspaces", "covered", "git_found", "separable"]
