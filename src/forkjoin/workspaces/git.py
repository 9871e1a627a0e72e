"""git, called so that nothing of a repository's or of the caller's environment can make it run a program.

Two ways to call it. `of_user` reads the user's own repository as the user's git would (their global settings count:
excludes, `safe.directory`), with hooks, watchers and the network off. `private` uses a repository that forkjoin made,
with a work tree and an index named outright: no settings but our own count, and nothing in the work tree is ever taken
for a repository.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import IO, Final

from forkjoin.errors import CannotHere, NoRoom

OLDEST: Final = (2, 38)  # `merge-tree --write-tree`
TIMEOUT_S: Final = 600.0
_FULL: Final = ("No space left on device", "Disk quota exceeded", "Out of diskspace")  # the last: git's own words
_OFF: Final = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.logAllRefUpdates": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
}
_SAFE: Final = tuple(word for name, value in _OFF.items() for word in ("-c", f"{name}={value}"))
_USERS_OWN: Final = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES")


class GitFailed(CannotHere):
    """git ended with an error; the message has its own first words."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a call ended."""

    code: int
    out: bytes
    said: bytes


@dataclass(frozen=True, kw_only=True)
class Git:
    """Where git runs and in which environment."""

    folder: Path
    environ: Mapping[str, str]

    def out(self, *arguments: str, stdin: bytes | IO[bytes] = b"", into: IO[bytes] | None = None) -> bytes:
        """Return what it printed (or write it *into* a file); raise GitFailed where it did not exit with 0."""
        done = self.run(*arguments, stdin=stdin, into=into)
        if done.code != 0:
            raise self.failed(arguments, done)
        return done.out

    def line(self, *arguments: str, stdin: bytes = b"") -> str:
        """Return the one line it printed, an object id most often."""
        return self.out(*arguments, stdin=stdin).strip().decode("utf-8", "replace")

    def run(self, *arguments: str, stdin: bytes | IO[bytes] = b"", into: IO[bytes] | None = None) -> Done:
        """Return how it ended, whatever the exit code."""
        fed = stdin if isinstance(stdin, bytes) else None
        process = subprocess.Popen(
            (program(), *_SAFE, *arguments),
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.PIPE if isinstance(stdin, bytes) else stdin,
            stdout=into or subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, said = process.communicate(fed, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise CannotHere(f"git {arguments[0]} in {self.folder} took over {TIMEOUT_S:g} s and was ended") from None
        finally:
            _end(process)
        return Done(code=process.returncode, out=out or b"", said=said)

    def failed(self, arguments: tuple[str, ...], done: Done) -> CannotHere | NoRoom:
        """Return the error that says what git said."""
        said = done.said.decode("utf-8", "replace").strip()
        named = next((word for word in arguments if word != "-c" and "=" not in word), arguments[0])
        if any(words in said for words in _FULL):
            return NoRoom(f"git {named}: the disk of {self.folder} is full; free some space, then retry")
        words = said.partition("\n")[0] or f"exit code {done.code} and not a word"
        return GitFailed(f"git {named} failed in {self.folder}: {words}")

    def on_index(self, index: Path) -> Git:
        """Return git with another index."""
        return replace(self, environ={**self.environ, "GIT_INDEX_FILE": str(index)})

    def heeding_files(self) -> Git:
        """Return git for which a file that is there counts, though its index says that it was not written out."""
        said = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.sparseCheckout", "GIT_CONFIG_VALUE_0": "true"}
        return replace(self, environ={**self.environ, **said})


def of_user(folder: Path) -> Git:
    """Return git as the user has it, for reading their repository."""
    return Git(folder=folder, environ=_environ({name: os.environ[name] for name in _USERS_OWN if name in os.environ}))


def private(
    git_dir: Path,
    *,
    tree: Path | None = None,
    index: Path | None = None,
    objects: Path | None = None,
    behind: Path | None = None,
) -> Git:
    """Return git on a repository of our own; *tree* is a work tree that is none of the repository's making.

    New objects go to *objects*; those of *behind* are read too.
    """
    own = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_DIR": str(git_dir),
    }
    named = {"GIT_WORK_TREE": tree, "GIT_INDEX_FILE": index, "GIT_OBJECT_DIRECTORY": objects}
    own |= {name: str(path) for name, path in named.items() if path is not None}
    if behind is not None:
        quoted = str(behind).replace("\\", "\\\\").replace('"', '\\"')
        own["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = f'"{quoted}"'
    return Git(folder=tree or git_dir, environ=_environ(own))


def found() -> bool:
    """Say whether there is a git that is new enough."""
    path = shutil.which("git")
    return path is not None and _version(path) >= OLDEST


def program() -> str:
    """Return the path of git; raise CannotHere where there is none, or an old one."""
    path = shutil.which("git")
    oldest = ".".join(map(str, OLDEST))
    if path is None:
        raise CannotHere(f"tasks that write need git {oldest} or newer, and there is none on PATH; install it")
    if _version(path) < OLDEST:
        has = ".".join(map(str, _version(path)))
        raise CannotHere(f"tasks that write need git {oldest} or newer; {path} is {has}; install a newer one")
    return path


@lru_cache(maxsize=8)
def _version(path: str) -> tuple[int, ...]:
    try:
        said = subprocess.run(
            (path, "--version"), stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    form = re.search(rb"(\d+)\.(\d+)", said.stdout)
    return (int(form[1]), int(form[2])) if form else (0, 0)


def _environ(own: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"} | dict(own)


def _end(process: subprocess.Popen[bytes]) -> None:
    """See that nothing of the call is left, whichever way it was left."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()
