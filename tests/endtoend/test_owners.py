"""Owners that leave, die, are interrupted, or ask for too much at once; real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from forkjoin import PlanError, Run, Task, attach, launch, run, run_async
from forkjoin.model import Ended, Recorded

pytestmark = pytest.mark.slow


def _shell(id_: str, line: str, **more: object) -> Task:
    return Task(id=id_, shell=line, writes=(), **more)  # type: ignore[arg-type]


def _until(true: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def test_a_hand_over_at_any_moment_loses_no_writer(repository: Path) -> None:
    """Whatever moment it strikes: workspaces are opening, processes starting, changes being harvested."""
    for pause in (0.0, 0.05, 0.2):
        tasks = [Task(id=f"w{n}", shell=f"sleep 0.2; echo {n} > w{n}.txt", writes=[f"w{n}.txt"]) for n in range(6)]
        started: Run = launch(tasks, tree=repository, max_parallel=4)
        time.sleep(pause)
        started.hand_over()
        view = started.wait(timeout=60)
        assert view.state == "completed", [(task.id, task.state, task.why) for task in view.tasks]
        assert [task.changes.files[0].path for task in view.tasks] == [f"w{n}.txt" for n in range(6)]
        ends = [one.event.task for one in started.events() if isinstance(one.event, Ended)]
        assert sorted(ends) == [f"w{n}" for n in range(6)]
        started.close()


def test_an_owner_killed_at_any_moment_is_followed_by_one_that_ends_the_run(repository: Path) -> None:
    code = (
        "import sys, forkjoin\n"
        "tasks = [forkjoin.Task(id=f'w{n}', shell=f'sleep 0.3; echo {n} > w{n}.txt', writes=[f'w{n}.txt'])"
        " for n in range(4)]\n"
        "run = forkjoin.launch(tasks, tree=sys.argv[1])\n"
        "print(run.id, flush=True)\n"
    )
    for pause in (0.02, 0.15, 0.3, 0.6):
        owner = subprocess.Popen([sys.executable, "-c", code, str(repository)], stdout=subprocess.PIPE, text=True)
        assert owner.stdout is not None
        id_ = owner.stdout.readline().strip()
        time.sleep(pause)
        owner.kill()
        owner.wait()
        owner.stdout.close()
        with attach(id_) as left:
            view = left.wait(timeout=60)
            assert view.state == "completed", [(task.id, task.state, task.why) for task in view.tasks]
            assert [task.changes.files[0].path for task in view.tasks] == [f"w{n}.txt" for n in range(4)]


def test_a_script_may_end_right_after_it_launched_a_run(repository: Path) -> None:
    """The interpreter waits for the driving thread, and what that needs must still work then."""
    code = (
        "import sys, forkjoin\n"
        "tasks = [forkjoin.Task(id=f'w{n}', shell=f'echo {n} > w{n}.txt', writes=[f'w{n}.txt']) for n in range(12)]\n"
        "tasks.append(forkjoin.Task(id='f', function=lambda: 'said'))\n"
        "print(forkjoin.launch(tasks, tree=sys.argv[1], on_event=lambda event: None).id)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(repository)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    with attach(done.stdout.strip()) as left:
        view = left.view()
    assert view.state == "completed", [(task.id, task.state, task.why) for task in view.tasks]


def test_a_hundred_tasks_ending_at_once_are_told_a_hundred_times(tmp_path: Path) -> None:
    for _ in range(20):
        gate = asyncio.Event()
        left = {"tasks": 100}

        async def end(gate: asyncio.Event = gate, left: dict[str, int] = left) -> str:
            left["tasks"] -= 1
            if not left["tasks"]:
                gate.set()
            await gate.wait()
            return "ended"

        seen: list[Recorded] = []
        tasks = [Task(id=f"t{n}", function=end, writes=()) for n in range(100)]
        result = asyncio.run(run_async(tasks, tree=tmp_path, on_event=seen.append))
        assert result.ok
        told = [one.event.task for one in seen if isinstance(one.event, Ended)]
        assert (len(told), len(set(told))) == (100, 100)
        assert [one.seq for one in seen] == list(range(1, len(seen) + 1))


def test_cancelling_a_run_in_ones_own_loop_stops_every_task_first(tmp_path: Path) -> None:
    cleaned: list[str] = []
    began = asyncio.Event()

    async def forever() -> None:
        began.set()
        try:
            await asyncio.sleep(3600)
        finally:
            cleaned.append("coroutine")

    async def main() -> None:
        tasks = [Task(id="f", function=forever, writes=()), _shell("p", "sleep 300")]
        running = asyncio.create_task(run_async(tasks, tree=tmp_path))
        await began.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert cleaned == ["coroutine"]
    view = attach(tree=tmp_path).view()
    assert [task.state for task in view.tasks] == ["stopped", "stopped"]
    assert view.state == "stopped"


def test_ctrl_c_in_run_stops_every_task_and_is_raised_again(tmp_path: Path) -> None:
    code = (
        "import forkjoin, sys\n"
        "try:\n"
        "    forkjoin.run([forkjoin.Task(id='a', shell='echo begun > begun; sleep 300', writes=(), cwd='')],"
        " tree=sys.argv[1])\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', forkjoin.attach(tree=sys.argv[1]).view().state)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    _until((tmp_path / "begun").exists)
    owner.send_signal(signal.SIGINT)
    said, _ = owner.communicate(timeout=30)
    assert said.split() == ["interrupted", "stopped"]


def test_a_watcher_that_raises_harms_nothing(tmp_path: Path) -> None:
    code = (
        "import forkjoin, sys\n"
        "def bad(event): raise ValueError('the watcher failed')\n"
        "tasks = [forkjoin.Task(id='a', shell='echo hi', writes=())]\n"
        "print(forkjoin.run(tasks, tree=sys.argv[1], on_event=bad).state)\n"
    )
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "completed"
    assert "the watcher failed" in said.stderr


def test_a_supervisor_that_fails_at_once_is_found_in_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    script = "import os, sys\nprint('broken on purpose', file=sys.stderr, flush=True)\nos._exit(3)\n"
    (broken / "sitecustomize.py").write_text(script)
    tree = tmp_path / "tree"
    tree.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(broken))
    started = launch([_shell("a", "echo hi")], tree=tree, detached=True)
    from forkjoin import CannotHere

    with pytest.raises(CannotHere, match=r"supervisor\.log") as caught:
        started.wait(timeout=20)
    log = Path(str(caught.value).rpartition(": ")[2])
    assert "broken on purpose" in log.read_text()
    monkeypatch.delenv("PYTHONPATH")
    assert started.wait(timeout=20).state == "completed"


def test_a_folder_named_forkjoin_in_the_tree_is_not_imported_by_the_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "forkjoin"
    trap.mkdir()
    (trap / "__init__.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    (tmp_path / "msgspec.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    started = launch([_shell("a", "umask; echo hi")], tree=tmp_path, detached=True)
    assert started.wait(timeout=20).state == "completed"
    assert not (tmp_path / "sprung").exists()
    own = os.umask(0o022)
    os.umask(own)
    assert int(started.output("a").text.split()[0], 8) == own, "tasks have the caller's umask, detached or not"


def test_a_run_leaves_no_open_file_and_no_child_behind(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("there is no /proc here")
    run([_shell("warm", "true")], tree=tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        run([_shell("a", "echo hi"), _shell("b", "exit 1")], tree=tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    children = subprocess.run(
        ["ps", "-o", "stat=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    ).stdout
    assert "forkjoin" not in children
    assert "nursery" not in children


def test_a_removed_run_is_gone_from_the_list_and_from_the_repository(repository: Path) -> None:
    started = launch([Task(id="w", shell="echo x >> app.py", writes=["app.py"])], tree=repository)
    started.wait(timeout=60)
    _until(lambda: not started.owned())
    with pytest.raises(PlanError, match=r"w: app\.py"):
        started.remove()
    removed = started.remove(discard=True)
    assert b"+x" in (Path(removed.kept) / "w.patch").read_bytes()
    refs = subprocess.run(
        ["git", "-C", str(repository), "for-each-ref", "refs/forkjoin"], capture_output=True, check=True
    )
    assert refs.stdout == b""
    assert not started.folder.exists()
