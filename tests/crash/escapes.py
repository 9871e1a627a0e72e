"""Fourteen ways to outlive an attempt (escapee.py), side by side in one run: after their own end, a timeout, a stop.

`python tests/crash/escapes.py --trials 60 --json FILE` is the long form: twenty times each. The keys of FILE:

trials, escapes     how many trials, and how often one tried to get away
survivors           those that still beat two seconds after the end, or bear the mark of a run; must be 0
broken              what was wrong, in words; must be empty
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `python tests/crash/escapes.py`
from crash.escapee import TECHNIQUES
from crash.forms import Trial, long_form

ESCAPEE = Path(__file__).with_name("escapee.py")
KINDS = ("end", "timeout", "stop")
ZEROS = ("survivors",)
STAYS = {"end": 0, "timeout": 60, "stop": 60}
CODES = {"end": 0, "timeout": 4, "stop": 4}


def one(made: Trial) -> None:
    """Run a trial of that kind."""
    beats = made.folder / "beats"
    beats.mkdir()
    more = {"timeout": 4} if made.kind == "timeout" else {}
    tasks = [
        {"id": name, "command": [sys.executable, str(ESCAPEE), name, str(beats / name), str(STAYS[made.kind])],
         "writes": [], **more}
        for name in TECHNIQUES
    ]  # fmt: skip
    owner = made.start("run", made.plan(tasks, max_parallel=len(tasks)), "-q")
    if made.kind == "stop":
        made.until(lambda: {path.name for path in beats.iterdir()} == {*TECHNIQUES}, "each has got away")
        made.done("stop", f"{made.runs()[0]}/")
    owner.wait(60)
    if owner.returncode != CODES[made.kind]:
        made.broken.append(f"the run ended with {owner.returncode}")
    made.alone(time.monotonic())
    made.counts["escapes"] += len(list(beats.iterdir()))
    time.sleep(2)
    before = {path.name: path.stat().st_mtime_ns for path in beats.iterdir()}
    time.sleep(0.6)
    if left := [path.name for path in beats.iterdir() if path.stat().st_mtime_ns != before[path.name]]:
        made.counts["survivors"] += len(left)
        made.broken.append(f"still beating two seconds after the end: {left}")


if __name__ == "__main__":
    sys.exit(long_form(__doc__, KINDS, one, zeros=ZEROS))
