"""Real processes under real shims: how they start, what they say, how they end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from forkjoin.backends import Output, locked, output_bytes, read_exit, shim_of, tail_bytes
from forkjoin.model import MIB

sys.path.append(str(Path(__file__).parent))
from attempting import python, room

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


# Clean ends


async def _clean_end(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", "echo out; echo err >&2; exit 3")
        ended = await here.exit()
        assert (ended.how, ended.code, ended.signal, ended.error, ended.swept) == ("exited", 3, None, "", 0)
        assert ended.stdout.sha256 == hashlib.sha256(b"out\n").hexdigest()
        assert ended.stderr.bytes == 4
        assert 0 < ended.wall_s < 10
        assert ended.cpu_s is not None
        assert ended.max_rss is not None
        assert abs(ended.ended_at - time.time()) < 30
        at = here.attempt_folder("t")
        assert (output_bytes(at, "stdout", limit=100), tail_bytes(at, "stderr", 3)) == (b"out\n", b"rr\n")
        assert not locked(at)
        assert read_exit(at) == ended


def test_a_program_ends_with_its_code_and_its_output_is_kept(tmp_path: Path) -> None:
    asyncio.run(_clean_end(tmp_path))


async def _signal_end(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", "kill -SEGV $$")
        ended = await here.exit()
        assert (ended.how, ended.code, ended.signal) == ("exited", None, signal.SIGSEGV)


def test_a_program_that_a_signal_ended_says_which(tmp_path: Path) -> None:
    asyncio.run(_signal_end(tmp_path))


async def _at_home(folder: Path) -> None:
    code = """
import os, signal, resource, sys, json
mask = os.umask(0)
fds = []
for n in range(256):
    try: os.fstat(n); fds.append(n)
    except OSError: pass
status = dict(l.split(":", 1) for l in open("/proc/self/status") if ":" in l)
print(json.dumps([os.getcwd(), mask, fds, int(status["SigBlk"], 16), int(status["SigIgn"], 16),
                  os.getsid(0) == os.getpid(), resource.getrlimit(resource.RLIMIT_NOFILE), sorted(os.environ)]))
