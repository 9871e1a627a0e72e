"""What happens when a shim, a nursery or an owner is killed, and when an owner lets go."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forkjoin.backends import Exited, LocalBackend, Signal, Spawned, locked, output_bytes, read_exit, shim_of
from forkjoin.model import TaskId

sys.path.append(str(Path(__file__).parent))
from attempting import living, python, room

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

ESCAPING = "setsid sleep 300 & (setsid sh -c 'exec sleep 300 <&- >&- 2>&-' &); echo ready; sleep 300"


async def _shim_killed(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", ESCAPING)
        here.start("sh", "-c", "sleep 1; echo fine", task="sibling")
        await here.heard(b"ready")
        os.kill((await here.spawned()).pid, signal.SIGKILL)
        assert (await here.end()).exit is None
        of_sibling = shim_of(here.attempt_folder("sibling"))[0]
        assert all(parent_chain_holds(pid, of_sibling) for pid in here.living())
        assert (await here.exit("sibling")).code == 0


def parent_chain_holds(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return True  # it went while we looked
    return False


@pytest.mark.slow
def test_a_killed_shim_is_reported_as_lost_when_its_whole_tree_is_gone(tmp_path: Path) -> None:
    asyncio.run(_shim_killed(tmp_path))


def nursery_of(shim: int) -> int:
    return int(Path(f"/proc/{shim}/stat").read_text().rpartition(")")[2].split()[1])


async def _nursery_killed(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", "echo ready; sleep 0.5; exit 4")
        await here.heard(b"ready")
        nursery = nursery_of((await here.spawned()).pid)
        os.kill(nursery, signal.SIGKILL)
        here.start("sh", "-c", "exit 5", task="later")
        here.start("sleep", "300", task="stopped")
        assert (await here.exit("later")).code == 5
        assert nursery_of((await here.spawned("stopped")).pid) != nursery
        assert (await here.exit()).code == 4, "its shim lived on"


def test_a_killed_nursery_is_replaced_and_its_shims_live_on(tmp_path: Path) -> None:
    asyncio.run(_nursery_killed(tmp_path))


async def _nursery_killed_then_stop(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", "echo ready; sleep 300")
        await here.heard(b"ready")
        os.kill(nursery_of((await here.spawned()).pid), signal.SIGKILL)
        here.backend.stop("t", 1, how="term", reason="enough")
        assert (await here.exit()).how == "stopped"
        assert here.living() == {}


def test_a_shim_without_its_nursery_still_obeys(tmp_path: Path) -> None:
    asyncio.run(_nursery_killed_then_stop(tmp_path))


async def _nursery_and_shim_killed(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", ESCAPING)
        await here.heard(b"ready")
        shim = (await here.spawned()).pid
        assert len(here.living()) >= 3
        os.kill(nursery_of(shim), signal.SIGKILL)
        os.kill(shim, signal.SIGKILL)
        assert (await here.end()).exit is None
        assert here.living() == {}, "before it is said to be lost, and might be tried again"


def test_nothing_of_an_attempt_lives_when_its_nursery_and_its_shim_were_killed(tmp_path: Path) -> None:
    asyncio.run(_nursery_and_shim_killed(tmp_path))


async def _all_killed(folder: Path) -> None:
    killed_owner(folder, ESCAPING, detached=True)
    at = folder / "tasks/t/1"
    until(lambda: b"ready" in output_bytes(at, "stdout", limit=100))
    shim = shim_of(str(at))[0]
    os.kill(nursery_of(shim), signal.SIGKILL)
    os.kill(shim, signal.SIGKILL)
    until(lambda: not locked(str(at)))
    assert len(living(folder)) >= 3
    async with room(folder) as here:
        here.backend.adopt(str(at), TaskId("t"), 1)
        ended = await here.end()
        assert (ended.exit, ended.began) == (None, True)
        assert here.living() == {}


def test_the_next_owner_ends_what_nursery_and_shim_left_when_both_were_killed(tmp_path: Path) -> None:
    asyncio.run(_all_killed(tmp_path))


async def _reserved_then_nursery_killed(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", "sleep 300", task="first")
        nursery = nursery_of((await here.spawned("first")).pid)
        at = here.attempt_folder("t")
        here.backend.reserve(at)
        await here.until(lambda: locked(at))
        os.kill(nursery, signal.SIGKILL)
        await here.until(lambda: not locked(at))
        here.start("true")
        assert (await here.exit()).code == 0


def test_a_reservation_survives_the_loss_of_the_nursery_that_held_it(tmp_path: Path) -> None:
    asyncio.run(_reserved_then_nursery_killed(tmp_path))


@pytest.mark.parametrize("delay_ms", [0, 1, 3, 10, 30])
def test_a_nursery_killed_at_any_moment_loses_no_attempt_and_leaves_no_orphan(tmp_path: Path, delay_ms: int) -> None:
    async def story() -> None:
        async with room(tmp_path) as here:
            pid = here.backend._nursery.process.pid  # type: ignore[union-attr]  # it is open
            for n in range(20):
                here.start("sh", "-c", f"exec sleep 0.{n % 3}", task=f"t{n}")
            await asyncio.sleep(delay_ms / 1000)
            os.kill(pid, signal.SIGKILL)
            for n in range(20):
                assert (await here.exit(f"t{n}")).code == 0  # and `exit` looks that it ended once
            assert here.living() == {}

    asyncio.run(story())


# The owner

OWNER = """
import asyncio, os, sys
from pathlib import Path
sys.path.append({here!r})
from attempting import room
async def main():
    async with room(Path(sys.argv[1]), detached={detached}, lease_s={lease_s}, grace_s=0.3) as here:
        here.start("sh", "-c", sys.argv[2], timeout=float(sys.argv[3]))
        await here.spawned()
        print("started", flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


def killed_owner(
    folder: Path, script: str, *, lease_s: float = 60.0, detached: bool = False, timeout: float = 60
) -> None:
    """Have another process start *script* in *folder*, and kill that process once the script is at work."""
    code = OWNER.format(here=str(Path(__file__).parent), detached=detached, lease_s=lease_s)
    argv = [sys.executable, "-c", code, str(folder), script, str(timeout)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"started\n"
        owner.kill()


def until(true: object, *, limit_s: float = 20.0) -> None:
    limit = time.monotonic() + limit_s
    while not true():  # type: ignore[operator]  # a callable
        assert time.monotonic() < limit, "waited too long"
        time.sleep(0.05)


def children() -> set[int]:
    """Our own, the dead that nobody has waited for among them."""
    return {int(pid) for one in Path("/proc/self/task").glob("*/children") for pid in one.read_text().split()}


def nurseries(folder: Path) -> list[int]:
    """Nurseries and shims whose complaints go to this folder."""
    log, found = str(folder / "nursery.log"), []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str((entry / "fd/2").readlink()) == log:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_without_an_owner_an_attempt_ends_after_its_lease_and_its_nursery_leaves(tmp_path: Path) -> None:
    killed_owner(tmp_path, ESCAPING, lease_s=1.0)
    at = str(tmp_path / "tasks/t/1")
    assert locked(at)
    until(lambda: not locked(at))
    ended = read_exit(at)
    assert ended is not None
    assert ended.how == "lease"
    assert ended.wall_s >= 1.0
    assert living(tmp_path) == {}
    until(lambda: nurseries(tmp_path) == [])


@pytest.mark.slow
def test_a_detached_attempt_goes_on_without_an_owner_until_its_own_end(tmp_path: Path) -> None:
    killed_owner(tmp_path, "sleep 2; echo done", lease_s=0.2, detached=True)
    at = str(tmp_path / "tasks/t/1")
    until(lambda: not locked(at))
    ended = read_exit(at)
    assert ended is not None
    assert (ended.how, ended.code) == ("exited", 0)
    assert output_bytes(at, "stdout", limit=100) == b"done\n"


@pytest.mark.slow
def test_a_detached_attempt_without_an_owner_keeps_its_deadline(tmp_path: Path) -> None:
    killed_owner(tmp_path, "sleep 300", lease_s=0.2, detached=True, timeout=1.5)
    at = str(tmp_path / "tasks/t/1")
    until(lambda: not locked(at))
    ended = read_exit(at)
    assert ended is not None
    assert ended.how == "timeout"
    assert living(tmp_path) == {}


async def _adopted(folder: Path) -> None:
    killed_owner(folder, "echo ready; sleep 4; echo done; exit 6", lease_s=2.0)
    async with room(folder) as here:
        at = here.attempt_folder("t")
        shim = shim_of(at)
        here.backend.adopt(at, TaskId("t"), 1)
        spawned = await here.spawned()
        assert (spawned.pid, spawned.start) == shim
        assert (await here.exit()).code == 6, "it outlived the lease, for somebody had come"
        assert output_bytes(at, "stdout", limit=100) == b"ready\ndone\n"


@pytest.mark.slow
def test_an_adopter_who_announces_itself_keeps_an_attempt_alive(tmp_path: Path) -> None:
    asyncio.run(_adopted(tmp_path))


async def _adopted_and_stopped(folder: Path) -> None:
    killed_owner(folder, ESCAPING)
    async with room(folder) as here:
        here.backend.adopt(here.attempt_folder("t"), TaskId("t"), 1)
        await here.spawned()
        here.backend.stop("t", 1, how="term", reason="enough")
        ended = await here.exit()
        assert (ended.how, ended.reason) == ("stopped", "enough")
        assert here.living() == {}


def test_an_adopter_can_stop_an_attempt(tmp_path: Path) -> None:
    asyncio.run(_adopted_and_stopped(tmp_path))


async def _collected(folder: Path) -> None:
    killed_owner(folder, "sleep 0.3; exit 6")
    until(lambda: not locked(str(folder / "tasks/t/1")))
    async with room(folder) as here:
        here.backend.adopt(here.attempt_folder("t"), TaskId("t"), 1)
        assert (await here.exit()).code == 6
        assert not any(isinstance(one, Spawned) for one in here.said)
        here.backend.adopt(here.attempt_folder("never"), TaskId("never"), 1)
        never = await here.end("never")
        assert (never.exit, never.began) == (None, False)


def test_an_attempt_that_ended_without_an_owner_is_collected_and_one_that_never_began_says_so(tmp_path: Path) -> None:
    asyncio.run(_collected(tmp_path))


async def _let_go(folder: Path) -> None:
    said: list[Signal] = []
    async with room(folder) as here:  # one process, two owners after one another
        here.start("sh", "-c", "echo ready; sleep 300")
        await here.heard(b"ready")
        at = here.attempt_folder("t")
        await here.backend.close()
        said.extend(here.said)
        second = LocalBackend(run_folder=folder, detached=False, lease_s=1.0)
        await second.open(here.emit)
        second.adopt(at, TaskId("t"), 1)
        await asyncio.sleep(3.5)
        assert locked(at), "the second owner has the same pid, and is another all the same"
        await second.close()
        await here.until(lambda: not locked(at))
        ended = read_exit(at)
        assert ended is not None
        assert ended.how == "lease"
        here.said.append(Exited(task=TaskId("t"), attempt=1, exit=ended))
    assert not any(isinstance(one, Exited) for one in said)


@pytest.mark.slow
def test_an_owner_that_lets_go_leaves_its_attempts_to_their_lease(tmp_path: Path) -> None:
    asyncio.run(_let_go(tmp_path))


def test_a_backend_that_is_closed_leaves_no_process_behind(tmp_path: Path) -> None:
    async def story() -> None:
        async with room(tmp_path) as here:
            here.start(*python("print(1)"))
            await here.exit()

    before = children()
    asyncio.run(story())
    until(lambda: nurseries(tmp_path) == [])
    assert children() == before
