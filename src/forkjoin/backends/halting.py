"""A tree of processes made to stand still, and let go on. Standard library only."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # the same without its enums: nursery.py says why
if TYPE_CHECKING or __package__:
    from forkjoin.backends import processes
else:
    import processes

HALT, GO_ON = signal.SIGWINCH, signal.SIGURG  # what the owner tells a shim by
_PASSES, _PASS_S = 50, 0.001


class Halt:
    """The descendants of one process; for how long they stand is measured on the monotonic clock."""

    def __init__(self, root: int) -> None:
        self.root, self.since = root, 0.0
        self.stopped: dict[int, int] = {}  # pid and start time of each

    @property
    def on(self) -> bool:
        """Whether they stand."""
        return self.since > 0.0

    def begin(self) -> None:
        """Stop them all; looks again until none was born meanwhile and none still runs.

        One that is stopped between vfork and exec leaves its parent in state D: that stands too.
        """
        self.since = self.since or time.monotonic()
        for _ in range(_PASSES):
            seen = processes.descendants(self.root)
            new = [one for one in seen if one.pid not in self.stopped]
            for process in new:
                self.stopped[process.pid] = process.start
                processes.send(process.pid, process.start, signal.SIGSTOP)
            if not new:
                if not any(one.state in (b"R", b"S") for one in seen):
                    return
                time.sleep(_PASS_S)

    def end(self) -> float:
        """Let them go on; return for how many seconds they stood, 0.0 where they did not."""
        if not self.on:
            return 0.0
        for pid, start in self.stopped.items():
            processes.send(pid, start, signal.SIGCONT)
        self.stopped.clear()
        stood, self.since = time.monotonic() - self.since, 0.0
        return stood
