"""Ignored files that a task most likely needs, and that a workspace does not have: they are named, never copied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from forkjoin.errors import listed
from forkjoin.model import path_text
from forkjoin.model.text import spelled
from forkjoin.workspaces.declared import covered
from forkjoin.workspaces.git import of_user
from forkjoin.workspaces.store import INCLUDE, Store

# What programs read their settings and keys from, and what people leave out of git for that reason.
NEEDED: Final = (
    "**/.env", "**/.env.*", "**/.envrc", "**/.dev.vars", "**/.npmrc", "**/.netrc", "**/.secrets.toml",
    "**/local.settings.json",
    "**/local_settings.py", "**/settings.local.*", "**/config.local.*", "**/*.local.yml", "**/*.local.yaml",
    "**/*.local.json", "**/*.local.toml", "**/master.key", "**/credentials.json", "**/service-account*.json",
    "**/local.properties", "**/*.tfvars", "**/*.auto.tfvars.json",
)  # fmt: skip
_NAMED: Final = 5


def not_carried(store: Store, carried: Sequence[str]) -> str:
    """Return the words that name them, "" where there are none, or where somebody said what is carried.

    *carried* are the globs of all tasks.
    """
    git = store.tree.git
    if git is None or (store.top / INCLUDE).is_file():
        return ""
    words = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    done = of_user(Path(git.top)).run(*words, ":/")
    looks, has = covered(NEEDED), covered(carried)
    below = f"{git.subdir}/" if git.subdir else ""
    names = (path_text(name) for name in done.out.split(b"\0") if name and not name.endswith(b"/"))
    found = [name for name in names if looks(name) and not has(name.removeprefix(below))]
    if not found:
        return ""
    return f"; ignored files that look needed are not carried: {listed(found, _NAMED, say=spelled)} (carry: [...])"
