"""The port of an analyser: how its program is started on a tree, and what its output says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from forkjoin.model import Claimed


class BadOutput(Exception):
    """The program's output is not what it promises: never taken for "no findings"."""

    def __init__(self, line: str, why: str) -> None:
        shown = line if len(line) <= 200 else line[:199] + "…"
        super().__init__(f"{why}: {shown!r}" if shown else why)
        self.line, self.why = line, why


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is looked at.

    `root` is the tree (absolute), the program's working folder; `files` are the files to look at (relative POSIX paths,
    virtual environments and the like left out); `targets` are the paths that stand for them on a command line; `whole`
    says that they are the whole tree; `excludes` are folders inside the tree to leave out; `scratch` is a private
    folder outside it; `configs` are the files a configuration may stand in.
    """

    root: str
    scratch: str
    files: tuple[str, ...] = ()
    targets: tuple[str, ...] = (".",)
    whole: bool = True
    excludes: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A command line, what it adds to the environment, and the file it gets as stdin ("" = nothing)."""

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    stdin: str = ""


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What the output says: findings, and in words what was not looked at."""

    findings: tuple[Claimed, ...] = ()
    notes: tuple[str, ...] = ()


class Anywhere:
    """What most analysers say: they apply wherever their languages are, by whichever program is on the machine."""

    def applies(self, root: str, files: Sequence[str]) -> bool:
        """Say yes."""
        del root, files
        return True

    def program_in(self, root: str, files: Sequence[str]) -> str:
        """Return none."""
        del root, files
        return ""


class Analyser(Protocol):
    """One analyser; it starts nothing itself. `suffixes` empty = any file; `ok_exit` are its clean exit codes."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def perspectives(self) -> tuple[str, ...]: ...
    @property
    def languages(self) -> tuple[str, ...]: ...
    @property
    def suffixes(self) -> tuple[str, ...]: ...
    @property
    def program(self) -> str: ...
    @property
    def ok_exit(self) -> tuple[int, ...]: ...

    def applies(self, root: str, files: Sequence[str]) -> bool:
        """Whether it has anything to do in that tree beside files in its languages: its configuration, its data."""

    def program_in(self, root: str, files: Sequence[str]) -> str:
        """Return the program that the project itself brings, "" for whichever is on the machine."""

    def launch(self, program: tuple[str, ...], look: Look) -> Launch:
        """Return how to start it; may write files into `look.scratch`, nowhere else."""

    def parse(self, stdout: bytes, stderr: bytes, root: str) -> Parsed:
        """Return what it found, paths relative to *root*; raise BadOutput."""
