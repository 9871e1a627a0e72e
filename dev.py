#!/usr/bin/env python3
"""Set forkjoin up beside its sources, once, and run it. Needs git, pip and Python >= 3.11; nothing is activated.

    python3 dev.py review .       any verb of forkjoin, with the offline analysers
    python3 dev.py test [ARGS]    the tests, five side by side; ARGS go to pytest (-n 0: one after another)
    python3 dev.py lint           ruff, the format, mypy --strict, the import contracts
    python3 dev.py ci             lint, then test

The environment is .venv beside this file, or the folder that FORKJOIN_VENV names (for a checkout that cannot be
written). It is made anew when pyproject.toml, constraints.txt or the Python change.
"""

# Standard library only. Down to the version check the file must also run on Python 3.6, and parse there to its end.
import os
import sys

OLDEST = (3, 11)


def newer_python() -> str:
    """Return the path of a Python that is new enough, "" where none is found."""
    import shutil
    import subprocess

    for minor in range(OLDEST[1] + 9, OLDEST[1] - 1, -1):
        path = shutil.which(f"python3.{minor}")
        # A version manager's stand-in is there without the Python behind it, so it is tried.
        if path and subprocess.call([path, "-c", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            return path
    return ""


if sys.version_info < OLDEST:
    newer = newer_python()
    if newer:
        os.execv(newer, [newer, *sys.argv])  # noqa: S606 - the same program, by a newer Python
    found = ".".join(map(str, sys.version_info[:3]))
    sys.exit(f"dev.py: this is Python {found}, and forkjoin needs 3.11 or later; try: python3.12 dev.py ...")

import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
STATE = ".forkjoin-dev.json"
LOCK = ".forkjoin-dev.lock"
# Settings of the caller's shell that would send the packages elsewhere than into the environment.
ASTRAY = ("PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_ROOT", "PIP_TARGET", "PIP_REQUIRE_VIRTUALENV")
LINTS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format --check": ("ruff", "format", "--check", "."),
    "mypy --strict": ("mypy",),
    "lint-imports": ("lint-imports",),
}


class CannotSetUp(Exception):
    """This machine cannot make the environment; the message says what to do."""


def main(argv: Sequence[str]) -> int:
    """Run one command; return its exit code (7: this machine cannot, 2: usage)."""
    if not argv or argv[0] in ("-h", "--help"):
        print((__doc__ or "").strip())
        return 0 if argv else 2
    verb, rest = argv[0], argv[1:]
    if verb in ("lint", "ci") and rest:
        say(f"{verb} takes no arguments, was given: {' '.join(rest)}")
        return 2
    venv = Path(os.environ.pop("FORKJOIN_VENV", "") or ROOT / ".venv").absolute()
    try:
        set_up(venv, group="dev" if verb in ("test", "lint", "ci") else "review")
    except CannotSetUp as error:
        say(str(error))
        return 7
    except KeyboardInterrupt:
        say("interrupted; the set-up begins anew the next time")
        return 130
    return run(venv, verb, rest)


def run(venv: Path, verb: str, rest: Sequence[str]) -> int:
    """Become the program that *verb* names, or run several one after another and return 1 if one failed."""
    tests = (str(venv / "bin" / "python"), "-m", "pytest", *side_by_side(rest), *rest)
    if verb in ("test", "lint", "ci"):
        os.chdir(ROOT)
    if verb == "test":
        become(*tests)
    if verb not in ("lint", "ci"):
        become(str(venv / "bin" / "forkjoin"), verb, *rest)
    steps = {name: (str(venv / "bin" / program), *args) for name, (program, *args) in LINTS.items()}
    if verb == "ci":
        steps["tests"] = tests
    failed = [name for name, command in steps.items() if not passes(name, command)]
    if failed:
        say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def side_by_side(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return what makes pytest run tests side by side; nothing where *arguments* say how, or want the terminal."""
    said = any(
        re.match(r"-n\d*$|-n(auto|logical)$|--numprocesses|--pdb$|--trace$|-s$|--capture=no$", one) for one in arguments
    )
    # More than the cores of a small machine: many tests wait for processes, and hold no core while they do.
    return () if said else ("-n", "5", "--dist", "worksteal")


def become(program: str, *args: str) -> None:
    """Replace this process, so that signals and the exit code are the program's own."""
    sys.stdout.flush()
    os.execv(program, [program, *args])  # noqa: S606 - an argument list, no shell


def passes(name: str, command: Sequence[str]) -> bool:
    """Run one check, its output as it comes."""
    say(name)
    return subprocess.run(command, check=False).returncode == 0


def set_up(venv: Path, *, group: str) -> None:
    """Make *venv* hold what *group* needs ("review" or "dev"); at once where it already does.

    Safe to kill (the state is written last, and what has none is made anew) and to run twice at once (a lock).
    """
    key = key_of(venv)
    if group in groups_in(venv, key):
        return
    with locked(venv):
        have = groups_in(venv, key)
        if group in have:
            return
        started = time.monotonic()
        say(f"setting up {shown(venv)} (once, about a minute)")
        if not have:
            write_state(venv, key, ())
            empty(venv)
            make_venv(venv)
        write_state(venv, key, ())
        install(venv, group)
        # The tests need the analysers too, so "dev" holds all of "review".
        write_state(venv, key, ("review", "dev") if group == "dev" else ("review",))
        say(f"ready after {time.monotonic() - started:.0f} s")


def key_of(venv: Path) -> str:
    """Return a digest of all that the environment is made from; another digest means another environment."""
    digest = hashlib.sha256()
    for part in (sys.version, os.path.realpath(sys.executable), str(ROOT), str(venv)):
        digest.update(os.fsencode(part) + b"\0")
    for name in ("pyproject.toml", "constraints.txt", "dev.py"):
        digest.update((ROOT / name).read_bytes() + b"\0")
    return digest.hexdigest()


def groups_in(venv: Path, key: str) -> tuple[str, ...]:
    """Return the groups that are whole in *venv*, as made from *key*; none where it is absent, half made or another."""
    try:
        state = json.loads((venv / STATE).read_text(encoding="utf-8"))
        return tuple(state["groups"]) if state["key"] == key else ()
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def write_state(venv: Path, key: str, groups: Sequence[str]) -> None:
    """Say what *venv* holds; the file also says that the folder is ours to empty."""
    new = venv / f"{STATE}.new"
    new.write_text(json.dumps({"key": key, "groups": list(groups)}), encoding="utf-8")
    new.replace(venv / STATE)


@contextmanager
def locked(venv: Path) -> Iterator[None]:
    """Hold *venv* for this process; refuse a folder that something else has made."""
    try:
        venv.mkdir(parents=True, exist_ok=True)
        if any(venv.iterdir()) and not (venv / STATE).exists() and not (venv / LOCK).exists():
            raise CannotSetUp(
                f"{venv} was not made by dev.py and is left alone; move it away, or name another folder: "
                "FORKJOIN_VENV=DIR python3 dev.py ..."
            )
        with (venv / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another set-up is under way; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            # The programs started below hold the lock too: a pip that outlives us keeps the next set-up waiting.
            os.set_inheritable(lock.fileno(), True)
            yield
    except OSError as error:
        raise CannotSetUp(
            f"cannot write {venv}: {error.strerror or error}; name a folder that can be written: "
            "FORKJOIN_VENV=DIR python3 dev.py ..."
        ) from error


def empty(venv: Path) -> None:
    """Remove what an earlier set-up left, but for the lock and the state."""
    for entry in venv.iterdir():
        if entry.name in (STATE, LOCK):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def make_venv(venv: Path) -> None:
    """Make a virtual environment, with a pip in it where this Python's own is too old to install from outside.

    A pip in it is most of what an environment costs, and Debian's and Ubuntu's Python cannot make one (no ensurepip).
    """
    why = failure([sys.executable, "-m", "venv", "--without-pip", str(venv)])
    if why:
        raise CannotSetUp(f"{sys.executable} -m venv failed:\n{why}\nOn Debian and Ubuntu: apt install python3-venv")
    if not failure([*pip_for(venv), "--version"]):
        return
    if failure([sys.executable, "-m", "venv", str(venv)]):
        lend_pip(venv)


def pip_for(venv: Path) -> list[str]:
    """Return the command line of a pip that works on *venv*: the one in it, else the one of this Python (from 22.3)."""
    python = str(venv / "bin" / "python")
    inside = next(venv.glob("lib/python*/site-packages/pip"), None)
    return [python, "-m", "pip"] if inside else [sys.executable, "-m", "pip", "--python", python]


def lend_pip(venv: Path) -> None:
    """Bring a pip into *venv* by a host's pip that is old: --target touches nothing of the system (PEP 668)."""
    site = subprocess.run(
        [venv / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        env=clean_environ(),
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.strip()
    why = failure([sys.executable, "-m", "pip", "install", "-q", "--target", site, "pip"])
    if why:
        raise CannotSetUp(
            f"{sys.executable} has no ensurepip, and its own pip could not help:\n{why}\n"
            "On Debian and Ubuntu: apt install python3-venv (or python3-pip); then repeat the command"
        )


def install(venv: Path, group: str) -> None:
    """Install the pinned requirements of *group*, and forkjoin itself as an editable package."""
    pip = [*pip_for(venv), "install", "-q", "--no-input", "--disable-pip-version-check"]
    pinned = ["-c", str(ROOT / "constraints.txt")]
    # The build needs are installed too, pinned as all else: no build isolation, nothing fetched a second time.
    ours = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    for arguments in ([*pinned, *requirements(group)], ours):
        why = failure([*pip, *arguments])
        if why:
            raise CannotSetUp(
                f"pip could not install:\n{why}\n"
                "It needs a package index: look at the network, or at PIP_INDEX_URL and PIP_FIND_LINKS; "
                "then repeat the command"
            )


def requirements(group: str) -> list[str]:
    """Return requirement strings; read here because pip knows dependency groups only since 25.1."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = [
        *project["build-system"]["requires"],
        "editables",  # what hatchling needs besides, to build an editable package
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["review"],
    ]
    return [*found, *project["dependency-groups"]["dev"]] if group == "dev" else found


def failure(command: Sequence[str]) -> str:
    """Run a program in silence; return "" if it went well, else the end of what it said."""
    done = subprocess.run(
        command,
        check=False,
        close_fds=False,
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    said = "\n".join(f"  {line}" for line in done.stdout.strip().split("\n")[-15:])
    return "" if done.returncode == 0 else said or f"  exit code {done.returncode}"


def clean_environ() -> dict[str, str]:
    """Return the environment for venv and pip."""
    return {name: value for name, value in os.environ.items() if name not in ASTRAY} | {"PIP_USER": "0"}


def shown(path: Path) -> str:
    """Return *path* as short as it can be said."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def say(text: str) -> None:
    """Talk goes to stderr; stdout is the program's."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
