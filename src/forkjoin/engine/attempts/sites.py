"""What an attempt is given where it works: its brief, its environment, its folders, its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forkjoin.agents import Site, child_environ, depth_of
from forkjoin.engine.attempts.briefs import Briefs, Given
from forkjoin.engine.attempts.ports import VARIABLE, free_port
from forkjoin.engine.folder import RunFolder
from forkjoin.failpoints import reached
from forkjoin.model import Base, Place, Planned, Task
from forkjoin.private import write_file
from forkjoin.sources import read_tree, seen_from

# Of a call in this process, which is given nothing.
NO_SITE = Site(place=Place(kind="shared", root="", cwd="", level="none"), brief="", scratch="", environ={})


class Sites:
    """Makes them for the attempts of one run."""

    def __init__(self, folder: RunFolder, planned: Planned, environ: Mapping[str, str]) -> None:
        self._folder, self._planned, self._environ = folder, planned, environ
        self._briefs = Briefs(planned)
        self._files_in: dict[str, tuple[str, ...]] = {}

    def shared(self, task: Task) -> Place:
        """Return the user's own tree, as the place of a task that writes nothing."""
        root = self._planned.tree
        return Place(kind="shared", root=root, cwd=str(Path(root, task.cwd)), level="none")

    def site(self, task: Task, attempt: int, place: Place, given: Given, *, base: Base | None) -> Site:
        """Return the site of an attempt that works in *place*; its brief is written then."""
        folder = self._folder.attempt(task.id, attempt)
        scratch = folder / "scratch"
        scratch.mkdir(mode=0o700, exist_ok=True)
        brief = folder / "brief.md"
        text = self._briefs.of(task, place, given, base=base)
        write_file(brief, text.encode("utf-8", "replace"))
        reached("attempt.briefed")
        return Site(
            place=place,
            brief=str(brief),
            scratch=str(scratch),
            environ=self.environ(task, attempt),
            home=str(folder.parent),
            session=given.goes_on.session if given.goes_on is not None else "",
            files=self._files(task),
            attempt=attempt,
        )

    def environ(self, task: Task, attempt: int) -> dict[str, str]:
        """Return the environment of an attempt's programs, with a port that nobody else was given."""
        own = child_environ(self._environ, run=self._planned.run, task=task.id, depth=depth_of(self._environ) + 1)
        return own | {VARIABLE: str(free_port(self._folder.home, self._folder.attempt(task.id, attempt)))}

    def _files(self, task: Task) -> tuple[str, ...]:
        """The files of the part an analyser looks at; each part is read once."""
        if task.agent_name != "static" or self._planned.options.replay is not None:
            return ()
        root = Path(self._planned.tree)
        part = task.reads[0] if task.reads and len(task.reads) == 1 and (root / task.reads[0]).exists() else "."
        if part not in self._files_in:
            self._files_in[part] = seen_from(read_tree(root / part), root).files
        return self._files_in[part]
