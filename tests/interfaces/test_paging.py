"""A patch on a terminal goes through the pager that git would take; elsewhere it stays as it is."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from forkjoin.interfaces.cli.paging import _coloured
from forkjoin.interfaces.cli.streaming import whole_lines

SCRIPT = "from forkjoin.interfaces.cli.paging import paged; paged([b'-old\\n+n', b'ew\\n'], pager={pager})"
OTHER = ("GIT_PAGER", "PAGER", "NO_COLOR")


def on_a_terminal(folder: Path, *, pager: bool = True, **environ: str) -> str:
    """Page a small patch with a terminal as standard output; return what came there."""
    ours, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in OTHER}
    try:
        subprocess.run(
            (sys.executable, "-c", SCRIPT.format(pager=pager)), cwd=folder, stdout=theirs, check=True, timeout=60,
            env=kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"} | environ,
        )  # fmt: skip
        os.close(theirs)
        theirs = -1
        return os.read(ours, 10_000).decode().replace("\r\n", "\n")
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)


@pytest.mark.parametrize(
    ("settings", "environ", "first"),
    [
        ({"core.pager": "echo core; cat"}, {}, "core"),
        ({"core.pager": "echo core; cat"}, {"GIT_PAGER": "echo variable; cat"}, "variable"),
        ({"core.pager": "echo core; cat"}, {"PAGER": "echo plain; cat"}, "core"),
        ({}, {"PAGER": "echo plain; cat"}, "plain"),
        ({"core.pager": "echo core; cat", "pager.diff": "echo diff; cat"}, {}, "diff"),
        ({"pager.diff": "echo diff; cat"}, {"GIT_PAGER": "echo variable; cat"}, "variable"),
        ({"core.pager": "echo core; cat", "pager.diff": "true"}, {}, "core"),
        ({"core.pager": "echo core; cat", "pager.diff": "off"}, {}, ""),
        ({"core.pager": "cat"}, {}, ""),
    ],
)
def test_the_pager_is_gits(tmp_path: Path, settings: dict[str, str], environ: dict[str, str], first: str) -> None:
    subprocess.run(("git", "init", "-q", str(tmp_path)), check=True)
    for name, value in settings.items():
        subprocess.run(("git", "-C", str(tmp_path), "config", name, value), check=True)
    said = on_a_terminal(tmp_path, **environ)
    assert said == (f"{first}\n\x1b[31m-old\x1b[m\n\x1b[32m+new\x1b[m\n" if first else "-old\n+new\n")
    if first == "plain":
        assert on_a_terminal(tmp_path, pager=False, **environ) == "-old\n+new\n"
        assert on_a_terminal(tmp_path, NO_COLOR="1", **environ) == "plain\n-old\n+new\n"


def test_seams_between_parts_are_not_seen() -> None:
    text = "".join(f"+line {n} é\n-gone {n}\n" for n in range(300)).encode()
    whole = _coloured(text)
    for size in (1, 7, 64, 1000):
        parts = [text[at : at + size] for at in range(0, len(text), size)]
        assert b"".join(map(_coloured, whole_lines(parts))) == whole
    assert list(whole_lines([b"+no end"])) == [b"+no end"]