"""
    before = os.umask(0o027)
    try:
        async with room(folder) as here:
            # Python ignores SIGPIPE and SIGXFSZ by itself, so the mask of ignored signals is asked of a shell.
            here.start(*python(code), env={"A": "1"})
            here.start("sh", "-c", "grep SigIgn /proc/self/status; cat", task="ignored")
            assert (await here.exit()).code == 0, output_bytes(here.attempt_folder("t"), "stderr", limit=2000)
            assert (await here.exit("ignored")).code == 0
            told = json.loads(output_bytes(here.attempt_folder("t"), "stdout", limit=10_000))
            ignored = output_bytes(here.attempt_folder("ignored"), "stdout", limit=1000)
    finally:
        os.umask(before)
    import resource

    cwd, mask, fds, blocked, _, leads, files, env = told
    assert cwd == str(folder.resolve())
    assert mask == 0o027
    assert fds == [0, 1, 2]
    assert blocked == 0
    assert leads
    assert tuple(files) == resource.getrlimit(resource.RLIMIT_NOFILE)
    assert [name for name in env if name != "LC_CTYPE"] == ["A", "FORKJOIN_ATTEMPT", "FORKJOIN_TEST_ROOM", "PATH"]
    of_libc = 0b11 << 31  # signals 32 and 33: whoever was started by posix_spawn, as by Python 3.13, ignores them
    assert int(ignored.split()[1], 16) & ~of_libc == 0


def test_a_program_finds_the_callers_umask_limits_and_signals_and_none_of_our_files(tmp_path: Path) -> None:
    asyncio.run(_at_home(tmp_path))


async def _odd_bytes(folder: Path) -> None:
    odd = "naïve \udcff\udc80 \n\t$HOME `x` \U0001f600"
    place = folder / "odd \udcfe\n name"
    place.mkdir()
    (place / "in").write_bytes(b"\0stdin\xff")
    async with room(folder) as here:
        show = (
            "import os, sys; out = sys.stdout.buffer.write; out(os.fsencode(sys.argv[1])); "
            "out(os.environb[b'ODD']); out(os.getcwdb()); out(sys.stdin.buffer.read())"
        )
        argv = (sys.executable, "-I", "-S", "-X", "utf8", "-c", show, odd)
        here.start(*argv, env={"ODD": odd}, cwd=str(place), stdin=str(place / "in"))
        assert (await here.exit()).code == 0
        said = output_bytes(here.attempt_folder("t"), "stdout", limit=10_000)
        assert said == os.fsencode(odd) * 2 + os.fsencode(str(place)) + b"\0stdin\xff"


def test_arguments_environment_folder_and_input_may_hold_any_byte(tmp_path: Path) -> None:
    asyncio.run(_odd_bytes(tmp_path))


async def _large_request(folder: Path) -> None:
    large = {f"V{n}": "x" * 100_000 for n in range(15)}
    async with room(folder) as here:
        for n in range(4):
            here.start("sh", "-c", "echo ${#V0}", task=f"t{n}", env=large)
        for n in range(4):
            assert (await here.exit(f"t{n}")).code == 0
            assert output_bytes(here.attempt_folder(f"t{n}"), "stdout", limit=100) == b"100000\n"


def test_an_environment_of_megabytes_arrives(tmp_path: Path) -> None:
    asyncio.run(_large_request(tmp_path))


# Programs that cannot be started


@pytest.mark.parametrize(
    ("argv", "options", "words"),
    [
        (("no-such-program-here",), {}, "no program 'no-such-program-here' on the PATH"),
        (("./absent",), {}, "no program './absent'"),
        (("/",), {}, "'/' is not executable"),
        (("./plain",), {}, "'./plain' is not executable"),
        (("./headless",), {}, "no #! line"),
        (("true",), {"cwd": "/no/such/folder"}, "cannot start in the folder '/no/such/folder': No such file"),
        (("true",), {"stdin": "/no/such/brief"}, "cannot read its input '/no/such/brief'"),
        (("true", "x" * 3_000_000), {}, "too long for this system"),
        (("true", "a\0b"), {}, "NUL byte"),
        (("true", "\ud800"), {}, "cannot start it"),
    ],
)
def test_what_cannot_be_started_says_what_is_wrong(
    tmp_path: Path, argv: tuple[str, ...], options: dict[str, str], words: str
) -> None:
    (tmp_path / "plain").write_text("hello")
    (tmp_path / "headless").write_text("echo hello\n")
    (tmp_path / "headless").chmod(0o755)

    async def story() -> None:
        async with room(tmp_path) as here:
            here.start(*argv, **options)
            ended = await here.exit()
            assert (ended.how, ended.code) == ("setup", None)
            assert words in ended.error
            here.start("true", task="next")
            assert (await here.exit("next")).code == 0

    asyncio.run(story())


# Output


async def _flood(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", "head -c 200000000 /dev/zero; echo end", cap=8 * MIB)
        spawned = await here.spawned()
        most = 0

        def ended() -> bool:
            nonlocal most
            try:
                status = Path(f"/proc/{spawned.pid}/status").read_text()
                most = max(most, int(status.partition("VmHWM:")[2].split()[0]))
            except (OSError, IndexError):
                pass
            return here.exited() is not None

        await here.until(ended)
        ended_with = await here.exit()
        at = here.attempt_folder("t")
        assert ended_with.stdout.bytes == 200_000_004
        assert ended_with.stdout.bytes - ended_with.stdout.cut <= 8 * MIB
        assert tail_bytes(at, "stdout", 4) == b"end\n"
        whole = hashlib.sha256(bytes(200_000_000))
        whole.update(b"end\n")
        assert ended_with.stdout.sha256 == whole.hexdigest()
        assert most < 32 * 1024, f"the shim grew to {most} KiB"
        assert all(len(one.data) <= 256 * 1024 for one in here.said if isinstance(one, Output))


@pytest.mark.slow
def test_a_flood_is_capped_counted_and_hashed_in_little_memory(tmp_path: Path) -> None:
    asyncio.run(_flood(tmp_path))


async def _long_line(folder: Path) -> None:
    async with room(folder) as here:
        here.start(*python("import os\nfor _ in range(800): os.write(1, b'x' * 65536)"))
        ended = await here.exit()
        assert (ended.code, ended.stdout.bytes, ended.stdout.cut) == (0, 800 * 65536, 0)


def test_a_line_of_fifty_megabytes_without_an_end_is_kept(tmp_path: Path) -> None:
    asyncio.run(_long_line(tmp_path))


async def _live_output(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", "echo first; sleep 60")
        await here.heard(b"first\n")
        output = next(one for one in here.said if isinstance(one, Output))
        assert output.total == 6


def test_output_is_heard_while_the_program_runs(tmp_path: Path) -> None:
    asyncio.run(_live_output(tmp_path))


async def _full_disk(folder: Path) -> None:
    async with room(folder) as here:
        at = here.attempt_folder("t")
        (Path(at) / "stdout.0000").mkdir(parents=True)  # opening it fails, as a full disk would make it
        here.start("sh", "-c", "head -c 3000000 /dev/zero; echo done >&2")
        ended = await here.exit()
        assert (ended.how, ended.code) == ("exited", 0)
        assert ended.stdout.bytes == ended.stdout.cut == 3_000_000
        assert "could not all be kept" in ended.error


def test_output_that_cannot_be_kept_never_hangs_the_program(tmp_path: Path) -> None:
    asyncio.run(_full_disk(tmp_path))


# Whole trees

ESCAPES = {
    "a background child": "sleep 300 & exit 0",
    "setsid": "setsid sleep 300 & exit 0",
    "nohup": "nohup sleep 300 >/dev/null 2>&1 & exit 0",
    "a double fork with closed streams": "(setsid sh -c 'exec sleep 300 <&- >&- 2>&-' &) ; exit 0",
    "a child that ignores signals": "trap '' TERM HUP INT; setsid sleep 300 & exit 0",
}


@pytest.mark.parametrize("script", ESCAPES.values(), ids=ESCAPES.keys())
def test_nothing_outlives_an_attempt_that_ended_by_itself(tmp_path: Path, script: str) -> None:
    async def story() -> None:
        async with room(tmp_path) as here:
            here.start("sh", "-c", script)
            ended = await here.exit()
            assert here.living() == {}
            assert (ended.how, ended.code) == ("exited", 0)
            assert ended.swept >= 1

    asyncio.run(story())


DAEMON = """
import os, time, ctypes
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(1, 0)  # PR_SET_PDEATHSIG: nothing
        os.closerange(0, 100)
        while True: time.sleep(1)
    os._exit(0)
