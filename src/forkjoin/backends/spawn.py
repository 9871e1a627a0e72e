"""Starting an agent's program: its own session, its streams, nothing else of ours. Standard library only.

By `posix_spawn`: no line of Python runs between fork and exec (a forked interpreter would copy its memory page by page
for nothing), and what is wrong with a program comes back as an error number.
"""

from __future__ import annotations

import errno
import os
import signal

# What neither the nursery nor a shim dies of, nor hears. Blocked rather than ignored: what is ignored stays so in
# every program that is started. A program gets all signals as they come.
BLOCKED = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGPIPE, signal.SIGXFSZ)
OUR_UMASK = 0o077
# A program hears every signal as it would from a terminal of its own, whatever the owner of the run ignores.
_HEARD = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}


class Manners:
    """What a program finds as the owner of its run had it, though the nursery changed it for itself."""

    __slots__ = ("files", "umask")

    def __init__(self, *, umask: int, files: tuple[int, int]) -> None:
        self.umask, self.files = umask, files


class CannotStart(Exception):
    """A program could not be started; the message says why, for people."""


def spawn(argv: list[bytes], *, cwd: bytes, env: dict[bytes, bytes], stdin: bytes, umask: int) -> tuple[int, int, int]:
    """Run *argv*; return its pid and the read ends of its stdout and stderr, which do not block.

    Raises CannotStart. This process stands in *cwd* for a moment, for that is how a program is given its folder.
    """
    fds: list[int] = []
    try:
        fds.append(_opened(stdin))
        for _ in range(2):
            fds.extend(os.pipe())
        _enter(cwd)
        os.umask(umask)
        pid = _launched(argv, env, streams=(fds[0], fds[2], fds[4]), cwd=cwd)
    except OSError as error:
        for fd in (*fds[1:2], *fds[3:4]):
            os.close(fd)
        raise CannotStart(f"cannot start {os.fsdecode(argv[0])!r}: {error.strerror}") from error
    finally:
        os.umask(OUR_UMASK)
        os.chdir("/")
        for fd in (*fds[:1], *fds[2:3], *fds[4:5]):
            os.close(fd)
    for fd in (fds[1], fds[3]):
        os.set_blocking(fd, False)
    return pid, fds[1], fds[3]


def _opened(stdin: bytes) -> int:
    try:
        return os.open(stdin or b"/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise CannotStart(f"cannot read its input {os.fsdecode(stdin)!r}: {error.strerror}") from error


def _enter(cwd: bytes) -> None:
    try:
        os.chdir(cwd)
    except OSError as error:
        raise CannotStart(f"cannot start in the folder {os.fsdecode(cwd)!r}: {error.strerror}") from error


def _launched(argv: list[bytes], env: dict[bytes, bytes], *, streams: tuple[int, int, int], cwd: bytes) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(streams)]
    worst = errno.ENOENT
    for path in _candidates(argv[0], env):
        try:
            try:
                return os.posix_spawn(
                    path, argv, env, file_actions=actions, setsid=True, setsigmask=(), setsigdef=_HEARD
                )
            except NotImplementedError:  # macOS: a group of its own instead of a session
                return os.posix_spawn(
                    path, argv, env, file_actions=actions, setpgroup=0, setsigmask=(), setsigdef=_HEARD
                )
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                worst = error.errno or errno.EIO
    raise CannotStart(_why(os.fsdecode(argv[0]), worst, os.fsdecode(cwd)))


def _candidates(program: bytes, env: dict[bytes, bytes]) -> list[bytes]:
    """Return the paths to try: the program itself where it is a path, else as the PATH it will have says."""
    if b"/" in program:
        return [program]
    folders = env.get(b"PATH", os.fsencode(os.defpath)).split(b":")
    paths = ((folder or b".") + b"/" + program for folder in folders)
    return [path for path in paths if os.path.lexists(path)]


def _why(program: str, code: int, cwd: str) -> str:
    if code == errno.ENOENT and "/" not in program:
        return f"no program {program!r} on the PATH; install it, or write its path"
    if code == errno.ENOENT:
        return f"no program {program!r} (seen from {cwd!r}), or what its first line names is not there"
    if code == errno.EACCES:
        return f"{program!r} is not executable; chmod +x it, or name its interpreter"
    if code == errno.ENOEXEC:
        return f"{program!r} is no program: it has no #! line; name its interpreter"
    if code == errno.E2BIG:
        return f"cannot start {program!r}: its arguments and environment are too long for this system"
    return f"cannot start {program!r}: {os.strerror(code)}"
