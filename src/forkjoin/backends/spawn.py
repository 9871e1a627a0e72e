"""Starting an agent's program: its own session, its streams, nothing else of ours. Standard library only."""

from __future__ import annotations

import errno
import os
import resource
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What neither the nursery nor a shim dies of, nor hears; a program gets all of them as they come.
BLOCKED = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGPIPE, signal.SIGXFSZ)


class Manners:
    """What a program finds as the owner of its run had it, though the nursery changed it for itself."""

    __slots__ = ("files", "umask")

    def __init__(self, *, umask: int, files: tuple[int, int]) -> None:
        self.umask, self.files = umask, files


class Spawned:
    """A started program: its pid and what to read; `failure` says "WHAT ERRNO" where it could not be run."""

    __slots__ = ("failure", "pid", "stderr", "stdout")

    def __init__(self, pid: int, stdout: int, stderr: int, failure: int) -> None:
        self.pid, self.stdout, self.stderr, self.failure = pid, stdout, stderr, failure


def spawn(argv: list[bytes], *, cwd: bytes, env: dict[bytes, bytes], stdin: bytes, manners: Manners) -> Spawned:
    """Fork and run *argv*; raise OSError where not even that can be done. The three descriptors do not block."""
    pipes: list[int] = []
    # Between fork and exec a signal to the child must not reach our handler: it writes to a pipe they share.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
    try:
        for _ in range(3):
            pipes.extend(os.pipe())
        pid = os.fork()
        if pid == 0:
            try:
                _become(argv, cwd=cwd, env=env, stdin=stdin, manners=manners, pipes=pipes)
            finally:
                os._exit(127)
    except OSError:
        for fd in pipes:
            os.close(fd)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
    for fd in pipes[1::2]:
        os.close(fd)
    for fd in pipes[::2]:
        os.set_blocking(fd, False)
    return Spawned(pid, pipes[0], pipes[2], pipes[4])


def _become(
    argv: list[bytes], *, cwd: bytes, env: dict[bytes, bytes], stdin: bytes, manners: Manners, pipes: list[int]
) -> None:
    """Turn this child into the program; never returns. All our descriptors close by themselves at exec."""
    step = "start"
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # exec would do so too, but one may come before it
        os.umask(manners.umask)
        resource.setrlimit(resource.RLIMIT_NOFILE, manners.files)
        step = "stdin"
        source = os.open(stdin or b"/dev/null", os.O_RDONLY)
        step = "start"
        for fd, target in ((source, 0), (pipes[1], 1), (pipes[3], 2)):
            os.dup2(fd, target)
        step = "cwd"
        os.chdir(cwd)
        step = "program"
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _run(argv, env)
    except OSError as error:
        _tell(pipes[5], step, error.errno or errno.EIO)
    except BaseException:
        _tell(pipes[5], step, errno.EINVAL)


def _tell(fd: int, step: str, number: int) -> None:
    os.write(fd, b"%s %d" % (step.encode("ascii"), number))


def _run(argv: list[bytes], env: dict[bytes, bytes]) -> None:
    """Become the program, looked up on the PATH it is given; raise the error that says most."""
    program = argv[0]
    if b"/" in program:
        os.execve(program, argv, env)  # noqa: S606 - an argv without a shell is what is wanted
    worst = OSError(errno.ENOENT, "not found")
    for folder in env.get(b"PATH", os.fsencode(os.defpath)).split(b":"):
        try:
            os.execve((folder or b".") + b"/" + program, argv, env)  # noqa: S606 - as above
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            worst = error
    raise worst


def failure_text(told: bytes, job: dict[str, Any]) -> str:
    """Return what a program that could not be run said by its third pipe, in words."""
    step, _, number = told.decode("ascii", "replace").partition(" ")
    code = int(number) if number.isdigit() else errno.EIO
    program, cwd = os.fsdecode(job["argv"][0]), os.fsdecode(job["cwd"])
    why = os.strerror(code)
    if step == "cwd":
        return f"cannot start in the folder {cwd!r}: {why}"
    if step == "stdin":
        return f"cannot read its input {os.fsdecode(job['stdin'])!r}: {why}"
    if step != "program":
        return f"cannot start {program!r}: {why}"
    return _program_text(program, code, cwd)


def _program_text(program: str, code: int, cwd: str) -> str:
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
