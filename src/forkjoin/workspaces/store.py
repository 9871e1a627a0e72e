"""The run's own bare repository: what workspaces start from and what was harvested, beside the user's object store.

It is made by hand, file by file: no template, no hook, no process. Its objects lead on to the user's by `alternates`,
so the user's repository gets no object of ours. Inside workspaces no conversion ever happens (no line endings, no
filters, no keywords): a file holds the bytes of its blob when the agent starts, and what it holds then is harvested.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from forkjoin.failpoints import reached
from forkjoin.model import SKIPPED_FOLDERS, GitTree, RunId, Tree
from forkjoin.private import make_folder
from forkjoin.workspaces.contents import LARGEST
from forkjoin.workspaces.durable import Names, flush, flush_tree
from forkjoin.workspaces.git import Git, of_user, private

RAW: Final = "* -text -filter -ident -working-tree-encoding\n"
INCLUDE: Final = ".worktreeinclude"  # what is carried into every workspace, one pattern a line
NOBODY: Final = {"user.name": "forkjoin", "user.email": "forkjoin@localhost"}
_CARRIED: Final = (
    r"^(user\.(name|email)|core\.(autocrlf|eol|symlinks|filemode|ignorecase|precomposeunicode|excludesfile))$"
)
Settings = Mapping[str, str]


@dataclass
class Store:
    """Where the run's repository lies, and what it leads on to."""

    run: RunId
    path: Path
    tree: Tree

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._settings: dict[str, str] | None = None
        self._tags: bytes | None = None
        self._format: dict[str, str] | None = None
        self._modules: dict[str, frozenset[bytes]] = {}
        self.names = Names(self.path)

    @property
    def objects(self) -> Path:
        """Its object store."""
        return self.path / "objects"

    @property
    def top(self) -> Path:
        """What a workspace is made of: the whole repository, or outside git the tree."""
        return Path(self.tree.git.top if self.tree.git else self.tree.root)

    @property
    def beside(self) -> bytes:
        """How paths of the state folder that this repository lies in begin, seen from `top`; b"" where it lies outside.

        An agent's tree must not hold the journals of runs, and each run's base all that was kept of those before it.
        """
        home, top = self.path.parents[2], self.top.resolve()
        if home == top or not home.is_relative_to(top):
            return b""
        return os.fsencode(home.relative_to(top)) + b"/"

    @property
    def shallow(self) -> bytes:
        """The commits at which the user's history was cut off, b"" where it is whole."""
        with suppress(OSError):
            if self.tree.git:
                return (Path(self.tree.git.common_dir) / "shallow").read_bytes()
        return b""

    def ref(self, *names: str) -> str:
        """Return the name of a ref of this run."""
        return "/".join(("refs/forkjoin", self.run, *names))

    def git(self, *, tree: Path | None = None, index: Path | None = None) -> Git:
        """Return git on this repository, made first where it is not there yet."""
        with self._lock:
            if not (self.path / "HEAD").exists():
                self._make()
        return private(self.path, tree=tree, index=index)

    def settings(self) -> Settings:
        """Return the user's own settings that count here; read once."""
        with self._lock:
            return self._read_settings()

    def identity(self) -> bytes:
        """Return the user's name and address as commits have them."""
        user = self.settings()
        name, mail = (re.sub(r"[<>\0\n]", "", user[key]).strip() for key in NOBODY)
        return f"{name} <{mail}>".encode("utf-8", "replace")

    def tags(self) -> bytes:
        """Return the user's tags as lines of `packed-refs`; read once."""
        with self._lock:
            if self._tags is None:
                names = "--format=%(objectname) %(refname)"
                self._tags = of_user(self.top).out("for-each-ref", names, "refs/tags") if self.tree.git else b""
            return self._tags

    def modules(self, commit: str) -> frozenset[bytes]:
        """Return the submodules of a commit, from the top; read once a commit."""
        if commit not in self._modules:
            rows = self.git().out("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
            self._modules[commit] = frozenset(row.partition(b"\t")[2] for row in rows if row.startswith(b"160000 "))
        return self._modules[commit]

    def object_format(self) -> dict[str, str]:
        """Return the setting of a repository that does not name its objects by SHA-1; asked once."""
        if self._format is None:
            self._format = _object_format(self.tree.git)
        return self._format

    def alternates(self) -> tuple[Path, ...]:
        """Return the object stores behind this one."""
        return (Path(self.tree.git.common_dir) / "objects",) if self.tree.git else ()

    def _make(self) -> None:
        user = self._read_settings()
        settings = {
            "core.bare": "true",
            "core.autocrlf": "false",
            "core.attributesFile": os.devnull,
            "core.compression": "1",
            "core.bigFileThreshold": str(LARGEST),  # such files are streamed, and never looked through for lines
            # A record that names a commit is committed right after: a power cut must not take what it names.
            "core.fsync": "all",
            **_of_file_system(self.path.parent),
            **{name: user[name] for name in ("user.name", "user.email", "core.excludesfile") if name in user},
            **self.object_format(),
        }
        if self.shallow:
            make_folder(self.path)
            (self.path / "shallow").write_bytes(self.shallow)
        make_repository(self.path, settings, attributes=RAW, exclude=self.exclude(), alternates=self.alternates())
        flush_tree(self.path)
        flush([self.path.parent])

    def exclude(self) -> str:
        """Return what is ignored beside `.gitignore`: the user's `info/exclude`, or outside git what is skipped."""
        if self.tree.git is None:
            return "".join(f"{name}/\n" for name in SKIPPED_FOLDERS)
        with suppress(OSError):
            return (Path(self.tree.git.common_dir) / "info" / "exclude").read_text("utf-8", "surrogateescape")
        return ""

    def _read_settings(self) -> dict[str, str]:
        if self._settings is None:
            said = of_user(self.top).run("config", "-z", "--get-regexp", _CARRIED)
            pairs = (item.partition("\n") for item in said.out.decode("utf-8", "replace").split("\0") if item)
            self._settings = NOBODY | {name: value for name, _, value in pairs if value}
            for name, variable in (("user.name", "GIT_AUTHOR_NAME"), ("user.email", "GIT_AUTHOR_EMAIL")):
                if given := os.environ.get(variable):
                    self._settings[name] = given
            if path := self._settings.get("core.excludesfile"):
                self._settings["core.excludesfile"] = str(Path(path).expanduser())
        return self._settings


def make_repository(
    path: Path, settings: Settings, *, attributes: str = "", exclude: str = "", alternates: tuple[Path, ...] = ()
) -> None:
    """Write an empty repository without a hook; its HEAD comes last and says that it is whole."""
    for folder in ("objects/info", "objects/pack", "refs/heads", "info"):
        make_folder(path / folder)
    (path / "config").write_text(config_text(settings), encoding="utf-8")
    (path / "info" / "attributes").write_text(attributes, encoding="utf-8")
    (path / "info" / "exclude").write_text(exclude, encoding="utf-8", errors="surrogateescape")
    if alternates:
        (path / "objects" / "info" / "alternates").write_bytes(b"".join(map(_alternate, alternates)))
    reached("repository.before.head")
    new = path / "HEAD.new"
    new.write_text("ref: refs/heads/main\n", encoding="utf-8")
    new.replace(path / "HEAD")


def config_text(settings: Settings) -> str:
    """Return settings as git reads them, every value quoted."""
    version = "1" if any(name.startswith("extensions.") for name in settings) else "0"
    lines = []
    for name, value in {"core.repositoryformatversion": version, **settings}.items():
        section, _, key = name.partition(".")
        quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        lines.append(f'[{section}]\n\t{key} = "{quoted}"\n')
    return "".join(lines)


def _object_format(git: GitTree | None) -> dict[str, str]:
    if git is None:
        return {}
    name = of_user(Path(git.top)).line("rev-parse", "--show-object-format")
    return {} if name == "sha1" else {"extensions.objectformat": name}


def remove_repository(path: Path) -> None:
    """Remove a repository of ours that is no longer needed."""
    shutil.rmtree(path, ignore_errors=True)


def _of_file_system(folder: Path) -> dict[str, str]:
    """Return how the file system of our own folders treats names."""
    other = folder.with_name(folder.name.swapcase())
    folds = other != folder and other.exists() and other.samefile(folder)
    return {
        "core.ignorecase": str(folds).lower(),
        "core.precomposeunicode": str(sys.platform == "darwin").lower(),
    }


def _alternate(path: Path) -> bytes:
    raw = os.fsencode(path)
    if raw[:1] in b'"#' or b"\n" in raw:
        raw = b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
    return raw + b"\n"
