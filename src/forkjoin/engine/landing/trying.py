"""The gate: the user's command, run under a shim on a combination of changes in a clean workspace."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from forkjoin.agents import child_environ, depth_of
from forkjoin.backends import Exited, Job, LocalBackend, Signal, tail_bytes
from forkjoin.engine.folder import RunFolder
from forkjoin.errors import NoRoom, listed
from forkjoin.model import Exit, GateRun, Process, TaskId
from forkjoin.model.text import one_line
from forkjoin.workspaces.landing import checked_out, put_away
from forkjoin.workspaces.store import Store

_ATTEMPT = 1
_LAST = 4000  # bytes of the end of an output that are looked at for its last line
_LEAVE_S = 10.0


class Trying:
    """Runs the gate on commits, each in a workspace of its own that is gone afterwards; its output is kept."""

    def __init__(
        self, folder: RunFolder, store: Store, *, command: str, timeout_s: float, carry: tuple[str, ...],
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._folder, self._store, self._command = folder, store, command
        self._timeout_s, self._carry, self._say = timeout_s, carry, say
        self._top = folder.path / "landing"

    def run(self, commit: str, tasks: tuple[TaskId, ...]) -> GateRun:
        """Return how the gate ended on a commit of the run's repository that has the changes of *tasks*.

        Raises NoRoom where it could not even be started, CannotHere where there is no workspace for it.
        """
        own = self._new_folder()
        self._say(f"gate: {one_line(self._command, 60)} on {listed(tasks, 5) or 'what they start from'} ...")
        place = checked_out(self._store, commit, home=self._folder.home, own=own, carry=self._carry)
        try:
            ended = asyncio.run(_run(self._top, own, self._process(place.cwd)))
        finally:
            put_away(place)
            shutil.rmtree(own / "workspace", ignore_errors=True)
        ok = ended.how == "exited" and ended.code == 0
        said = "" if ok else _said(ended, own)
        self._say(f"gate: {'passed' if ok else f'failed: {said}'} ({ended.wall_s:.1f} s)")
        return GateRun(tasks=tasks, ok=ok, said=said, seconds=round(ended.wall_s, 3), output=str(own))

    def _process(self, cwd: str) -> Process:
        depth = depth_of(os.environ) + 1
        return Process(
            argv=("/bin/sh", "-c", self._command),
            cwd=cwd,
            env=child_environ(os.environ, run=self._folder.run, task="gate", depth=depth),
            timeout=self._timeout_s,
        )

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
