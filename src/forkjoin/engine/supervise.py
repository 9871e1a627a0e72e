"""The detached owner of a run: `python -m forkjoin.engine.supervise HOME RUN LOCK_FD`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from forkjoin.engine.drive import drive
from forkjoin.engine.folder import OwnerLock, RunFolder
from forkjoin.model import RunId


def spawn(folder: RunFolder, lock: OwnerLock) -> None:
    """Start a detached supervisor that owns the run from this moment on: it inherits the lock, so there is no gap.

    Its own talk goes to `supervisor.log` in the run folder.
    """
    with (folder.path / "supervisor.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "forkjoin.engine.supervise", str(folder.home), folder.run, str(lock.descriptor)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            pass_fds=[lock.descriptor],
        )
    lock.release()
    # Reaped when it ends while we still live; it does not need us.
    threading.Thread(target=process.wait, daemon=True, name=f"forkjoin-supervisor-{folder.run}").start()


def main() -> int:
    """Drive the run named on the command line until it is over."""
    home, run, descriptor = sys.argv[1:4]
    folder = RunFolder(home=Path(home), run=RunId(run))
    lock = OwnerLock.handed(int(descriptor))
    os.umask(0o077)
    try:
        drive(folder, attached=False)
    finally:
        lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
