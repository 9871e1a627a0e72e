"""Starting an agent's program: its own session, its streams, nothing else of ours. Standard library only.

By fork, for two things must be done in between: the kernel is told to end the program with its shim, and to take the
program before its owner where memory runs out. What is wrong with a program comes back by a pipe, as an error number.
"""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import NoReturn
else:
    import _signal as signal  # the same without its enums: nursery.py says why
if TYPE_CHECKING or __package__:
    from forkjoin.backends import processes
else:
    import processes

# What neither the nursery nor a shim dies of, nor hears. Blocked rather than ignored: what is ignored stays so in
# every program that is started. A program gets all signals as they come.
BLOCKED = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGPIPE, signal.SIGXFSZ)
OUR_UMASK = 0o077
_OOM_MORE = 500  # of 1,000: as if it used half of the machine's memory more than it does


class Manners:
    """What a program finds as the owner of its run had it, though the nursery changed it for itself."""

    __slots__ = ("files", "umask")

    def __init__(self, *, umask: int, files: tuple[int, int]) -> None:
        self.umask, self.files = umask, files


class CannotStart(Exception):
    """A program could not be started; the message says why, for people."""


def spawn(argv: list[bytes], *, cwd: bytes, env: dict[bytes, bytes], stdin: bytes, umask: int) -> tuple[int, int, int]:
    """Run *argv*; return its pid and the read ends of its stdout and stderr, which do not block. Raises CannotStart."""
    fds: list[int] = []
    try:
        fds.append(_opened(stdin))
        for _ in range(3):
            fds.extend(os.pipe())
        shim = os.getpid()
        os.umask(umask)
        pid = os.fork()
        if pid == 0:
            _become(argv, env, cwd=cwd, streams=(fds[0], fds[2], fds[4]), told=fds[6], shim=shim)
    except OSError as error:
        for fd in (*fds[1:2], *fds[3:4], *fds[5:6]):
            os.close(fd)
        raise CannotStart(f"cannot start {os.fsdecode(argv[0])!r}: {error.strerror}") from error
    finally:
        os.umask(OUR_UMASK)
        for fd in (*fds[:1], *fds[2:3], *fds[4:5], *fds[6:7]):
            os.close(fd)
    wrong = os.read(fds[5], 64)  # nothing, and the pipe's end, once the program is there
    os.close(fds[5])
    if wrong:
        os.waitpid(pid, 0)
        os.close(fds[1])
        os.close(fds[3])
        step, _, code = wrong.decode("ascii").partition(" ")
        raise CannotStart(_why(step, int(code), argv=argv, cwd=os.fsdecode(cwd)))
    for fd in (fds[1], fds[3]):
        os.set_blocking(fd, False)
    return pid, fds[1], fds[3]


def _opened(stdin: bytes) -> int:
    try:
        return os.open(stdin or b"/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise CannotStart(f"cannot read its input {os.fsdecode(stdin)!r}: {error.strerror}") from error


def _become(
    argv: list[bytes], env: dict[bytes, bytes], *, cwd: bytes, streams: tuple[int, int, int], told: int, shim: int
) -> NoReturn:
    """Be the program, in the new child; never returns. What does not work is said by *told*."""
    step = "enter"
    try:
        signal.set_wakeup_fd(-1)
        os.setsid()
        if not processes.die_with(shim):
            os._exit(1)
        _offer_to_the_kernel()
        os.chdir(cwd)
        for target, fd in enumerate(streams):
            os.dup2(fd, target)
        step = "run"
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.write(told, f"run {_execute(argv, env)}".encode("ascii"))
    except OSError as error:
        os.write(told, f"{step} {error.errno}".encode("ascii"))
    finally:
        os._exit(1)


def _offer_to_the_kernel() -> None:
    """Have the kernel end this process rather than the owner of its run where memory runs out."""
    try:
        fd = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # not Linux
        return
    try:
        os.write(fd, b"%d" % min(1000, int(os.read(fd, 16)) + _OOM_MORE))
    except (OSError, ValueError):
        pass
    finally:
        os.close(fd)


def _execute(argv: list[bytes], env: dict[bytes, bytes]) -> int:
    """Become the first program of that name; return, where there is none, what is wrong with the nearest."""
    worst = errno.ENOENT
    for path in _candidates(argv[0], env):
        try:
            os.execve(path, argv, env)  # noqa: S606 - a program as it was asked for, and no shell between
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                worst = error.errno or errno.EIO
    return worst


def _candidates(program: bytes, env: dict[bytes, bytes]) -> list[bytes]:
    """Return the paths to try: the program itself where it is a path, else as the PATH it will have says."""
    if b"/" in program:
        return [program]
    folders = env.get(b"PATH", os.fsencode(os.defpath)).split(b":")
    paths = ((folder or b".") + b"/" + program for folder in folders)
    return [path for path in paths if os.path.lexists(path)]


def _why(step: str, code: int, *, argv: list[bytes], cwd: str) -> str:
    program = os.fsdecode(argv[0])
    if step == "enter":
        return f"cannot start in the folder {cwd!r}: {os.strerror(code)}"
    if code == errno.ENOENT and "/" not in program:
        return f"no program {program!r} on the PATH; install it, or write its path"
    if code == errno.ENOENT:
        return f"no program {program!r} (seen from {cwd!r}), or what its first line names is not there"
    return {
        errno.EACCES: f"{program!r} is not executable; chmod +x it, or name its interpreter",
        errno.ENOEXEC: f"{program!r} is no program: it has no #! line; name its interpreter",
        errno.E2BIG: f"cannot start {program!r}: its arguments and environment are too long for this system",
    }.get(code, f"cannot start {program!r}: {os.strerror(code)}")
