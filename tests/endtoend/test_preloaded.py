"""The preloaded `forkjoin` does what the real one does: else the tests that use it would prove nothing."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from endtoend.preloaded import REAL

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="there the real one is used")]
# A task says what it has from the process that started it.
SAYS = "pwd; umask; ulimit -n; trap; echo $0 $SAID; tty; exit 3"
LINES = ["ls", "nope", "show", "output says", "run --help", f"run -q says.json -j {'9' * 20}"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "says.json").write_text(json.dumps({"tasks": [{"id": "says", "shell": SAYS, "writes": []}]}))
    return tmp_path


def _both(preloaded: Path, line: str, folder: Path, **more: str) -> list[tuple[int, str, str]]:
    """Return how a line of bash ended, and what it printed, with either program, each in a state folder of its own."""
    told = []
    for program in (REAL, preloaded):
        environ = {**os.environ, **more, "PATH": f"{program.parent}:/usr/bin:/bin", "FORKJOIN_HOME": f"{folder}/state"}
        done = subprocess.run(
            ["bash", "-c", line], cwd=folder, env=environ, capture_output=True, text=True, check=False
        )
        subprocess.run(["rm", "-rf", folder / "state"], check=True)
        told.append((done.returncode, _loose(done.stdout), _loose(done.stderr)))
    return told


def _loose(text: str) -> str:
    """Return a text without ids, moments and durations, and without the spaces that come with them."""
    return re.sub(r" +", " ", re.sub(r"\d{8}-\d{6}-\w{4}|[\d-]+ \d\d:\d\d|\d+\.\d+", "#", text))


def test_exit_code_and_both_streams_are_the_same(preloaded: Path, folder: Path) -> None:
    line = "umask 027; ulimit -n 777; trap '' HUP; forkjoin run -q says.json; echo $?\n"
    line += "\n".join(f"forkjoin {one}; echo $?" for one in LINES)
    real, forked = _both(preloaded, line, folder, SAID="by the environment", COLUMNS="60")
    assert forked == real
    assert "0027\n777\n" in real[1]
    assert "by the environment" in real[1]


def test_what_python_decides_at_its_start_is_decided_by_a_real_start(preloaded: Path, folder: Path) -> None:
    line = "forkjoin run -q -a shell -t 'echo prüfe' --name prüfe; forkjoin ls --json <&-; forkjoin mcp --json"
    real, forked = _both(preloaded, line, folder, LC_ALL="POSIX", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert forked == real


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_comes_through_and_nothing_is_left(preloaded: Path, folder: Path, number: int) -> None:
    codes = []
    for program in (REAL, preloaded):
        argv = [str(program), "run", "-q", "-a", "shell", "-t", f"echo $PPID > {folder}/shim; exec sleep 8"]
        process = subprocess.Popen(argv, cwd=folder, stderr=subprocess.DEVNULL)
        _until(lambda: (folder / "shim").exists() and (folder / "shim").read_text().strip())
        process.send_signal(number)
        codes.append(process.wait(60))
        shim = int((folder / "shim").read_text())
        _until(lambda shim=shim: not Path(f"/proc/{shim}").exists())
        (folder / "shim").unlink()
    assert codes[0] == codes[1]


def test_it_costs_a_part_of_a_real_start(preloaded: Path, folder: Path) -> None:
    """What the client takes is looked at; the rest is a child of the preloaded process."""
    taken = []
    for program in (REAL, preloaded):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([program, "ls"], cwd=folder, capture_output=True, check=True)
        taken.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    assert taken[1] < taken[0]


def _until(true: object, patience_s: float = 60.0) -> None:
    deadline = time.monotonic() + patience_s
    while not true():  # type: ignore[operator]  # a function
        assert time.monotonic() < deadline
        time.sleep(0.05)
