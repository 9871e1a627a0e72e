"""Commands of forkjoin in processes forked from one that has imported all they need: a trial costs its own work."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from crash.looking import environ
from crash.points import ready


class Mother:
    """Forks commands and does nothing else: so it never grows, and what they grow by is their own.

    *first* is called in it, before any command.
    """

    def __init__(self, first: Callable[[], None] = ready) -> None:
        asked, told = os.pipe(), os.pipe()
        if os.fork() == 0:
            os.close(asked[1])
            first()
            with os.fdopen(asked[0]) as commands:
                for line in commands:
                    os.write(told[1], b"%d\n" % _commanded(*json.loads(line)))
            os._exit(0)
        os.close(asked[0])
        self._ask, self._hear = os.fdopen(asked[1], "w"), os.fdopen(told[0])

    def command(self, folder: Path, words: Sequence[str]) -> int:
        """Return the exit code of a command of forkjoin in `tree` below *folder*.

        Its state folder is `home`; what it says is in the files out and err, and in peak the most memory, in KiB, that
        it held and that any process it waited for did.
        """
        print(json.dumps([str(folder), words]), file=self._ask, flush=True)
        return int(self._hear.readline())


def _commanded(folder: str, words: Sequence[str]) -> int:
    pid = os.fork()
    if pid == 0:
        _command(Path(folder), words)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _command(folder: Path, words: Sequence[str]) -> None:
    """Be a command of forkjoin, and write the most memory it and its helpers held, in KiB; never returns."""
    from forkjoin.interfaces.cli.main import main as forkjoin

    code = 70
    try:
        os.environ.clear()
        os.environ.update(environ(folder / "home"))
        os.chdir(folder / "tree")
        for name, target in ((os.devnull, 0), (str(folder / "out"), 1), (str(folder / "err"), 2)):
            os.dup2(os.open(name, os.O_RDONLY if target == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC), target)
        sys.argv = ["forkjoin", *words]
        forkjoin()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        import resource

        own = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
        (folder / "peak").write_text(f"{own} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
        os._exit(code)
