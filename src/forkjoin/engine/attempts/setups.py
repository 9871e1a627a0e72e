"""What is done in a workspace before its task starts: the tree of `setup_once` copied into it, then `setup` run there.

Both commands are the user's and run under shims of their own, in folders below the attempt's: so they are bounded, are
ended with all their processes, and are adopted by the next owner, as any attempt is. In the loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, TypeVar

import msgspec

from forkjoin.backends import Backend, Exited, Job, Output, Spawned, began, locked, output_bytes
from forkjoin.engine.attempts.briefs import Given
from forkjoin.engine.attempts.settling import said
from forkjoin.engine.attempts.underway import Key
from forkjoin.engine.attempts.workers import Workers
from forkjoin.engine.attempts.workshop import Workshop
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import ForkjoinError
from forkjoin.failpoints import reached
from forkjoin.model import Exit, Failed, FailureKind, Outcome, Place, Process, Progress, Stopped, Task, TaskId, spoken

PHASES = ("once", "setup")  # the folders of set-ups below an attempt's own, in their order
_LINES = 50  # of a failed set-up, which become the answer of its task
_BYTES = 64 * 1024
Phase: TypeAlias = Literal["once", "setup"]
_T = TypeVar("_T")


class Processes(Backend, Protocol):
    """A backend whose attempts outlive their owner, and can be taken over by the next."""

    def abandon(self, job_folder: str) -> None:
        """Give a reserved attempt's lock back."""

    def halt(self, task: TaskId, attempt: int, *, on: bool) -> None:
        """Let its whole tree stand still, or go on."""

    def adopt(self, folder: str, task: TaskId, attempt: int) -> None:
        """Take over an attempt of an earlier owner; `Exited` follows in any case."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace that is to be made ready: for which attempt, what that gets, and the environment of commands."""

    task: Task
    attempt: int
    place: Place
    given: Given
    environ: Callable[[], Mapping[str, str]]  # asked for when a command starts: it takes a port

    @property
    def key(self) -> Key:
        """The attempt."""
        return (self.task.id, self.attempt)


def phase_of(own: Path) -> Phase | None:
    """Return the set-up that an attempt's folder shows to have begun last, and with nothing begun behind it."""
    if began(str(own)):
        return None
    return next((phase for phase in ("setup", "once") if began(f"{own}/{phase}")), None)


def setting_up(own: Path) -> bool:
    """Whether a set-up of the attempt of that folder lives."""
    return any(locked(f"{own}/{phase}") for phase in PHASES)


