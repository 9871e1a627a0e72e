"""Finding runs again: by their ids, or as the newest of a repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from forkjoin.engine.folder import find_run, run_folders
from forkjoin.engine.run import Run
from forkjoin.engine.settings import Settings
from forkjoin.errors import ForkjoinError, JournalDamaged, UnknownId
from forkjoin.model import RunId, RunView
from forkjoin.sources import repository_of

Unread: TypeAlias = Callable[[RunId, ForkjoinError], None]


def attach(name: str | None = None, *, settings: Settings, tree: Path | None = None) -> Run:
    """Return the run of that id (or unique part of it); without one the latest of *tree*'s repository.

    Raises UnknownId that lists the known.
    """
    home = Path(settings.home)
    if name is not None:
        return Run(find_run(home, name.partition("/")[0]))
    latest = next((run for run in _of_repository(home, tree) if not run.planned.options.resolves), None)
    if latest is None:
        raise UnknownId("run", "latest", [], hint="start one: forkjoin run -a shell -t 'pytest -q'")
    return latest


def runs(
    settings: Settings, *, tree: Path | None = None, limit: int | None = None, unread: Unread | None = None
) -> list[RunView]:
    """Return the runs of *tree*'s repository (None: all), newest first.

    *unread* is told of each that cannot be read, of whatever repository it is; one that was removed meanwhile is none.
    """
    found: list[RunView] = []
    if limit is not None and limit < 1:
        return found
    for run in _of_repository(Path(settings.home), tree, unread):
        with run:
            try:
                found.append(run.view())
            except JournalDamaged as error:
                _tell(unread, run.id, run.folder, error)
        if limit is not None and len(found) >= limit:
            break
    return found


def _of_repository(home: Path, tree: Path | None, unread: Unread | None = None) -> Iterator[Run]:
    wanted = None if tree is None else _repository(tree)
    for folder in run_folders(home):
        try:
            run = Run(folder)
        except ForkjoinError as error:
            _tell(unread, folder.run, folder.path, error)
            continue
        if wanted is None or run.planned.repository == wanted:
            yield run
        else:
            run.close()


def _tell(unread: Unread | None, run: RunId, folder: Path, error: ForkjoinError) -> None:
    if unread is not None and folder.exists():
        unread(run, error)


def _repository(tree: Path) -> str:
    found = repository_of(tree)
    return found.common_dir if found else str((tree if tree.is_dir() else tree.parent).resolve())
