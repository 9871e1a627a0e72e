"""Locks whose holders are killed -9, at moments of chance: the next one gets them, and the user's own are left alone.

`python tests/crash/stale.py --trials 200 --json FILE` is the long form. The keys of FILE:

trials, held        how many trials, and in how many the holder held the lock when it was killed
stuck               locks that the next one did not get within ten seconds; must be 0
removed             lock files of the user's own git that are gone; must be 0
survivors           processes alive two seconds after the end; must be 0
longest_next_s      how long the next one waited
broken              what was wrong, in words; must be empty
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/stale.py`
from crash.forms import Trial, long_form
from crash.looking import content, logged, processes

from forkjoin.backends.lock import take
from forkjoin.engine.folder import OwnerLock, RunFolder
from forkjoin.errors import ForkjoinError
from forkjoin.journal import ClaimsFile, SqliteJournal
from forkjoin.model import RunId

HOLDERS = ("owner", "attempt", "claims", "journal")
RUNS = ("run-owner", "run-git", "run-all")
KINDS = (*HOLDERS, *HOLDERS, *HOLDERS, *RUNS)
ZEROS = ("held", "stuck", "removed", "survivors")
MOST_S = 10.0
USERS_OWN = ("index.lock", "config.lock", "packed-refs.lock", "refs/heads/x.lock")


def one(made: Trial) -> None:
    """Run a trial of that kind."""
    git = made.tree / ".git"
    own = [git / name for name in USERS_OWN if made.kind in RUNS[:1] or name == "index.lock"]
    for lock in own:
        lock.write_text("the user's own")
    if made.kind in HOLDERS:
        holder(made)
    else:
        whole(made)
    for lock in own:
        if content(str(lock)) != b"the user's own":
            made.counts["removed"] += 1
            made.broken.append(f"{lock.name} is gone")


def holder(made: Trial) -> None:
    """Kill who takes and leaves a lock again and again; then take it."""
    folder = RunFolder(home=made.home, run=RunId("20260101-000000-aaaa"))
    folder.path.mkdir(parents=True)
    use = uses(made, folder)
    use()
    told = made.folder / "holds"
    pid = os.fork()
    if pid == 0:
        while True:
            use(lambda: (told.touch(), time.sleep(0.02)))
            told.unlink()
    made.until(told.exists, "it holds the lock")
    time.sleep(made.chance.uniform(0, 0.05))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    made.counts["held"] += told.exists()
    began = time.monotonic()
    try:
        use()
    except (ForkjoinError, OSError) as error:
        made.counts["stuck"] += 1
        made.broken.append(f"the {made.kind} lock is stuck: {error}")
    made.took("next_s", time.monotonic() - began)


def uses(made: Trial, folder: RunFolder) -> Callable[..., None]:
    """Return what takes the lock of that kind, does something, and lets it go."""

    def nothing() -> None:
        time.sleep(0.001)

    def owner(do: Callable[[], object] = nothing) -> None:
        lock = OwnerLock.take(folder)
        do()
        lock.release()

    def attempt(do: Callable[[], object] = nothing) -> None:
        fd = os.open(folder.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        take(fd)
        do()
        os.close(fd)

    def claims(do: Callable[[], object] = nothing) -> None:
        file = ClaimsFile(made.home / "claims" / "x.db", lambda _, tasks: tasks, busy_s=MOST_S)
        with file.turn():
            do()
        file.close()

    def journal(do: Callable[[], object] = nothing) -> None:
        opened = SqliteJournal.open(folder.journal) if folder.journal.exists() else SqliteJournal.create(folder.journal)
        opened.text("x" * 5000)
        opened.commit()
        do()
        opened.close()

    return {"owner": owner, "attempt": attempt, "claims": claims, "journal": journal}[made.kind]


def whole(made: Trial) -> None:
    """Kill the owner, its git, or both, while writers get their clones and are harvested; then go on and remove."""
    writers = [
        {"id": f"w{number}", "shell": f"echo S w{number} >> {made.log}; echo {number} > w{number}.txt; echo done",
         "writes": [f"w{number}.txt"], "retries": 2}
        for number in range(3)
    ]  # fmt: skip
    owner = made.start("run", made.plan(writers), "-q")
    made.until(made.runs, "there is a run")
    time.sleep(made.chance.uniform(0, 1.2))
    victims = [owner.pid] if made.kind != "run-git" else []
    victims += gits(made) if made.kind != "run-owner" else []
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            made.counts["held"] += 1
    if made.kind != "run-git":
        owner.wait()
    began = time.monotonic()
    for run in made.runs():
        said = made.done("wait", run, "--timeout", "60s")
        states = {str(task["state"]) for task in made.shown(run).values()}
        # A git that was killed fails what asked for it: then, and only then, a task may have failed.
        if said.returncode not in ((0,) if made.kind == "run-owner" else (0, 3, 4)) or not states <= ENDED:
            made.counts["stuck"] += said.returncode == 5
            made.broken.append(f"wait ended with {said.returncode}: {states} {said.stderr[-200:]}{said.stdout[-300:]}")
        gone = made.done("rm", "--discard", run)
        if gone.returncode:
            made.broken.append(f"rm ended with {gone.returncode}: {gone.stderr[-200:]}")
    made.took("next_s", time.monotonic() - began)
    owner.wait(60)
    again = made.done("run", "-q", "-a", "shell", "-t", "echo again > w1.txt; echo done")
    if again.returncode:
        made.broken.append(f"the next run ended with {again.returncode}: {again.stderr[-300:]}{again.stdout[-300:]}")
    made.alone(time.monotonic())
    starts, _ = logged(made.log)
    if any(count > 1 + 2 for count in starts.values()):
        made.broken.append(f"begun too often: {starts}")


ENDED = {"completed", "failed", "lost", "blocked"}


def gits(made: Trial) -> list[int]:
    """Return the gits that work for the trial just now: nothing else works in its folder."""
    mine = os.fsencode(made.folder)
    return [
        pid
        for pid in processes()
        if content(f"/proc/{pid}/comm") == b"git\n" and mine in content(f"/proc/{pid}/cmdline") + cwd_of(pid)
    ]


def cwd_of(pid: int) -> bytes:
    """Return where a process is."""
    with suppress(OSError):
        return os.fsencode(Path(f"/proc/{pid}/cwd").readlink())
    return b""


if __name__ == "__main__":
    sys.exit(long_form(__doc__, KINDS, one, zeros=ZEROS))
