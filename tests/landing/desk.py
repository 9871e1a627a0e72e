"""A user's repository, runs made on it, and what landing them did to it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forkjoin
from forkjoin import Plan, Task
from forkjoin.engine import LandAsk, Run

PYTHON = sys.executable


@dataclass
class Desk:
    """Where a user sits: the top of their repository."""

    tree: Path

    def git(self, *words: str, code: int | None = 0) -> str:
        done = subprocess.run(("git", "-C", str(self.tree), *words), capture_output=True, text=True, check=False)
        assert code is None or done.returncode == code, done.stderr
        return done.stdout

    def write(self, name: str, text: str) -> None:
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, message: str = "More") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def run(self, *tasks: Task, gate: str = "", goal: str = "") -> Run:
        forkjoin.run(Plan(tasks=tasks, gate=gate, goal=goal), tree=self.tree)
        return forkjoin.attach(tree=self.tree)

    def show(self, name: str, path: str) -> str:
        return self.git("show", f"{name}:{path}")

    def subjects(self, name: str, since: str = "main") -> list[str]:
        """The commits of a branch that *since* does not have, the oldest first."""
        return self.git("log", "--reverse", "--format=%s", f"{since}..{name}").splitlines()

    def fingerprint(self) -> dict[str, str]:
        """HEAD, index, status, stash, config, hooks, refs but ours, and the bytes of all files."""
        seen = {}
        for path in sorted(self.tree.rglob("*")):
            name = path.relative_to(self.tree).as_posix()
            if name.startswith((".git/objects", ".git/refs", ".git/logs/refs/heads/forkjoin")) or path.is_dir():
                continue
            state = path.lstat()
            raw = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
            seen[name] = f"{state.st_mode:o} {hashlib.sha256(raw).hexdigest()}"
        for words in (("status", "--porcelain"), ("stash", "list"), ("config", "--list"), ("worktree", "list")):
            seen[" ".join(words)] = self.git("--no-optional-locks", *words)
        for ref in self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines():
            if "forkjoin/" not in ref:
                seen[ref] = ""
        seen["HEAD"] = self.git("rev-parse", "HEAD", code=None)
        return seen


def shell(name: str, line: str, **more: Any) -> Task:
    return Task(id=name, description=more.pop("description", f"Do {name}"), shell=line, **more)


def branch_of(run: Run) -> str:
    return f"forkjoin/{run.id}"


def left(made: Any) -> dict[str, str]:
    return {str(one.task): one.kind for one in made.left_out}


def landed(made: Any) -> list[str]:
    return [str(one.task) for one in made.landed]


__all__ = ["PYTHON", "Desk", "LandAsk", "branch_of", "landed", "left", "shell"]
