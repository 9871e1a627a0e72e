"""The perspectives that hold for a tree: the project's and the user's own, and those of this version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from forkjoin.agents import cards
from forkjoin.errors import PlanError, UnknownId
from forkjoin.model import Task
from forkjoin.model.text import one_line
from forkjoin.planning import perspective_from_text
from forkjoin.prompts import PERSPECTIVES

BUILT_IN = "built in"


class KnownPerspective(msgspec.Struct, frozen=True, kw_only=True):
    """A perspective that plans and `review -p` may name; `origin` is its file, or `built in`."""

    name: str
    description: str
    origin: str


def known_perspectives(tree: Path) -> tuple[KnownPerspective, ...]:
    """Return the perspectives that hold for *tree*, ours first; raise PlanError for a file that is wrong."""
    return Perspectives(tree).known()


def refuse_unanalysed(names: Sequence[str], tree: Path) -> None:
    """Raise what is wrong with the first of *names* that no analyser looks from: UnknownId, or PlanError."""
    analysed = {one for card in cards() for one in card.perspectives}
    for name in names:
        if name not in analysed:
            Perspectives(tree).look(name)  # an unknown name is told those that are known
            raise PlanError(f"no analyser looks from {name!r}", where="-p", next_step="name who does: -a AGENT")


class Perspectives:
    """Finds perspectives by name: `.forkjoin/perspectives/NAME.md` of the project, then of the user, then ours."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree

    @cached_property
    def _files(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for folder in _folders(self._tree):
            for path in sorted(folder.glob("*.md")):
                files.setdefault(path.stem, path)
        return files

    def look(self, name: str) -> Task:
        """Return what a perspective says; raise UnknownId that lists the known, PlanError for a file that is wrong."""
        if name in self._files:
            return _from_file(name, self._files[name])
        if name not in PERSPECTIVES:
            raise UnknownId("perspective", name, self.names(), hint=f"or write {_NEAREST}/{one_line(name, 40)}.md")
        known = PERSPECTIVES[name]
        return Task(role=known.role, focus=known.focus, task=known.task)

    def names(self) -> list[str]:
        """Return the names of all: ours in their order, then those of files."""
        return [*PERSPECTIVES, *sorted(self._files.keys() - PERSPECTIVES.keys())]

    def known(self) -> tuple[KnownPerspective, ...]:
        """Return all perspectives; raise PlanError for a file that is wrong."""
        return tuple(self._known(name) for name in self.names())

    def _known(self, name: str) -> KnownPerspective:
        if name not in self._files:
            return KnownPerspective(name=name, description=PERSPECTIVES[name].description, origin=BUILT_IN)
        look = _from_file(name, self._files[name])
        said = look.description or one_line(look.task, 60)
        return KnownPerspective(name=name, description=said, origin=str(self._files[name]))


_NEAREST = ".forkjoin/perspectives"


def _folders(tree: Path) -> Iterator[Path]:
    """The folders that perspectives are looked for in: from the tree up to its repository's top, then the user's."""
    top = tree.absolute()
    for folder in (top, *top.parents):
        yield folder / _NEAREST
        if (folder / ".git").exists():
            break
    import platformdirs

    yield Path(platformdirs.user_config_dir("forkjoin")) / "perspectives"


def _from_file(name: str, path: Path) -> Task:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlanError(f"cannot be read: {error.strerror}", where=str(path)) from error
    return perspective_from_text(data, where=str(path), name=name)
