"""`forkjoin` forked from a process that has imported it: a start that costs a fifth of a real one, and does the same.

`Preloaded(folder)` starts that process and writes `folder/forkjoin`, a program that hands its arguments, folder,
environment, standard streams, umask, limits and ignored signals over to it, passes signals on, and ends as the child
does. Where the real start would differ from a fork it makes the real start: a stream that is closed or a terminal,
another locale or a setting of Python's, a task of a run around it (whose processes are known by their environment), and
the MCP door, which is not imported here.
"""

from __future__ import annotations

import io
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

REAL = Path(sys.executable).with_name("forkjoin")
PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)
# What decides how Python starts, or marks a process as one of a run.
REAL_WHERE = ("PYTHON", "LC_", "LANG", "FORKJOIN_RUN", "FORKJOIN_TASK", "FORKJOIN_ATTEMPT", "FORKJOIN_DEPTH")
QUIET = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")  # of those, what changes nothing that is seen
LIMITS = 16  # kinds of limits that Linux has
# Of the lowest modules: it is started often.
CLIENT = """\
#!{python} -IS
import _signal, _socket, marshal, os, resource, sys

def real():
    os.execv({real!r}, [{real!r}, *sys.argv[1:]])

def decides(environ):
    return {{name: environ[name] for name in environ if name.startswith({where!r}) and name not in {quiet!r}}}

try:
    terminal = any(os.isatty(fd) or not os.fstat(fd) for fd in (0, 1, 2))
except OSError:
    real()
environ = dict(os.environb)
if terminal or "mcp" in sys.argv[1:2] or decides(environ) != {decided!r}:
    real()
mask = os.umask(0)
os.umask(mask)
ignored = [number for number in {passed!r} if _signal.getsignal(number) == _signal.SIG_IGN]
limits = [resource.getrlimit(kind) for kind in range({limits})]
said = marshal.dumps((sys.argv[1:], os.getcwdb(), environ, mask, ignored, limits))
link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
link.connect({path!r})
fds = b"".join(fd.to_bytes(4, sys.byteorder) for fd in (0, 1, 2))
link.sendmsg([len(said).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, fds)])
link.sendall(said)
child = int.from_bytes(link.recv(4), "big")
for number in {passed!r}:
    if number not in ignored:
        _signal.signal(number, lambda number, _: os.kill(child, number))
told = link.recv(4)
code = os.waitstatus_to_exitcode(int.from_bytes(told, "big")) if told else 70
if code < 0:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if -code not in (9, 19):
        _signal.signal(-code, _signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
"""


class Preloaded:
    """The process that all is imported in; `program` starts a command line in a child of it."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "forkjoin"
        path = str(folder / "s")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("FORKJOIN_")}
        self._process = subprocess.Popen(
            [sys.executable, __file__, path], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        decided = {os.fsencode(name): os.fsencode(value) for name, value in environ.items() if decides(name)}
        text = CLIENT.format(
            python=sys.executable, real=str(REAL), path=path, decided=decided, limits=LIMITS,
            where=_bytes(REAL_WHERE), quiet=_bytes(QUIET), passed=tuple(int(one) for one in PASSED_ON),
        )  # fmt: skip
        self.program.write_text(text)
        self.program.chmod(0o755)

    def close(self) -> None:
        """End it, and what it forked."""
        self._process.communicate()


def decides(name: str) -> bool:
    """Whether a variable must be as it was when the process was started."""
    return name.startswith(REAL_WHERE) and name not in QUIET


def _bytes(names: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(os.fsencode(one) for one in names)


def main() -> None:
    """Be that process: fork for each that connects, and tell it how its child ended; end when stdin does."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(sys.argv[1])
    listener.listen(64)
    _import_all()
    os.write(1, b"ready\n")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    links: dict[int, tuple[socket.socket, int, int]] = {}  # by the descriptor of a link, and by a child's pidfd
    waiting = select.poll()
    waiting.register(0, select.POLLIN)
    waiting.register(listener, select.POLLIN)
    while True:
        for fd, _ in waiting.poll():
            if fd == 0:
                _end({pid for _, pid, _ in links.values()})
            elif fd == listener.fileno():
                link = listener.accept()[0]
                pid = _forked(link)
                pidfd = os.pidfd_open(pid)
                links[link.fileno()] = links[pidfd] = (link, pid, pidfd)
                waiting.register(link, select.POLLIN)
                waiting.register(pidfd, select.POLLIN)
                link.sendall(pid.to_bytes(4, "big"))
            elif fd in links:
                link, pid, pidfd = links[fd]
                if fd != pidfd:  # nothing more is ever said: who waited is gone, killed
                    os.kill(pid, signal.SIGKILL)
                    waiting.unregister(fd)
                    continue
                _ended(link, pid, waiting)
                del links[link.fileno()], links[pidfd]
                waiting.unregister(pidfd)
                os.close(pidfd)
                link.close()


def _ended(link: socket.socket, pid: int, waiting: select.poll) -> None:
    """Tell of a child's end, if anybody still listens."""
    status = os.waitpid(pid, 0)[1]
    try:
        waiting.unregister(link)
        link.sendall(status.to_bytes(4, "big"))
    except (KeyError, OSError):
        return


def _end(children: set[int]) -> NoReturn:
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    sys.exit(0)


def _import_all() -> None:
    tests = str(Path(__file__).resolve().parents[1])
    sys.path[0] = tests
    from crash.points import ready

    ready()
    sys.path[0] = str(REAL.parent)  # as of a program there


def _forked(link: socket.socket) -> int:
    size, given, *_ = socket.recv_fds(link, 4, 3)
    said = bytearray()
    while len(said) < int.from_bytes(size, "big"):
        said += link.recv(1 << 20)
    pid = os.fork()
    if pid == 0:
        _be(given, marshal.loads(said))
    for fd in given:
        os.close(fd)
    return pid


def _be(
    given: list[int], said: tuple[list[str], bytes, dict[bytes, bytes], int, list[int], list[tuple[int, int]]]
) -> NoReturn:
    """Be the command line, to its end."""
    import atexit
    import threading

    words, folder, environ, mask, ignored, limits = said
    code = 1
    try:
        os.setpgid(0, 0)
        for target, fd in enumerate(given):
            os.dup2(fd, target)
        os.closerange(3, 1024)
        _streams()
        _as(environ, mask, limits)
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        os.chdir(folder)
        sys.argv = [str(REAL), *words]
        from forkjoin.interfaces.cli.main import main as forkjoin

        forkjoin()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # what an interpreter does when it ends
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _streams() -> None:
    """Open the standard streams anew, as they were: where they lead to now, another kind of file may be."""
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, name)
        file = open(fd, "wb" if fd else "rb", closefd=False)  # noqa: SIM115 - until the process ends
        new = io.TextIOWrapper(file, encoding=old.encoding, errors=old.errors, line_buffering=fd == 2)
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def _as(environ: Mapping[bytes, bytes], mask: int, limits: list[tuple[int, int]]) -> None:
    """Take on what a process has from its parent, and forget what was derived from the one here."""
    import random
    import resource
    import tempfile
    import time

    from forkjoin import failpoints

    os.environb.clear()
    os.environb.update(environ)
    os.umask(mask)
    for kind, wanted in enumerate(limits):
        if resource.getrlimit(kind) != wanted:
            resource.setrlimit(kind, wanted)
    failpoints._folder = os.environ.get(failpoints.VARIABLE, "")
    tempfile.tempdir = None
    random.seed()
    time.tzset()


if __name__ == "__main__":
    main()
