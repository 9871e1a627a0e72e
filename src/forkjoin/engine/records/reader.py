"""A run as its readers hold it: everything comes from the journal and the run's folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Self

from msgspec.structs import replace

from forkjoin.engine.folder import RunFolder, halted, owned, owner_pid
from forkjoin.errors import JournalDamaged, UnknownId
from forkjoin.journal import Fold, SqliteJournal, todo
from forkjoin.model import (
    ENDED,
    MIB,
    OUTPUT_CAP,
    Account,
    Planned,
    Recorded,
    Report,
    RunId,
    RunResult,
    RunView,
    Spent,
    TaskId,
    TaskView,
    Text,
    Todo,
    to_builtins,
)

# Methods load what they alone need: most calls of the command line ask how a run stands, and no more.
if TYPE_CHECKING:
    from forkjoin.backends import StreamName
    from forkjoin.engine.records.joining import JoinedAt
    from forkjoin.engine.records.left import Left
    from forkjoin.engine.records.parts import Part
    from forkjoin.engine.records.results import ResultParts

LOOK_S = 0.05
_FOLLOW_S = 0.2


class RunReader:
    """What can be read of a run, from any process and thread, at any time, after its end too.

    It holds the journal open until `close`, the end of a `with` block, or until it is forgotten. Methods raise
    UnknownId for tasks that are not in the run.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._guard = Lock()  # one journal connection, callers in several threads
        self._journal = SqliteJournal.open(folder.journal, readonly=True)
        self._fold, self._seq = Fold(), 0
        self._view: RunView | None = None
        self._kept: list[Recorded] | None = None  # what was read so far, for who is about to drive the run
        self._joined: JoinedAt | None = None
        self._report: tuple[RunView, Report] | None = None  # the last one, and of what it is
        try:
            self.planned = self._first()
        except BaseException:
            self._journal.close()
            raise

    def __enter__(self) -> Self:
        """Read, and close at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the journal."""
        self.close()

    def __del__(self) -> None:
        """Let go of the journal where nobody did."""
        with suppress(AttributeError):  # it was never opened
            self._journal.close()

    def close(self) -> None:
        """Let go of the journal; the run itself goes on. Idempotent."""
        with self._guard:
            self._journal.close()

    @property
    def id(self) -> RunId:
        """The run's id."""
        return self._folder.run

    @property
    def called(self) -> str:
        """What the run is called on a command line."""
        return self.id

    @property
    def kept_in(self) -> str:
        """Where all of it lies, for people."""
        return str(self.folder)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self._folder.path

    @property
    def tasks(self) -> tuple[TaskId, ...]:
        """The ids of its tasks, in the order they were asked."""
        return tuple(task.id for task in self.planned.plan.tasks)

    # -- reading

    def view(self) -> RunView:
        """Return the run as it stands in the journal now."""
        with self._guard:
            for recorded in self._journal.read(self._seq):
                self._fold.apply(recorded)
                self._seq, self._view = recorded.seq, None
                if self._kept is not None:
                    self._kept.append(recorded)
            if self._view is None:
                self._view = self._fold.view()
            return self._view

    def owned(self) -> bool:
        """Return whether a living process owns the run."""
        return owned(self._folder)

    def owner(self) -> int | None:
        """Return the pid of the living process that owns the run, as it signed itself; None where none does."""
        return owner_pid(self._folder)

    def halted(self) -> str:
        """Return what to do about an owner that stands still; "" where the run has none that does."""
        return halted(self._folder)

    def left(self) -> Left:
        """Return what an owner who takes the run now finds."""
        from forkjoin.engine.records.left import left_of

        return left_of(self._folder, self.view())

    def events(self, since: int = 0) -> list[Recorded]:
        """Return the committed events after *since*."""
        with self._guard:
            return list(self._journal.read(since))

    def follow(self, since: int = 0, *, alone: Callable[[], None] | None = None) -> Iterator[Recorded]:
        """Yield the events after *since* as they are committed, each once and in order, until the run is over.

        Whoever takes the run up again after a crash goes on in the same journal, so a follower needs no more than the
        last number it has seen. *alone* is called when a run that is not over turns out to have no owner.
        """
        said = False
        while True:
            owned = self.owned()
            events = self.events(since)
            yield from events
            since = events[-1].seq if events else since
            if events:
                continue
            if not owned and self.view().ended is not None:
                return
            if not owned and not said and alone is not None:
                alone()
            said = not owned
            time.sleep(LOOK_S)

    def task(self, name: str) -> TaskView:
        """Return the task of that id or number; raise UnknownId listing the known."""
        return self._named([name])[0]

    def log(self, task: str, *, stream: StreamName = "stdout", limit: int = MIB) -> str:
        """Return the end of what the task's program printed, at most *limit* bytes, as text."""
        from forkjoin.backends import tail_bytes

        folder = self._attempt_folder(self.task(task))
        return tail_bytes(folder, stream, limit).decode("utf-8", "replace")

    def window(self, task: str, stream: StreamName, *, start: int, size: int) -> tuple[bytes, int]:
        """Return *size* bytes from *start* on of what is kept of a stream, and the length of all of that.

        Where bytes are missing a line says how many. Nothing but these bytes is read.
        """
        from forkjoin.backends import window_bytes

        return window_bytes(self._attempt_folder(self.task(task)), stream, start=start, size=size)

    def follow_output(self, task: str, stream: StreamName, *, behind: int) -> Iterator[bytes]:
        """Yield the last *behind* bytes of a stream, and what comes then, until the task has ended or nobody drives it.

        At most 256 KiB at a time; whoever falls more than 1 MiB behind is taken to the end.
        """
        from forkjoin.backends import Tail

        tail = Tail(folder=str(self._attempt_folder(self.task(task))), cap=OUTPUT_CAP, stream=stream)
        tail.measure()
        tail.offset = max(0, tail.total - behind)
        while True:
            over = self.task(task).state in ENDED or not self.owned()
            while data := tail.read():
                yield data
            if over:
                return
            time.sleep(_FOLLOW_S)

    def brief(self, task: str) -> str:
        """Return the brief the task was given; "" where it had none."""
        with suppress(OSError):
            return (self._attempt_folder(self.task(task)) / "brief.md").read_text(encoding="utf-8")
        return ""

    def diff(self, task: str, *, start: int = 0, size: int = -1) -> bytes:
        """Return what the task changed, as a patch: *size* bytes of it from *start* on (-1: all); b"" where nothing."""
        patch = self.task(task).changes.patch
        if not patch:
            return b""
        with (self.folder / patch).open("rb") as file:
            file.seek(start)
            return file.read(size)

    def content(self, text: Text) -> str:
        """Return what a text of one of its events says."""
        with self._guard:
            return self._journal.content(text)

    def todo(self) -> tuple[Todo, ...]:
        """Return the list a person watches, with what a caller put on it by `jot`."""
        from forkjoin.engine.records.jotting import jotted, with_jotted

        return with_jotted(todo(self.view()), jotted(self.folder))

    def account(self) -> Account:
        """Return where the time went, so far."""
        from forkjoin.engine.records.joining import account_of

        return account_of(self.view())

    def report(self, *, whole: bool = False) -> Report:
        """Return the joined result, as it stands; *whole*: with what the run's scope leaves out, too."""
        from forkjoin.engine.records.joining import again, report_of

        view = self.view()
        with self._guard:
            if whole:
                return report_of(view, self.planned, self._journal.content, whole=True)
            if self._report is None or self._report[0] is not view or view.ended is None:
                made = again(self._joined, view) if self._joined is not None else None
                self._report = view, made or report_of(view, self.planned, self._journal.content)
            return self._report[1]

    def report_json(self, *, most: int | None = None, whole: bool = False) -> dict[str, Any]:
        """Return the report for programs, with at most *most* findings (None: all); the rest is counted in it."""
        from forkjoin.synthesis import limited, render_json

        return render_json(limited(self.report(whole=whole), most))

    def summary_lines(self, width: int = 80) -> list[str]:
        """Return the end of a run, worst first, in lines of at most *width* columns (0: nothing is cut)."""
        from forkjoin.synthesis import summary_lines

        return summary_lines(self.report(), width=width)

    def severity_count(self, severity: str) -> int:
        """Return how many findings are at or above *severity*."""
        from forkjoin.synthesis import at_or_above

        return at_or_above(self.report(), severity)

    def result(self) -> RunResult:
        """Return the results in the order asked, as attributes."""
        from forkjoin.engine.records.results import run_result

        view = self.view()
        with self._guard:
            return run_result(view, self._journal.content)

    def spent(self) -> Spent:
        """Return what its tasks have spent so far."""
        from forkjoin.accounting import spent_by

        return spent_by(self.view())

    def result_parts(self, *, only: str = "") -> ResultParts:
        """Return the results as `run --json` prints them, of all tasks or *only* that one, each read when it is taken.

        Of a review with a scope they tell what its report leaves out, too.
        """
        from forkjoin.engine.records.results import result_parts

        scope = self.planned.scope
        narrowing = self.report().narrowing if scope.since is not None or scope.baseline is not None else None
        told = {"narrowing": to_builtins(narrowing)} if narrowing is not None else {}
        parts = result_parts(self.view(), self._content, only=only)
        return replace(parts, after={**parts.after, **told})

    # -- helpers

    def _content(self, text: Text) -> str:
        with self._guard:
            return self._journal.content(text)

    def _named(self, names: Sequence[str]) -> list[TaskView]:
        """Return the tasks of these ids or numbers, as they stand now."""
        view = self.view()
        by_name = {str(task.number): task for task in view.tasks} | {str(task.id): task for task in view.tasks}
        found = [by_name.get(name.removeprefix(f"{self.id}/")) for name in names]
        for name, task in zip(names, found, strict=True):
            if task is None:
                known = [f"{task.id} ({task.task.description})" for task in view.tasks]
                raise UnknownId("task", name, known, hint=f"this is run {self.id}")
        return [task for task in found if task is not None]

    def _first(self) -> Planned:
        first = next(iter(self._journal.read()), None)
        if first is None or not isinstance(first.event, Planned):
            raise JournalDamaged(f"{self._folder.journal} does not begin with a plan; remove the run: {self.folder}")
        return first.event

    def _part(self, task: TaskView, mode: Literal["answer", "tail", "full"], *, offset: int, most: int) -> Part:
        from forkjoin.engine.records.parts import part_of_output, part_of_text

        tail = mode == "tail"
        if mode == "answer" or task.task.function:
            with self._guard:
                text = self._journal.content(task.answer)
            return part_of_text(text, tail=tail, offset=offset, most=most)
        return part_of_output(self._attempt_folder(task), tail=tail, offset=offset, most=most)

    def _attempt_folder(self, task: TaskView) -> Path:
        return self._folder.attempt(task.id, max(1, task.attempt))
