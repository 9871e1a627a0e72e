"""Harvested changes brought together: replayed in the run's own repository, then put on a branch of the user's."""

from __future__ import annotations

from forkjoin.workspaces.landing.applying import apply_forward
from forkjoin.workspaces.landing.checkout import checked_out, put_away
from forkjoin.workspaces.landing.commits import Message, Writer
from forkjoin.workspaces.landing.patches import patch_files
from forkjoin.workspaces.landing.publishing import checked_out_in, clashes, held, is_behind, published, stands_at
from forkjoin.workspaces.landing.replay import Clash, Piece, Replay

__all__ = [
    "Clash",
    "Message",
    "Piece",
    "Replay",
    "Writer",
    "apply_forward",
    "checked_out",
    "checked_out_in",
    "clashes",
    "held",
    "is_behind",
    "patch_files",
    "published",
    "put_away",
    "stands_at",
]
