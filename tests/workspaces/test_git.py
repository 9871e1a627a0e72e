"""What git says, told as one of our errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.errors import NoRoom
from forkjoin.workspaces.git import Done, GitFailed, of_user


@pytest.mark.parametrize(
    "said",
    [
        b"fatal: write error: No space left on device\n",
        b"error: x\nfatal: sha1 file 'index.lock' write error. Out of diskspace\n",
        b"fatal: Disk quota exceeded",
    ],
)
def test_a_full_disk_is_no_failure_of_git(said: bytes, tmp_path: Path) -> None:
    error = of_user(tmp_path).failed(("read-tree",), Done(code=128, out=b"", said=said))
    assert type(error) is NoRoom
    assert str(error).startswith(f"git read-tree: the disk of {tmp_path} is full")


def test_another_failure_has_gits_first_words(tmp_path: Path) -> None:
    error = of_user(tmp_path).failed(("-c", "a.b=c", "read-tree"), Done(code=1, out=b"", said=b"error: one\ntwo\n"))
    assert type(error) is GitFailed
    assert str(error) == f"git read-tree failed in {tmp_path}: error: one"
