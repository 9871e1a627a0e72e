"""Makes the fixture of a journal version: `python tests/data/journals/make.py 1`. Never run again for a released one.

Every case of event and of outcome is in it. `view.json` is what it adds up to; tests compare.
"""

from __future__ import annotations

import sys
from pathlib import Path

from forkjoin.journal import SqliteJournal, run_view
from forkjoin.model import (
    Awaited, Base, BaseTaken, Blocked, Change, Changes, Claims, Closed, Completed, Continued, Edge, Ended, Exit, Exported,
    Failed, Freed, Held, LandBegun, Landed, LandedTask, LeftOut, RefMove,
    Halted, Joined, Lifted, Limit, Limited, Lost, NeedsInput, Options, Other, Overlapped, Owned, Paused, Place, Plan, Planned, Progress, Released, RetryAsked, Running,
    RunId, Skipped, Starting, StoodStill, StopAsked, Stopped, Task, TaskId, TimedOut, to_json,
)  # fmt: skip

HERE = Path(__file__).parent
OUTCOMES = {
    "done": Completed(note="all well"), "asks": NeedsInput(reason="which one?"),
    "broken": Failed(kind="exit", reason="exit code 4"), "late": TimedOut(after_s=3.0, reason="not done"),
    "ended": Stopped(reason="enough"), "gone": Lost(reason="no record"),
    "behind": Blocked(by=(TaskId("broken"),), reason="needs broken, which failed"), "never": Skipped(reason="the run was stopped"),
}  # fmt: skip


def events() -> list[object]:
    tasks = tuple(Task(id=TaskId(name), shell="true", writes=[f"{name}.txt"], retries=1) for name in OUTCOMES)
    edge = Edge(first=TaskId("broken"), then=TaskId("behind"), kind="after", reason="it says after: broken")
    plan = Plan(name="fixture", goal="every case", tasks=tasks, max_parallel=4)
    made: list[object] = [
        Planned(run=RunId("20261123-000000-aaaa"), plan=plan, edges=(edge,), tree="/tree", repository="/tree/.git",
                claims=tuple(Claims(id=task.id, writes=(), reads=(), bounded=False) for task in tasks),
                options=Options(max_parallel=4), version="0.1.0", notes=("a note",), not_looked_at=("html",)),
        Owned(pid=7, start=11, boot="boot", attached=True),
        BaseTaken(base=Base(kind="snapshot", commit="c" * 40, note="base: HEAD ccccccc")),
        Held(cause="memory", detail="1 MiB"), Released(cause="memory"),
        Awaited(task=TaskId("done"), others=(Other(run=RunId("other"), task=TaskId("t"), paths=("done.txt",)),)),
        Freed(task=TaskId("done")), Paused(provider="anthropic", until=1010.0, number=1, at_once=2, reason="429"),
        Lifted(provider="anthropic"),
    ]  # fmt: skip
    for name, outcome in OUTCOMES.items():
        task = TaskId(name)
        if name in ("behind", "never"):
            made.append(Ended(task=task, attempt=0, outcome=outcome))
            continue
        place = Place(kind="clone", root=f"/w/{name}", cwd=f"/w/{name}", base="c" * 40)
        made += [
            Starting(task=task, attempt=1), Running(task=task, attempt=1, place=place, pid=9, start=12),
            Progress(task=task, attempt=1, text="reads a.py", bytes=12),
            Limited(task=task, attempt=1, limit=Limit(kind="rate", after_s=5.0, reason="429"), waits=0.5, number=1),
            *((Overlapped(task=task, attempt=1, first=TaskId("broken"), paths=("a.py",)),
               Halted(task=task, attempt=1, reason="paused until broken has ended"),
               Continued(task=task, attempt=1, reason="goes on")) if name == "late" else ()),
            Ended(task=task, attempt=1, outcome=outcome, place=place, exit=Exit(how="exited", code=0, ended_at=1050.0),
                  changes=Changes(files=(Change(path=f"{name}.txt", how="added", insertions=1),), commit="d" * 40, base="c" * 40)),
        ]  # fmt: skip
    move = RefMove(ref="refs/heads/x", new="e")
    done = LandedTask(task=TaskId("done"), attempt=1, commit="e")
    broken = LeftOut(task=TaskId("broken"), kind="state", reason="failed")
    made += [
        StopAsked(task=TaskId(""), reason="Ctrl-C"), StoodStill(since=1030.5, until=1034.5), Joined(findings=(("high", 1),)), Closed(state="failed", reason="x"),
        LandBegun(refs=(move,), tasks=(done,)),
        Landed(where="x", refs=(move,), tasks=(done,), left_out=(broken,)),
        Exported(tasks=(LandedTask(task=TaskId("late"), attempt=1),), folder="/p"),
        RetryAsked(task=TaskId("gone"), force=False),
    ]  # fmt: skip
    return made


def main() -> None:
    folder = HERE / sys.argv[1]
    (folder / "journal.db").unlink(missing_ok=True)
    journal = SqliteJournal.create(folder / "journal.db")
    long = journal.text("an answer that is long " * 300)
    for number, event in enumerate(events()):
        journal.append([event], at=1000.0 + number)  # type: ignore[list-item]  # all of them are events
    journal.append([Ended(task=TaskId("gone"), attempt=2, outcome=Completed(), answer=long)], at=1100.0)
    journal.commit()
    (folder / "view.json").write_bytes(to_json(run_view(journal.read())) + b"\n")
    journal.close()


if __name__ == "__main__":
    main()
