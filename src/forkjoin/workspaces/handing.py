"""Objects of the run's repository handed over to the user's, where something there is to lead to them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Final

from forkjoin.workspaces.contents import LARGEST
from forkjoin.workspaces.git import GitFailed, of_user
from forkjoin.workspaces.store import Store

DURABLE: Final = ("-c", "core.fsync=all")
_STREAMED: Final = ("-c", f"core.bigFileThreshold={LARGEST}")


def hand_over(store: Store, new: Sequence[str], old: Sequence[str]) -> None:
    """Copy the objects that are behind the commits *new* and not behind *old*, checked on their way in.

    "" among *old* is passed over. Raises GitFailed or NoRoom where that is not done.
    """
    user = of_user(store.top)
    if all(user.run("cat-file", "-e", f"{commit}^{{commit}}").code == 0 for commit in new):
        return
    wanted = "".join(f"{commit}\n" for commit in new) + "".join(f"^{commit}\n" for commit in old if commit)
    with tempfile.TemporaryFile(dir=store.path) as pack:
        store.git().out("pack-objects", "-q", "--revs", "--stdout", stdin=wanted.encode(), into=pack)
        pack.seek(0)
        words = ("index-pack", "--stdin", "--fix-thin", "--strict")
        done = user.run(*DURABLE, *_STREAMED, *words, stdin=pack)
        if done.code != 0:
            failed = user.failed(words, done)
            raise failed if not isinstance(failed, GitFailed) else GitFailed(f"{failed}; nothing was handed over")
