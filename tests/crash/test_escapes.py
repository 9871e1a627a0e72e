"""Fourteen ways to outlive an attempt: two seconds after its end, however it came, nothing of any is alive.

The long form is `python tests/crash/escapes.py --trials 60`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from crash.escapee import TECHNIQUES
from crash.forms import told_by
from crash.looking import environ, helpers, marked

FORKJOIN = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
ESCAPEE = Path(__file__).with_name("escapee.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sweep of daemons is Linux's"),
]


class Trial:
    """A run of all techniques side by side."""

    def __init__(self, folder: Path, *, stays: float, **more: object) -> None:
        self.folder, self.home, self.beats = folder, folder / "home", folder / "beats"
        self.beats.mkdir()
        tasks = [
            {"id": name, "command": [sys.executable, str(ESCAPEE), name, str(self.beats / name), str(stays)],
             "writes": [], **more}
            for name in TECHNIQUES
        ]  # fmt: skip
        (folder / "plan.json").write_text(json.dumps({"tasks": tasks}))
        self.process = self.start("run", str(folder / "plan.json"), "-q")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([*FORKJOIN, *words], cwd=self.folder, env=environ(self.home), **quiet)  # type: ignore[call-overload] # a dict of arguments

    def all_beat(self) -> None:
        """Wait until each has got away (the one that is stopped, too, has beaten by then)."""
        deadline = time.monotonic() + 60
        while {path.name for path in self.beats.iterdir()} < set(TECHNIQUES):
            assert time.monotonic() < deadline, sorted(set(TECHNIQUES) - {path.name for path in self.beats.iterdir()})
            time.sleep(0.05)

    def beating(self) -> list[str]:
        """Return who still beats, two seconds after the end."""
        time.sleep(2)
        before = {path.name: path.stat().st_mtime_ns for path in self.beats.iterdir()}
        time.sleep(0.6)
        return [path.name for path in self.beats.iterdir() if path.stat().st_mtime_ns != before[path.name]]


def test_after_their_own_end_a_timeout_and_a_stop(tmp_path: Path) -> None:
    said = told_by(Path(__file__).with_name("escapes.py"), tmp_path / "told.json", "--trials", "3")
    assert (said["broken"], said["survivors"]) == ([], 0)
    assert said["escapes"] == 3 * len(TECHNIQUES)


@pytest.mark.parametrize("victims", [("forkjoin-shim",), ("forkjoin-nurse", "forkjoin-shim")])
def test_after_their_shims_were_killed(victims: tuple[str, ...], tmp_path: Path) -> None:
    trial = Trial(tmp_path, stays=30)
    trial.all_beat()
    for pid in [pid for name in victims for pid in helpers(trial.home, name)]:
        os.kill(pid, signal.SIGKILL)
    assert trial.process.wait(60) == 4
    alive = trial.beating()
    # Without a watcher left, two get away: one that cleared its environment, so that no mark is on it, and one that is
    # another process every five milliseconds. Only a namespace of their own would hold these.
    allowed = set() if victims == ("forkjoin-shim",) else {"bare", "fleeing"}
    assert set(alive) <= allowed
    for pid in marked(trial.home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
