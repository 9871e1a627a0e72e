"""How long a task is expected to take, where that was learnt from runs of the past."""

from __future__ import annotations

from forkjoin.model.base import RunId, TaskId, Value


class Estimate(Value, frozen=True, kw_only=True, omit_defaults=True):
    """Seconds that *task* took in the middle one of *runs* past runs; `run` is the newest of them.

    So with its dollars and tokens; None where no run said them.
    """

    task: TaskId
    seconds: float
    run: RunId
    runs: int
    usd: float | None = None
    tokens: int | None = None

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        return f"as in run {self.run}" if self.runs == 1 else f"the middle of {self.runs} past runs, newest {self.run}"