print("ready", flush=True)
"""


@pytest.mark.parametrize(
    ("ending", "how"), [("exit", "exited"), ("term", "stopped"), ("kill", "stopped"), ("timeout", "timeout")]
)
def test_a_daemon_ends_with_its_attempt_however_that_ends(tmp_path: Path, ending: str, how: str) -> None:
    async def story() -> None:
        async with room(tmp_path) as here:
            wait = "" if ending == "exit" else "time.sleep(300)"
            argv = (sys.executable, "-c", DAEMON + wait)
            here.start(*argv, timeout=1.0 if ending == "timeout" else 60.0)
            await here.spawned()
            if ending in ("term", "kill"):
                await here.heard(b"ready")
                here.backend.stop("t", 1, how=ending, reason="enough")  # type: ignore[arg-type]  # parametrised
            ended = await here.exit()
            assert here.living() == {}
            assert ended.how == how
            assert ended.reason == ("enough" if how == "stopped" else "")

    asyncio.run(story())


async def _stubborn(folder: Path) -> None:
    async with room(folder, grace_s=0.3) as here:
        here.start("sh", "-c", "trap '' TERM; (trap '' TERM; echo ready; while :; do sleep 1; done) & wait; sleep 300")
        await here.heard(b"ready")
        began = time.monotonic()
        here.backend.stop("t", 1, how="term", reason="enough")
        ended = await here.exit()
        assert 0.3 <= time.monotonic() - began < 5
        assert (ended.how, ended.signal) == ("stopped", signal.SIGKILL)
        assert here.living() == {}


def test_a_tree_that_ignores_term_is_killed_after_the_grace(tmp_path: Path) -> None:
    asyncio.run(_stubborn(tmp_path))


async def _asked_twice(folder: Path) -> None:
    async with room(folder, grace_s=60.0) as here:
        here.start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
        await here.heard(b"ready")
        here.backend.stop("t", 1, how="term", reason="first")
        here.backend.stop("t", 1, how="kill", reason="second")
        ended = await here.exit()
        assert (ended.how, ended.signal, ended.reason) == ("stopped", signal.SIGKILL, "first")


def test_a_kill_does_not_wait_for_the_grace_of_a_term(tmp_path: Path) -> None:
    asyncio.run(_asked_twice(tmp_path))


async def _stopped_at_once(folder: Path) -> None:
    async with room(folder) as here:
        for n in range(20):
            here.start("sleep", "300", task=f"t{n}")
            here.backend.stop(f"t{n}", 1, how="term", reason="changed my mind")
        for n in range(20):
            assert (await here.exit(f"t{n}")).how == "stopped"
        assert here.living() == {}


def test_a_stop_right_after_the_start_is_never_lost(tmp_path: Path) -> None:
    asyncio.run(_stopped_at_once(tmp_path))


async def _tidy_up(folder: Path) -> None:
    async with room(folder, grace_s=20.0) as here:
        here.start("sh", "-c", "trap 'echo tidied; exit 7' TERM; echo ready; while :; do sleep 0.05; done")
        await here.heard(b"ready")
        here.backend.stop("t", 1, how="term", reason="enough")
        ended = await here.exit()
        assert (ended.how, ended.code) == ("stopped", 7)
        assert output_bytes(here.attempt_folder("t"), "stdout", limit=100) == b"ready\ntidied\n"


def test_a_program_that_is_asked_to_end_may_tidy_up(tmp_path: Path) -> None:
    asyncio.run(_tidy_up(tmp_path))


# Limits


async def _timeout(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sleep", "300", timeout=0.3)
        ended = await here.exit()
        assert (ended.how, ended.code, ended.signal) == ("timeout", None, signal.SIGTERM)
        assert 0.3 <= ended.wall_s < 5


def test_a_deadline_ends_an_attempt(tmp_path: Path) -> None:
    asyncio.run(_timeout(tmp_path))


async def _idle(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", "for n in 1 2 3 4 5 6; do echo $n; sleep 0.2; done; sleep 300", idle_timeout=0.6)
        here.start("sh", "-c", "while :; do :; done", task="busy", idle_timeout=0.6, timeout=2.0)
        ended, busy = await here.exit(), await here.exit("busy")
        assert ended.how == "idle"
        assert ended.stdout.bytes == 12
        assert busy.how == "timeout", "what computes is not idle"


@pytest.mark.slow
def test_silence_without_work_ends_an_attempt_where_that_is_asked_for(tmp_path: Path) -> None:
    asyncio.run(_idle(tmp_path))


async def _no_waiting_for_eof(folder: Path) -> None:
    async with room(folder) as here:
        here.start("sh", "-c", "setsid sleep 300 & echo done")
        ended = await here.exit()
        assert ended.wall_s < 5
        assert output_bytes(here.attempt_folder("t"), "stdout", limit=100) == b"done\n"


def test_an_end_never_waits_for_a_pipe_that_a_daemon_holds_open(tmp_path: Path) -> None:
    asyncio.run(_no_waiting_for_eof(tmp_path))


async def _many(folder: Path) -> None:
    async with room(folder, tail=False) as here:
        for n in range(100):
            here.start("sh", "-c", f"echo {n}; exit {n % 7}", task=f"t{n}")
        for n in range(100):
            ended = await here.exit(f"t{n}")
            assert ended.code == n % 7
            assert output_bytes(here.attempt_folder(f"t{n}"), "stdout", limit=100) == b"%d\n" % n


@pytest.mark.slow
def test_a_hundred_at_once_keep_their_own_ends_and_words(tmp_path: Path) -> None:
    asyncio.run(_many(tmp_path))


# The lock and the folder


async def _lock(folder: Path) -> None:
    async with room(folder) as here:
        at = here.attempt_folder("t")
        here.backend.reserve(at)
        assert locked(at)
        here.backend.abandon(at)
        await here.until(lambda: not locked(at))
        here.start("sleep", "300")
        spawned = await here.spawned()
        assert locked(at)
        await here.until(lambda: shim_of(at) == (spawned.pid, spawned.start))
        assert {Path(at, name).stat().st_mode & 0o777 for name in ("lock", "exit.json.new")} == {0o600}
        assert Path(at).stat().st_mode & 0o777 == 0o700
        with pytest.raises(BlockingIOError):
            here.backend.reserve(at)


def test_the_lock_is_held_from_the_reservation_to_the_end_of_the_shim(tmp_path: Path) -> None:
    asyncio.run(_lock(tmp_path))
