"""A bundle as a run that can be read: unpacked into a folder of its own, which goes when nobody reads it any more."""

from __future__ import annotations

import shlex
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

import msgspec

from forkjoin.engine.bundles.unpacking import unpacked
from forkjoin.engine.folder import RunFolder
from forkjoin.engine.records.kept import KeptRun
from forkjoin.errors import BadBundle, CannotHere, ForkjoinError, NoRoom
from forkjoin.model import ENDED, RunView, Text


def opened(path: Path) -> BundledRun:
    """Return the run in a bundle; raise BadBundle where it is none, or holds what no bundle has.

    Raises CannotHere where this Python cannot unpack it.
    """
    home = Path(tempfile.mkdtemp(prefix="forkjoin-bundle-"))
    try:
        return BundledRun(path, RunFolder(home=home, run=unpacked(path, home / "runs")))
    except BaseException as error:
        shutil.rmtree(home, ignore_errors=True)
        if isinstance(error, (BadBundle, CannotHere)) or not isinstance(error, ForkjoinError):
            raise
        raise BadBundle(path, f"holds no run that can be read ({error})") from error


class BundledRun(KeptRun):
    """A run out of a bundle: all of it can be read, and nothing of it can be done.

    So it is no `Run`: nothing of it runs, its commits are where it ran, and its commands and folders are a stranger's.
    """

    def __init__(self, bundle: Path, folder: RunFolder) -> None:
        super().__init__(folder)
        self.bundle = bundle
        self._gone = weakref.finalize(self, shutil.rmtree, folder.home, ignore_errors=True)

    def close(self) -> None:
        """Let go of the journal, and of all that was unpacked."""
        super().close()
        self._gone()

    @property
    def called(self) -> str:
        """The bundle's file: the run itself is not among those of this machine."""
        return shlex.quote(str(self.bundle))

    @property
    def kept_in(self) -> str:
        """The bundle's file."""
        return str(self.bundle)

    def view(self) -> RunView:
        """Return the run as it stood; no line is looked up in a tree that a stranger names."""
        view = super().view()
        return view if view.lines is not None else msgspec.structs.replace(view, lines=Text(inline="{}", length=2))

    def wait(self, *, timeout: float | None = None, tasks: Sequence[str] = ()) -> RunView:
        """Return the run as it stood; raise NoRoom where it (or a named task) had not ended then."""
        wanted = {task.id for task in self._named(tasks)}
        view = self.view()
        if all(task.state in ENDED for task in view.tasks if not wanted or task.id in wanted):
            return view
        raise NoRoom(f"run {self.id} had not ended when {self.bundle} was made")
