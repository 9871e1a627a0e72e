"""What past runs say of how long tasks take: short, also for many tasks."""

from __future__ import annotations


def test_estimates_of_one_run_are_one_line(forkjoin) -> None:
    plan = forkjoin.plan(*({"id": f"t{n}", "shell": f"true {n}", "writes": []} for n in range(4)))
    run = forkjoin.json("run", plan)["run"]
    lines = [line for line in forkjoin("check", plan)[1].split("\n") if line.startswith("estimate")]
    assert len(lines) == 1
    assert lines[0].startswith(f"estimate: as in run {run}: t0 0.")
    assert ", t3 0." in lines[0]
