"""Where git stands, asked without changing or running anything of the repository's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from forkjoin.errors import CannotHere
from forkjoin.model import GitTree

_SAFE: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never")
_KEPT: Final = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES")
_CLOSED: Final = re.compile(rb"^warning: could not open directory '(.*)/': ", re.MULTILINE)
_TOP: Final = ("--show-toplevel",)
_COMMON: Final = ("--path-format=absolute", "--git-common-dir")
_ASKED: Final = 4  # what is asked at once
_TIMEOUT_S: Final = 300.0


def repository_of(path: Path) -> GitTree | None:
    """Return the repository that *path* (a file or folder) lies in; None outside git, or without a git program.

    Raises CannotHere where git refuses a repository that belongs to another user, or cannot read it.
    """
    if shutil.which("git") is None:
        return None
    folder = (path if path.is_dir() else path.parent).resolve()
    found = _at_once(folder) or _one_by_one(folder)
    if found is None:
        return None
    top, common, head, branch = found
    root = Path(os.fsdecode(top)).resolve()
    inside = folder.relative_to(root).as_posix()
    return GitTree(
        top=str(root),
        common_dir=str(Path(os.fsdecode(common)).resolve()),
        subdir="" if inside == "." else inside,
        head=head.decode(),
        branch=branch.decode(errors="replace").removeprefix("refs/heads/"),
    )


def _at_once(folder: Path) -> list[bytes] | None:
    """Return top, common folder, HEAD and branch by one call; None where that does not tell them.

    Before the first commit, on no branch, where a path holds a line's end, and outside git.
    """
    code, out, _ = ask_git(folder, "rev-parse", *_TOP, *_COMMON, "HEAD^{commit}", "--symbolic-full-name", "HEAD")
    lines = _line(out).split(b"\n")
    return lines if code == 0 and len(lines) == _ASKED and lines[-1].startswith(b"refs/heads/") else None


def _one_by_one(folder: Path) -> list[bytes] | None:
    code, top, said = ask_git(folder, "rev-parse", *_TOP)
    if code != 0:
        _refuse_unless_none(folder, said)
        return None
    _, common, _ = ask_git(folder, "rev-parse", *_COMMON)
    _, head, _ = ask_git(folder, "rev-parse", "-q", "--verify", "HEAD^{commit}")
    _, branch, _ = ask_git(folder, "symbolic-ref", "-q", "HEAD")
    return [_line(one) for one in (top, common, head, branch)]


def listed(folder: Path) -> tuple[list[bytes], list[bytes]]:
    """Return what git tracks or does not ignore below *folder*, relative to it, and the folders it could not open."""
    code, out, said = ask_git(
        folder, "ls-files", "-z", "--deduplicate", "--cached", "--others", "--exclude-standard"
    )  # fmt: skip
    if code != 0:
        raise CannotHere(f"git cannot list the files of {folder}: {first_line(said)}; try: git -C {folder} status")
    names = [name for name in out.split(b"\0") if name and not name.endswith(b"/")]
    return names, _CLOSED.findall(said)


def is_ignored(folder: Path) -> bool:
    """Say whether the repository around *folder* ignores it as a whole."""
    return ask_git(folder.parent, "check-ignore", "-q", "--", f"./{folder.name}")[0] == 0


def _refuse_unless_none(folder: Path, said: bytes) -> None:
    if b"dubious ownership" in said or b"unsafe repository" in said:
        raise CannotHere(
            f"{folder} lies in a git repository that belongs to another user, and git refuses it; "
            f"if you trust it: git config --global --add safe.directory {folder}"
        )
    # A bare repository, the inside of a .git, or none at all: there is no tree of git's here.
    if re.search(rb"not a git repository|must be run in a work tree|safe\.bareRepository|cannot use bare", said):
        return
    raise CannotHere(f"git cannot read the repository of {folder}: {first_line(said)}; try: git -C {folder} status")


def ask_git(folder: Path, *arguments: str) -> tuple[int, bytes, bytes]:
    """Run git as its user does, minus what runs programs of the repository's or the caller's; (code, out, said)."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    environ |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ("git", *_SAFE, "-C", str(folder), *arguments),
            stdin=subprocess.DEVNULL, capture_output=True, env=environ, timeout=_TIMEOUT_S, start_new_session=True,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CannotHere(f"git {arguments[0]} in {folder} took over {_TIMEOUT_S:g} s; name a smaller folder") from None
    return done.returncode, done.stdout, done.stderr


def _line(out: bytes) -> bytes:
    return out.removesuffix(b"\n")


def first_line(said: bytes) -> str:
    return said.decode(errors="replace").strip().partition("\n")[0]
