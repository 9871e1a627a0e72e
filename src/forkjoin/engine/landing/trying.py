"""The gate: the user's command, run under a shim on a combination of changes in a clean workspace."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from forkjoin.agents import child_environ, depth_of
from forkjoin.backends import Exited, Job, LocalBackend, Signal, tail_bytes
from forkjoin.engine.attempts.ports import VARIABLE, free_port
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import NoRoom, listed
from forkjoin.model import Exit, GateRun, Process, Task, TaskId
from forkjoin.model.text import one_line
from forkjoin.workspaces.landing import checked_out, put_away
from forkjoin.workspaces.store import Store

_ATTEMPT = 1
_LAST = 4000  # bytes of the end of an output that are looked at for its last line
_LEAVE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class GateAsk:
    """The shell line, its deadline, what is carried, and whose changes it tries: what these set up, it needs."""

    command: str
    timeout_s: float
    carry: tuple[str, ...]
    tasks: tuple[Task, ...]

    def steps(self) -> Iterator[tuple[str, str, Task]]:
        """Yield what runs before it, where, and with whose limits: each line of set-up that differs, once."""
        seen = set()
        for name in ("setup_once", "setup"):
            for task in self.tasks:
                one = task if name == "setup" else replace(task, cwd="", setup=task.setup_once)  # run at the top
                if one.setup and (known := (name, one.setup, one.cwd, *sorted(one.env.items()))) not in seen:
                    seen.add(known)
                    yield name, one.setup, one


class Trying:
    """Runs the gate on commits, each in a workspace of its own that is gone afterwards; its output is kept."""

    def __init__(self, folder: RunFolder, store: Store, ask: GateAsk, *, say: Callable[[str], None]) -> None:
        self._folder, self._store, self._ask, self._say = folder, store, ask, say
        self._top = folder.path / "landing"

    def run(self, commit: str, tasks: tuple[TaskId, ...]) -> GateRun:
        """Return how the gate ended on a commit of the run's repository that has the changes of *tasks*.

        Raises NoRoom where it could not even be started, CannotHere where there is no workspace for it.
        """
        own = self._new_folder()
        self._say(f"gate: {one_line(self._ask.command, 60)} on {listed(tasks, 5) or 'what they start from'} ...")
        lfs = any(task.lfs for task in self._ask.tasks)
        place = checked_out(self._store, commit, home=self._folder.home, own=own, carry=self._ask.carry, lfs=lfs)
        try:
            said, seconds = self._tried(own, Path(place.cwd))
        finally:
            put_away(place)
            shutil.rmtree(own / "workspace", ignore_errors=True)
        self._say(f"gate: {f'failed: {said}' if said else 'passed'} ({seconds:.1f} s)")
        return GateRun(tasks=tasks, ok=not said, said=said, seconds=round(seconds, 3), output=str(own))

    def _tried(self, own: Path, cwd: Path) -> tuple[str, float]:
        """Run the set-ups and then the gate, up to the first that fails; return why it failed, and the seconds."""
        spent = 0.0
        environ = child_environ(os.environ, run=self._folder.run, task="gate", depth=depth_of(os.environ) + 1)
        environ = {**environ, VARIABLE: str(free_port(self._folder.home, own))}
        for number, (name, line, task) in enumerate(self._ask.steps(), 1):
            self._say(f"gate: {name}: {one_line(line, 60)} ...")
            step = Process(
                argv=("/bin/sh", "-c", line), cwd=str(cwd / task.cwd), env={**environ, **task.env},
                timeout=task.timeout, memory=task.memory, processes=task.processes, disk=task.disk,
            )  # fmt: skip
            why, seconds = self._run(own / f"setup-{number}", step)
            spent += seconds
            if why:
                return one_line(f"{name} failed: {why}", 200), spent
        argv = ("/bin/sh", "-c", self._ask.command)
        why, seconds = self._run(own, Process(argv=argv, cwd=str(cwd), env=environ, timeout=self._ask.timeout_s))
        return why, spent + seconds

    def _run(self, own: Path, process: Process) -> tuple[str, float]:
        """Return why it is no pass ("" = it is), and the seconds it took."""
        ended = asyncio.run(_run(self._top, own, process))
        passed = ended.how == "exited" and ended.code == 0
        return "" if passed else _said(ended, own), ended.wall_s

    def _new_folder(self) -> Path:
        self._top.mkdir(mode=0o700, exist_ok=True)
        number = 1
        while (self._top / f"gate-{number}").exists():
            number += 1
        own = self._top / f"gate-{number}"
        own.mkdir(mode=0o700)
        return own


async def _run(top: Path, own: Path, process: Process) -> Exit:
    """Run one program to its end; when that is cancelled (Ctrl-C), with all its processes."""
    ended: asyncio.Future[Exit | None] = asyncio.get_running_loop().create_future()

    def heard(signal: Signal) -> None:
        if isinstance(signal, Exited) and not ended.done():
            ended.set_result(signal.exit)

    task = TaskId("gate")
    backend = LocalBackend(run_folder=top, detached=False, tail=False)
    await backend.open(heard)
    try:
        backend.reserve(str(own))
        backend.start(Job(task=task, attempt=_ATTEMPT, invocation=process, folder=str(own)))
        try:
            exit_ = await asyncio.shield(ended)
        except asyncio.CancelledError:
            backend.stop(task, _ATTEMPT, how="kill", reason="landing was interrupted")
            await asyncio.wait([ended], timeout=_LEAVE_S)
            raise
    finally:
        await backend.close()
    if exit_ is None:
        raise NoRoom(f"the gate went without a record, see {own}; land again")
    return exit_


def _said(ended: Exit, own: Path) -> str:
    """Return in a line why it is no pass: its limit or exit code, and the last line of what it printed."""
    if ended.how == "timeout":
        how = f"not done after {ended.limit or ended.wall_s:g} s"
    elif ended.how != "exited":
        how = ended.error or ended.reason or ended.how
    else:
        how = f"exit code {ended.code}" if ended.code is not None else f"signal {ended.signal}"
    texts = (tail_bytes(own, stream, _LAST).decode("utf-8", "replace") for stream in ("stderr", "stdout"))
    last = next((lines[-1] for text in texts if (lines := text.strip().split("\n")) and lines[-1]), "")
    return one_line(f"{how}: {last}" if last else how, 200)
