"""Pids that are given away: every process of a run is killed, and strangers get the pids that the run has recorded.
No command may send a stranger a signal.

In a pid namespace (unshare -pf --mount-proc), where the next pid can be chosen (ns_last_pid). Strangers note whatever
signal reaches them, are called as our own processes are, and must be there, and running, in the end.
`python tests/crash/strangers.py --trials 200 --json FILE` is the long form. The keys of FILE:

trials, strangers   how many trials, and pids that were given to a stranger
signalled           signals that reached a stranger, and strangers that were ended or halted; must be 0
survivors           processes of runs alive two seconds after the end; must be 0
broken              what was wrong, in words; must be empty
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/strangers.py`
from crash.forms import Trial, long_form
from crash.looking import helpers, logged, marked, parent_and_state

from forkjoin.backends import processes

# What is done while the strangers live. Of a run that was killed whole, and of one of which only some were killed.
COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "stop": (("stop", "RUN/"), ("wait", "RUN")),
    "resume": (("resume", "RUN", "-q"),),
    "detach": (("resume", "RUN", "--detach"), ("wait", "RUN")),
    "doctor": (("doctor", "--fix"), ("doctor",)),
    "launch": (("run", "-q", "-a", "shell", "-t", "echo x"), ("check", "PLAN")),
    "wait": (("wait", "RUN"), ("rm", "--discard", "RUN")),
    "retry": (("wait", "RUN"), ("retry", "RUN/waits"), ("wait", "RUN")),
    "sweep": (("ls",), ("show", "RUN/"), ("resume", "RUN", "-q"), ("rm", "--discard", "RUN"), ("doctor", "--fix")),
}
PARTS = ("owner", "owner-and-nursery", "shims", "nursery-and-shims")
KINDS = (*COMMANDS, *PARTS)
ZEROS = ("strangers", "signalled", "survivors")
LAST_PID = Path("/proc/sys/kernel/ns_last_pid")
TRIES = 200
NAMESPACE = ("unshare", "-p", "-f", "--mount-proc", "--")
INSIDE = "FORKJOIN_TRIAL_INSIDE"


def missing(_: str) -> str:
    """Say why it cannot be tried here, "" where it can."""
    if shutil.which("unshare") is None:
        return "no unshare on the PATH"
    argv = [*NAMESPACE, "sh", "-c", f"echo 300 > {LAST_PID}"]
    tried = subprocess.run(argv, capture_output=True, text=True, check=False)
    return tried.stderr.strip() or ("no pid namespace here" if tried.returncode else "")


def one(made: Trial) -> None:
    """Run a trial of that kind."""
    wait = f"while ! test -e {made.folder}/go; do sleep 0.1; done"
    plan = made.plan([
        {"id": "quick", "shell": f"echo S quick >> {made.log}; echo E quick >> {made.log}; echo x", "writes": []},
        {"id": "waits", "shell": f"echo S waits >> {made.log}; {wait}; echo y", "writes": []},
        {"id": "daemon", "shell": f"setsid sleep 600 & echo S daemon >> {made.log}; {wait}; echo y", "writes": []},
    ])  # fmt: skip
    owner = made.start("run", plan, "-q")
    made.until(lambda: logged(made.log)[0]["daemon"] and logged(made.log)[0]["waits"] and logged(made.log)[1]["quick"],
               "its tasks have begun")  # fmt: skip
    pids = recorded(made, owner.pid)
    killed = end(made, owner, pids)
    strangers = {pid: stranger(made, pid) for pid in killed}
    made.counts["strangers"] += len(strangers)
    (run,) = made.runs()
    (made.folder / "go").touch()
    commands = COMMANDS.get(made.kind, (("wait", "RUN"),))
    for words in commands:
        said = made.done(*(word.replace("RUN", run).replace("PLAN", plan) for word in words))
        if said.returncode not in (0, 3, 4):
            made.broken.append(f"{words[0]} ended with {said.returncode}: {said.stderr[-200:]}")
    owner.wait(60)
    time.sleep(0.1)
    for pid, talk in strangers.items():
        seen(made, pid, talk)


def recorded(made: Trial, owner: int) -> dict[str, list[int]]:
    """Return the pids that a run records, and those of its nursery and agents beside them."""
    return {
        "owner": [owner],
        "nursery": helpers(made.home, "forkjoin-nurse"),
        "shims": helpers(made.home, "forkjoin-shim"),
        "agents": marked(made.home),
    }


def end(made: Trial, owner: subprocess.Popen[bytes], pids: dict[str, list[int]]) -> list[int]:
    """Kill who is to be killed, until their pids are free; return these."""
    names = made.kind.replace("-and-", " ").split() if made.kind in PARTS else [*pids]
    chosen = [pid for name in names for pid in pids[name]]
    for pid in chosen:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if owner.pid in chosen:
        owner.wait()
    made.until(lambda: not [pid for pid in chosen if parent_and_state(pid)[1] != "X"], "the pids are free")
    return chosen


def stranger(made: Trial, pid: int) -> Path:
    """Give *pid* to a process that is none of ours; return where it notes what reaches it."""
    talk = made.folder / f"stranger-{pid}"
    for _ in range(TRIES):
        LAST_PID.write_text(str(pid - 1))
        got = os.fork()
        if got == 0:
            be_stranger(talk)
        if got == pid:
            made.until(talk.exists, "the stranger listens")
            return talk
        os.kill(got, signal.SIGKILL)
        os.waitpid(got, 0)
    made.broken.append(f"the pid {pid} could not be had")
    return talk


def be_stranger(talk: Path) -> None:
    """Note every signal; be called as a shim is; never return."""
    os.setsid()
    processes.become_subreaper(b"forkjoin-shim")
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        signal.signal(number, lambda number, _: talk.open("a").write(f"{number}\n"))
    talk.touch()
    while True:
        time.sleep(10)


def seen(made: Trial, pid: int, talk: Path) -> None:
    """See that nothing reached a stranger; then end it."""
    state = parent_and_state(pid)[1]
    noted = talk.read_text().split() if talk.exists() else ["gone"]
    if state not in ("S", "R") or noted:
        made.counts["signalled"] += 1
        made.broken.append(f"the stranger {pid} is {state} and got {noted}")
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def main() -> int:
    """Be the script: outside, enter a namespace of one's own; a skip is told, and written where it was asked for."""
    if os.environ.get(INSIDE):
        return long_form(__doc__, KINDS, one, zeros=ZEROS)
    if missing(""):
        return long_form(__doc__, KINDS, one, zeros=ZEROS, missing=missing)
    # The first process of a namespace takes in its orphans: a shell reaps them while it waits.
    line = '"$@"; exit $?'
    argv = [*NAMESPACE, "sh", "-c", line, "sh", sys.executable, *sys.argv]
    return subprocess.run(argv, env=os.environ | {INSIDE: "1"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
