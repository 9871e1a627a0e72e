"""The detached owner of a run: `python -m forkjoin.engine.supervise HOME RUN LOCK_FD`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from forkjoin.engine.folder import OWNER_LOG, OwnerLock, RunFolder
from forkjoin.errors import CannotHere, RunOwned
from forkjoin.failpoints import reached
from forkjoin.model import RunId
from forkjoin.private import opener

_MODULE = "forkjoin.engine.supervise"


def spawn(folder: RunFolder, lock: OwnerLock) -> None:
    """Start a detached supervisor that owns the run from this moment on: it inherits the lock, so there is no gap.

    Its own talk goes to `supervisor.log` in the run folder. Raises CannotHere where it cannot be started; *lock* is
    let go of in any case.
    """
    try:
        with open(folder.path / OWNER_LOG, "ab", opener=opener) as log:
            process = subprocess.Popen(
                # -P: a folder named forkjoin where we are, in a tree of strangers, must not be imported.
                [sys.executable, "-P", "-m", _MODULE, str(folder.home), folder.run, str(lock.descriptor)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.descriptor],
            )
    except OSError as error:
        raise CannotHere(
            f"run {folder.run} cannot be detached: {error.strerror or error}; try again: forkjoin wait {folder.run}"
        ) from error
    finally:
        lock.release()
    # Reaped when it ends while we still live; it does not need us.
    threading.Thread(target=process.wait, daemon=True, name=f"forkjoin-supervisor-{folder.run}").start()


def main() -> int:
    """Drive the run named on the command line until it is over, and on where a retry was asked meanwhile."""
    # Who only starts a supervisor has no need of what it drives with.
    from forkjoin.engine.driving.owning import drive
    from forkjoin.engine.driving.past import retry_waits

    home, run, descriptor = sys.argv[1:4]
    folder = RunFolder(home=Path(home), run=RunId(run))
    lock = OwnerLock.handed(int(descriptor))
    reached("supervisor.owns")
    os.chdir("/")  # only now: what is imported may be found by a relative path
    while True:
        try:
            driven = drive(folder, attached=False)
        finally:
            lock.release()
        reached("supervisor.drove")
        # Whoever asks for a retry tries to own the run after that; who finds it owned relies on this look.
        if not retry_waits(folder, driven.seen):
            return 0
        try:
            lock = OwnerLock.take(folder)
        except RunOwned:
            return 0


if __name__ == "__main__":
    sys.exit(main())