@dataclass(kw_only=True)
class Setups:
    """Runs them; each site comes back by `ready`, or by `failed` with its outcome and the last it said."""

    folder: RunFolder
    workshop: Workshop
    local: Processes
    workers: Workers
    post: Callable[[Callable[[], None]], object]
    stopping: Mapping[Key, str]  # who is to end, and why
    ready: Callable[[Site], None]
    failed: Callable[[Site, Outcome, str], None]

    def __post_init__(self) -> None:
        self._running: dict[Key, tuple[Site, Phase]] = {}
        self._waiting: dict[str, list[Site]] = {}  # by the tree: who waits while its command runs
        self._broken: dict[str, tuple[Outcome, str]] = {}  # trees whose command failed: it is not run for each task

    def begin(self, site: Site) -> None:
        """Make the workspace ready."""
        if site.task.setup_once:
            self._begin_once(site)
        else:
            self._begin_setup(site)

    def adopt(self, site: Site, phase: Phase) -> None:
        """Go on with a set-up that a former owner began."""
        self._running[site.key] = (site, phase)
        if phase == "once":
            self._waiting.setdefault(self._tree(site), [])
        self.local.adopt(str(self._own(site, phase)), site.task.id, site.attempt)

    def holds(self, key: Key) -> bool:
        """Whether the attempt's process is one of a set-up."""
        return key in self._running

    def heard(self, output: Output | Spawned) -> tuple[Progress, ...]:
        """Return what a set-up said, as a line of its task's progress."""
        if isinstance(output, Spawned):
            return ()
        site, phase = self._running[output.task, output.attempt]
        words = output.data.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        name = "setup_once" if phase == "once" else "setup"
        text = f"{name}: {words or (site.task.setup_once if phase == 'once' else site.task.setup)}"
        return (Progress(task=output.task, attempt=output.attempt, text=text),)

    def stop(self, key: Key, *, reason: str) -> None:
        """End the wait of one that waits for another's command; a process of its own is its backend's to end."""
        for waiting in self._waiting.values():
            for site in [site for site in waiting if site.key == key]:
                waiting.remove(site)
                self.failed(site, Stopped(reason=reason), "")

    def ended(self, exited: Exited) -> None:
        """Go on behind a set-up's process that has ended."""
        site, phase = self._running.pop((exited.task, exited.attempt))
        outcome = _outcome(exited.exit, "setup_once" if phase == "once" else "setup")
        last = "" if outcome is None else _last_lines(self._own(site, phase))
        if phase == "setup":
            if outcome is None:
                self._make_ready(site)
            else:
                self.failed(site, outcome, last)
            return
        reached("setup.once.ended")
        self._end_once(site, outcome, last)

    # -- setup_once

    def _begin_once(self, site: Site) -> None:
        tree = self._tree(site)
        if site.attempt > 1:  # somebody asked to try again
            self._broken.pop(tree, None)
        if tree in self._broken:
            self.failed(site, *self._broken[tree])
        elif tree in self._waiting:
            self._waiting[tree].append(site)
        else:
            self._waiting[tree] = []
            opened = partial(self._opened_once, site)
            self._in_thread(site, "once", lambda: self.workshop.open_once(site.task), opened)

    def _opened_once(self, site: Site, found: tuple[Place, bool]) -> None:
        place, filled = found
        if filled:
            self._end_once(site, None, "")
        else:
            self._start(site, "once", site.task.setup_once, cwd=place.cwd)

    def _end_once(self, site: Site, outcome: Outcome | None, last: str) -> None:
        if outcome is None:
            finish = partial(self.workshop.finish_once, site.task)
            self._in_thread(site, "once", finish, lambda _: self._fill(site))
            return
        waiting = self._waiting.pop(self._tree(site), [])
        if isinstance(outcome, Stopped):
            self.failed(site, outcome, last)
            for other in waiting:  # the first of them runs it again
                self._begin_once(other)
            return
        self._broken[self._tree(site)] = (outcome, last)
        for each in (site, *waiting):
            self.failed(each, outcome, last)

    def _fill(self, first: Site) -> None:
        for site in (first, *self._waiting.pop(self._tree(first), [])):
            fill = partial(self.workshop.fill, site.task, site.place)
            self._in_thread(site, "setup", fill, partial(self._filled, site))

    def _filled(self, site: Site, _: None) -> None:
        self._begin_setup(site)

    def _tree(self, site: Site) -> str:
        return f"{site.task.setup_once}\0{sorted(site.task.env.items())}"

    # -- setup

    def _begin_setup(self, site: Site) -> None:
        if site.task.setup:
            self._start(site, "setup", site.task.setup, cwd=site.place.cwd)
        else:
            self._make_ready(site)

    def _make_ready(self, site: Site) -> None:
        """Take note of how the workspace stands: what changes from here on is the agent's work."""
        task, place = site.task, site.place
        note = partial(self.workshop.ready, task, place)
        self._in_thread(site, "setup", note, lambda _: self.ready(site))

    def _start(self, site: Site, phase: Phase, command: str, *, cwd: str) -> None:
        own, task = self._own(site, phase), site.task
        if site.key in self.stopping:  # while its tree was opened or filled
            self._never(site, phase, Stopped(reason=self.stopping[site.key]))
            return
        try:
            environ = site.environ()
            self.local.reserve(str(own))
        except (ForkjoinError, OSError) as error:
            self._never(site, phase, Failed(kind="setup", reason=f"its set-up could not be started: {said(error)}"))
            return
        reached("setup.reserved")
        self._running[site.key] = (site, phase)
        process = Process(
            argv=("/bin/sh", "-c", f"exec 2>&1\n{command}"),
            cwd=cwd,
            env={**environ, **task.env},
            timeout=task.timeout,
            memory=task.memory,
            processes=task.processes,
            disk=task.disk,
        )
        self.local.start(Job(task=task.id, attempt=site.attempt, invocation=process, folder=str(own)))

    def _never(self, site: Site, phase: Phase, outcome: Outcome) -> None:
        if phase == "once":
            self._end_once(site, outcome, "")
        else:
            self.failed(site, outcome, "")

    def _own(self, site: Site, phase: Phase) -> Path:
        return self.folder.attempt(*site.key) / phase

    def _in_thread(self, site: Site, phase: Phase, work: Callable[[], _T], then: Callable[[_T], None]) -> None:
        """Do what blocks in a thread, then go on in the loop with what it gave."""

        def go() -> None:
            try:
                done = work()
            except Exception as error:
                kind: FailureKind = "workspace" if isinstance(error, OSError | ForkjoinError) else "setup"
                outcome = Failed(kind=kind, reason=f"its workspace could not be made ready: {said(error)}")
                self._posted(lambda: self._never(site, phase, outcome))
            else:
                self._posted(lambda: then(done))

        self.workers.submit(go)

    def _posted(self, what: Callable[[], None]) -> None:
        try:
            self.post(what)
        except RuntimeError:
            return  # the loop is closed: the next owner finds how far it came


def _outcome(ended: Exit | None, name: str) -> Outcome | None:
    """Return how a set-up's end ends its task, None where it went well."""
    if ended is None:
        return Failed(kind="setup", reason=f"{name}: its process went without leaving a record")
    if ended.how == "exited" and ended.code == 0:
        return None
    if ended.how == "stopped":
        return Stopped(reason=ended.reason or "stopped")
    if ended.how == "exited":
        how = f"exit code {ended.code}" if ended.code is not None else f"signal {ended.signal}"
    elif ended.how == "timeout":
        how = f"it took over {spoken(ended.limit or ended.wall_s)}"
    else:
        how = ended.error or ended.reason or ended.how
    return Failed(kind="setup", reason=f"{name} failed: {how}; its last lines are the task's answer")


def _last_lines(own: Path) -> str:
    text = output_bytes(own, "stdout", limit=_BYTES).decode("utf-8", "replace")
    return "\n".join(text.split("\n")[-_LINES - 1 :] if text.endswith("\n") else text.split("\n")[-_LINES:])
