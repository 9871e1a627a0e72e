"""A program that tries to outlive its attempt: `escapee.py TECHNIQUE BEAT STAYS`. Whatever is left of it touches BEAT.

Standard library only. STAYS: seconds that the main process goes on for, 0 = it ends at once.
"""

from __future__ import annotations

import ctypes
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PRCTL = ctypes.CDLL(None, use_errno=True).prctl
PDEATHSIG, NAME, SUBREAPER = 1, 15, 36


def beat(path: str, *, for_s: float = 30.0) -> None:
    """Touch *path* ten times a second; bounded, so that a trial that fails leaves nothing for long."""
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        Path(path).touch()
        time.sleep(0.1)
    os._exit(0)


def forked(path: str, *before: object) -> None:
    """Beat in a child, after doing what *before* says."""
    if os.fork() == 0:
        for one in before:
            one()  # type: ignore[operator] # calls without arguments
        beat(path)


def deaf() -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        signal.signal(number, signal.SIG_IGN)


def twice() -> None:
    os.setsid()
    if os.fork():
        os._exit(0)


def closed() -> None:
    os.closerange(0, 1024)


def renamed() -> None:
    PRCTL(NAME, b"kworker/0:1", 0, 0, 0)


def orphaned() -> None:
    """Clear the signal for the death of the parent, and be adopted by whoever it is."""
    PRCTL(PDEATHSIG, 0, 0, 0, 0)
    twice()


def reaper() -> None:
    os.setsid()
    PRCTL(SUBREAPER, 1, 0, 0, 0)
    if os.fork():
        while True:
            time.sleep(1)


def fleeing(path: str) -> None:
    """A chain of processes, each of which lives a few milliseconds."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)
        os.setsid()
        Path(path).touch()
        time.sleep(0.005)
    os._exit(0)


def bare(path: str) -> None:
    """Another program, with an empty environment and another name."""
    line = f"i=0; while [ $i -lt 300 ]; do : > {path}; sleep 0.1; i=$((i+1)); done"
    os.posix_spawn("/bin/sh", ["init", "-c", line], {"PATH": "/usr/bin:/bin"}, setsid=True)


def in_terminal(path: str) -> None:
    pid, _ = pty.fork()
    if pid == 0:
        beat(path)


def in_namespace(path: str) -> None:
    line = f"i=0; while [ $i -lt 300 ]; do : > {path}; sleep 0.1; i=$((i+1)); done"
    subprocess.Popen(["unshare", "-Urpf", "sh", "-c", line], start_new_session=True, stderr=subprocess.DEVNULL)


def by_thread(path: str) -> None:
    thread = threading.Thread(target=forked, args=(path, os.setsid))
    thread.start()
    thread.join()


def stopped(path: str) -> None:
    if (pid := os.fork()) == 0:
        os.setsid()
        beat(path)
    time.sleep(0.15)
    os.kill(pid, signal.SIGSTOP)


TECHNIQUES = {
    "setsid": lambda path: forked(path, os.setsid),
    "double-fork": lambda path: forked(path, twice),
    "nohup": lambda path: forked(path, deaf),
    "closed": lambda path: forked(path, twice, closed),
    "renamed": lambda path: forked(path, twice, renamed),
    "orphaned": lambda path: forked(path, orphaned),
    "reaper": lambda path: forked(path, reaper),
    "deaf-daemon": lambda path: forked(path, twice, deaf, closed),
    "fleeing": lambda path: os.fork() == 0 and fleeing(path),
    "bare": bare,
    "terminal": in_terminal,
    "namespace": in_namespace,
    "thread": by_thread,
    "stopped": stopped,
}


if __name__ == "__main__":
    technique, beat_path, stays = sys.argv[1:4]
    TECHNIQUES[technique](beat_path)
    time.sleep(max(0.3, float(stays)))
    os._exit(0)
