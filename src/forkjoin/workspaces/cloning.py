"""The repository of a clone: made by hand, on the objects of the run's and the user's."""

from __future__ import annotations

import os
from pathlib import Path

from forkjoin.workspaces.sparse import SETTINGS, Cone
from forkjoin.workspaces.store import NOBODY, RAW, Store, make_repository


def own_repository(store: Store, git_dir: Path, commit: str, cone: Cone) -> None:
    """Write the clone's own `.git`: no remote, no hooks, no gc; objects come from the run's and the user's stores."""
    repository = store.tree.git
    user = store.settings()
    settings = {
        "core.bare": "false",
        "core.logAllRefUpdates": "true",
        "core.autocrlf": "false",
        # Of the user's settings these would run programs: a watcher that stays, a passphrase that nobody types. What
        # an agent commits is signed where it is landed.
        "core.hooksPath": os.devnull,
        "core.fsmonitor": "false",
        "commit.gpgSign": "false",
        "tag.gpgSign": "false",
        "gc.auto": "0",
        "maintenance.auto": "false",
        **{name: user[name] for name in NOBODY},
        **store.object_format(),
        **({} if cone.everything else SETTINGS),
    }
    make_repository(
        git_dir, settings, attributes=RAW, exclude=store.exclude(), alternates=(store.objects, *store.alternates())
    )
    if not cone.everything:
        (git_dir / "info" / "sparse-checkout").write_bytes(cone.patterns())
    branch = repository.branch if repository else ""
    if store.shallow:
        (git_dir / "shallow").write_bytes(store.shallow)
    if branch:
        (git_dir / "HEAD").write_bytes(f"ref: refs/heads/{branch}\n".encode())
    else:
        (git_dir / "HEAD").write_bytes(f"{commit}\n".encode())
    heads = f"{commit} refs/heads/{branch}\n".encode() if branch else b""
    (git_dir / "packed-refs").write_bytes(heads + store.tags())
