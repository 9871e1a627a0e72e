"""A tree, a home and the workspaces of a run between them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from forkjoin.model import Base, Changes, Place, RunId, Task, TaskId
from forkjoin.sources import read_tree
from forkjoin.workspaces import Workspaces


def git_in(folder: Path, *arguments: str, code: int | None = 0) -> str:
    """Run git as a user does; None as code takes any."""
    done = subprocess.run(("git", "-C", str(folder), *arguments), capture_output=True, text=True, check=False)
    assert code is None or done.returncode == code, done.stderr
    return done.stdout


@dataclass
class Site:
    """A user's tree, and the runs made on it."""

    tree: Path
    home: Path
    number: int = 0
    opened: dict[str, Workspaces] = field(default_factory=dict)

    def git(self, *arguments: str) -> str:
        return git_in(self.tree, *arguments)

    def write(self, name: str | bytes, content: str | bytes = "", mode: int | None = None) -> Path:
        path = self.tree / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if mode is not None:
            path.chmod(mode)
        return path

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "A commit")
        return self.git("rev-parse", "HEAD").strip()

    def run(self, folder: str = "") -> Run:
        """Start a run on the tree as it is now."""
        self.number += 1
        name = RunId(f"run{self.number}")
        run_folder = self.home / "runs" / name
        run_folder.mkdir(parents=True)
        rooms = Workspaces(name, run_folder, self.home, read_tree(self.tree / folder))
        return Run(rooms=rooms, folder=run_folder)

    def fingerprint(self) -> dict[str, str]:
        """Everything of the tree and its repository but `refs/forkjoin/`: bytes, modes, times."""
        seen = {}
        for path in sorted(self.tree.rglob("*")):
            name = path.relative_to(self.tree).as_posix()
            if "refs/forkjoin" in name:
                continue
            state = path.lstat()
            if path.is_symlink() or not path.is_file():
                # A folder's time in .git/refs changes with our hidden ref; its content is compared all the same.
                seen[name] = str(state.st_mode)
            else:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                # git renews the time of an object that somebody would write again; its bytes never change.
                time_ns = 0 if name.startswith(".git/objects/") else state.st_mtime_ns
                seen[name] = f"{state.st_mode} {time_ns} {digest}"
        return seen


@dataclass
class Run:
    """One run's workspaces."""

    rooms: Workspaces
    folder: Path
    base: Base | None = None

    def take(self, how: str = "snapshot") -> Base:
        self.base = self.rooms.take_base(how)
        return self.base

    def open(self, task: Task | str = "a", attempt: int = 1, base: str = "") -> Place:
        if self.base is None:
            self.take()
        assert self.base is not None
        return self.rooms.open(a_task(task), attempt, base=base or self.base)

    def harvest(self, place: Place, task: Task | str = "a", attempt: int = 1) -> Changes:
        return self.rooms.harvest(a_task(task), attempt, place)

    def git(self, *arguments: str) -> str:
        return git_in(self.folder / "git", *arguments)


def a_task(task: Task | str) -> Task:
    return task if isinstance(task, Task) else Task(id=TaskId(task), description="Change something here", task="x")


def hows(changes: Changes) -> dict[str, str]:
    """The changed files and how."""
    return {change.path: change.how for change in changes.files}


def made_repository(tree: Path, home: Path) -> Site:
    """Make a git repository with one commit: `a.txt`, `src/b.py`, and `*.log` ignored."""
    a_repository(tree)
    return Site(tree=tree, home=home)


def a_repository(tree: Path) -> None:
    """Make that repository."""
    made = Site(tree=tree, home=tree)
    made.write("a.txt", "one\n")
    made.write("src/b.py", "b = 1\n")
    made.write(".gitignore", "*.log\n")
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "A Tester")
    made.git("config", "user.email", "tester@example.org")
    made.commit()
