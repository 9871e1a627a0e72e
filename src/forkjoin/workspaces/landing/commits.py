"""The commits that a landing makes: by the user's own git, with their identity and signature, in our object store."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

from forkjoin.errors import CannotHere
from forkjoin.workspaces.git import Git, of_user
from forkjoin.workspaces.store import Store

_IDENTITY: Final = tuple(f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL", "DATE"))
_DURABLE: Final = ("-c", "core.fsync=all")


@dataclass(frozen=True, kw_only=True)
class Message:
    """A commit's message: its subject, paragraphs that say what and why, and trailers."""

    subject: str
    body: tuple[str, ...] = ()
    trailers: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """Return it as git keeps it."""
        trailers = "\n".join(f"{name}: {value}" for name, value in self.trailers)
        return "\n\n".join((self.subject, *self.body, trailers)).strip() + "\n"


class Writer:
    """Writes commits; nothing of them reaches the user's repository before they are published."""

    def __init__(self, store: Store) -> None:
        store.git()  # made, so that there is an object store to write to
        user = of_user(store.top)
        own = {name: os.environ[name] for name in _IDENTITY if name in os.environ}
        self._git = Git(folder=user.folder, environ={**user.environ, **own, "GIT_OBJECT_DIRECTORY": str(store.objects)})
        self._sign = user.run("config", "--type=bool", "commit.gpgSign").out.strip() == b"true"

    def refuse_nobody(self) -> None:
        """Raise CannotHere where git does not know who the user is."""
        for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            done = self._git.run("var", who)
            if done.code != 0:
                raise CannotHere(
                    "git does not know who you are, and a landed commit bears your name; say it once: "
                    "git config --global user.name 'Your Name'; git config --global user.email you@example.org"
                )

    def commit(
        self,
        tree: str,
        message: Message,
        *,
        parent: str,
        signed: bool = True,
        author: tuple[str, str, int] | None = None,
    ) -> str:
        """Return a commit of *tree* behind *parent* ("" = none); *author* is a name, an address and a Unix time.

        Raises CannotHere where git cannot sign it.
        """
        signing = self._sign and signed
        words = ("commit-tree", tree, *(("-p", parent) if parent else ()), *(("-S",) if signing else ()), "-F", "-")
        git = self._git if author is None else _with_author(self._git, author)
        done = git.run(*_DURABLE, *words, stdin=message.text().encode("utf-8", "replace"))
        if done.code != 0:
            if signing:
                said = done.said.decode("utf-8", "replace").strip()
                why = re.sub(r"\s*\n\s*", "; ", said)[:400] or f"exit code {done.code}"
                raise CannotHere(
                    f"commit.gpgSign is set, and git could not sign: {why}; nothing was landed. Try the key yourself: "
                    "echo test | git commit-tree -S HEAD^{tree}"
                )
            raise self._git.failed(words, done)
        return done.out.strip().decode()


def _with_author(git: Git, author: tuple[str, str, int]) -> Git:
    name, address, at = author
    own = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": address, "GIT_AUTHOR_DATE": f"@{at} +0000"}
    return Git(folder=git.folder, environ={**git.environ, **own})
