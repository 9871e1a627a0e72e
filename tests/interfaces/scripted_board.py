"""The board of a run that is made up, under a clock that stands still: `scripted_board.py COUNT`; q leaves.

What it draws depends on nothing but COUNT, the terminal and the keys; so its screens can be compared with golden ones.
"""

from __future__ import annotations

import select
import signal
import sys
from pathlib import Path

from forkjoin.interfaces.cli import live
from forkjoin.model import Change, Changes, Edge, RunView, Task, TaskView

START, NOW = 1_700_000_000.0, 1_700_000_062.4
STATES = ("running", "completed", "failed", "needs_input", "running", "timed_out", "queued", "completed", "blocked")
DESCRIPTIONS = (
    "Harden password hashing", "検査 of wide names", "cafe\u0301 with a combining accent", "Find slow queries",
    "a long description that says again and again what this is about, and does not end before the screen does",
)  # fmt: skip


def view(count: int) -> RunView:
    """Return the run as it stands: of many tasks eight run, some went wrong, and the most are queued or completed."""
    tasks = tuple(_task(at, _state(at, count)) for at in range(count))
    edges = (Edge(first=tasks[0].id, then=tasks[1].id, kind="after"),) if count > 1 else ()
    return RunView(
        run="20261121-101500-k3f9", name="harden", goal="", state="running", started=START, ended=None, tree="/tree",
        repository="/tree", tasks=tasks, edges=edges, seq=1,
    )  # fmt: skip


def _state(at: int, count: int) -> str:
    if count <= len(STATES):
        return STATES[at]
    if at % 60 == 17:
        return "failed"
    return "completed" if at < count // 2 else "running" if at < count // 2 + 8 else "queued"


def _task(at: int, state: str) -> TaskView:
    began = None if state in ("queued", "blocked") else START + 1 + at / 20
    said = {"failed": f"exit code {1 + at % 4}: no such index", "blocked": "part-2 failed"}.get(state, "")
    return TaskView(
        task=Task(id=f"part-{at}", shell="true", description=DESCRIPTIONS[at % len(DESCRIPTIONS)],
                  agent="claude" if at % 3 else "codex", estimate=90.0 if at % 4 == 0 else None),
        number=at + 1, state=state, why=said, started=began,
        ended=None if began is None or state == "running" else START + 30 + at / 20,
        action="pytest -q tests/auth 検査" if at % 2 == 0 else "", attempt=2 if at == 4 else 1,
        changes=Changes(files=(Change(path="a.py", how="modified"),)) if at % 7 == 0 else Changes(),
    )  # fmt: skip


class Recorded:
    """What a board asks of a run beside its view."""

    id = "20261121-101500-k3f9"

    def log(self, task: str, *, stream: str, limit: int) -> str:
        return "".join(f"line {n} of {task}\n" for n in range(40)) if stream == "stdout" else ""

    def diff(self, task: str, *, size: int) -> bytes:
        return b"--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-old\n+new\n"

    def task(self, task: str) -> TaskView:
        return next(one for one in view(9).tasks if one.id == task)


def main(count: int) -> None:
    """Show it until somebody leaves."""
    shown, drawn, resized = live._Board(Recorded(), attached=True), view(count), list[int]()
    signal.signal(signal.SIGWINCH, lambda number, _: resized.append(number))
    with shown:
        while not any(wish.kind == "leave" for wish in shown.tick(drawn, NOW)):
            select.select(shown.keyboard(), [], [], 0.05)
            while resized:
                resized.pop()
                shown.resized()
    Path(sys.argv[2]).touch()


if __name__ == "__main__":
    main(int(sys.argv[1]))
