"""Programs that take more than they may: ended with all that is theirs within two seconds, and the others finish."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "endtoend"))
from attempting import Room, python, room

from forkjoin.model import MIB

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process uses is read from /proc")

FOUR_TIMES = """
import time
kept = []
print('begun', flush=True)
for n in range(40):
    kept.append(bytearray(b'x' * 20 * 2**20))
    time.sleep(0.01)
time.sleep(60)
"""


async def _ended(here: Room, what: str, *, within_s: float = 20.0) -> tuple[float, float]:
    """Wait until the hog was ended for *what* and its sibling is done; return what it used and its limit."""
    began = time.monotonic()
    ended = await here.exit("hog")
    assert ended.how == what, ended
    assert time.monotonic() - began < within_s
    sibling = await here.exit("sibling")
    assert (sibling.how, sibling.code) == ("exited", 0)
    assert here.living() == {}
    assert ended.limit is not None
    assert ended.used is not None
    assert ended.used > ended.limit
    return ended.used, ended.limit


async def _memory(folder: Path) -> None:
    async with room(folder, grace_s=30.0) as here:
        here.start("sh", "-c", "sleep 3; echo fine", task="sibling")
        here.start(*python(FOUR_TIMES), task="hog", memory=200 * MIB)
        _, limit = await _ended(here, "memory")
        assert limit == 200 * MIB


@pytest.mark.slow
def test_memory_at_four_times_its_limit(tmp_path: Path) -> None:
    asyncio.run(_memory(tmp_path))


SHARED = """
import os, time
kept = bytearray(b'x' * 100 * 2**20)
for n in range(8):
    if os.fork() == 0:
        time.sleep(2)
        os._exit(0)
for n in range(8):
    os.wait()
"""


async def _shared(folder: Path) -> None:
    async with room(folder) as here:
        here.start(*python(SHARED), memory=300 * MIB)
        ended = await here.exit()
        assert (ended.how, ended.code) == ("exited", 0), "nine processes that share 100 MiB use 100 MiB"


@pytest.mark.slow
def test_memory_that_processes_share_counts_once(tmp_path: Path) -> None:
    asyncio.run(_shared(tmp_path))


# Ten thousand, each in a session of its own and deaf to what asks it to end; none is left when one is told.
STORM = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
for n in range(10000):
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
time.sleep(60)
"""
DOUBLING = "import os, time\nfor n in range(13):\n    os.fork()\n    time.sleep(0.05)\ntime.sleep(60)"


@pytest.mark.slow
@pytest.mark.parametrize("storm", [STORM, DOUBLING], ids=["one parent", "doubling"])
def test_a_storm_of_forks(tmp_path: Path, storm: str) -> None:
    async def story() -> None:
        async with room(tmp_path, grace_s=30.0) as here:
            here.start("sh", "-c", "sleep 1; echo fine", task="sibling")
            here.start(*python(storm), task="hog", processes=100)
            used, limit = await _ended(here, "processes")
            assert (used, limit) == (101, 100)

    asyncio.run(story())


WRITER = """
import os, sys, time
path = sys.argv[1]
for n in range(1000):  # each in a child of its own, which is gone when it is looked at
    if os.fork() == 0:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for _ in range(4):
            os.write(fd, b'x' * 2**20)
        os.fsync(fd)
        os._exit(0)
    os.wait()
    time.sleep(0.02)
time.sleep(60)
"""


async def _disk(folder: Path, on_disk: Path) -> None:
    async with room(folder, grace_s=30.0) as here:
        here.start("sh", "-c", "sleep 1; echo fine", task="sibling")
        here.start(*python(WRITER), str(on_disk / "big"), task="hog", disk=40 * MIB)
        used, _ = await _ended(here, "disk")
        assert used < 4000 * MIB


@pytest.mark.slow
def test_a_disk_written_to_by_children_that_are_gone(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as on_disk:
        # A file system in memory counts as memory of nobody; tmp_path may lie on one, the tree hardly ever.
        asyncio.run(_disk(tmp_path, Path(on_disk)))


async def _offered(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", "cat /proc/self/oom_score_adj")
        await here.exit()
        own = int(Path("/proc/self/oom_score_adj").read_text())
        said = Path(here.attempt_folder("t"), "stdout.0000").read_text()
        assert int(said) == min(1000, own + 500)


def test_where_memory_runs_out_the_kernel_takes_the_program_before_its_owner(tmp_path: Path) -> None:
    asyncio.run(_offered(tmp_path))


async def _again(folder: Path) -> None:
    async with room(folder, grace_s=60.0) as here:
        here.start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done", timeout=2.0)
        await here.heard(b"ready")
        await asyncio.sleep(2.5)  # its timeout has begun a grace of a minute
        here.backend.stop("t", 1, how="term", reason="first")
        here.backend.stop("t", 1, how="term", reason="second")
        ended = await here.exit()
        assert (ended.how, ended.limit) == ("timeout", 2.0)
        assert ended.wall_s < 30


@pytest.mark.slow
def test_a_second_stop_ends_at_once_what_has_been_asked_to_end(tmp_path: Path) -> None:
    asyncio.run(_again(tmp_path))
