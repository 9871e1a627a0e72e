"""What is done in a workspace before its task starts: set-ups, ports, files that are carried; real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forkjoin import PlanError, Run, Task, attach, launch, run

pytestmark = pytest.mark.slow


@contextmanager
def _launched(tasks: list[Task], *, tree: Path) -> Iterator[Run]:
    """A run in the background; at the end its driving thread is waited for, which looks at the journal once more."""
    with launch(tasks, tree=tree) as started:
        yield started
        for thread in threading.enumerate():
            if thread.name == f"forkjoin-{started.id}":
                thread.join()


def _files(result: object, task: str) -> tuple[str, ...]:
    return result[task].changes.files  # type: ignore[index,no-any-return]


def test_a_set_up_ends_before_the_task_starts_and_is_none_of_its_work(repository: Path) -> None:
    result = run(
        [
            Task(id="a", setup="sleep 0.2; echo made > made.txt; echo '# set up' >> app.py; rm docs/guide.md",
                 shell="cat made.txt; tail -1 app.py; echo mine > mine.txt", writes=["mine.txt"]),
            Task(id="b", setup="echo '# set up' >> app.py", shell="echo '# more' >> app.py", writes=["app.py"]),
            Task(id="c", setup="echo x > x.txt", shell="echo y > x.txt", writes=["y.txt"]),
        ],
        tree=repository,
    )  # fmt: skip
    assert (result["a"].state, result["a"].answer) == ("completed", "made\n# set up\n")
    assert _files(result, "a") == ("mine.txt",)
    assert (result["b"].state, _files(result, "b")) == ("completed", ("app.py",))
    assert (result["c"].state, result["c"].changes.violations) == ("failed", ("x.txt",))


def test_a_failed_set_up_says_its_last_fifty_lines_and_the_task_never_begins(repository: Path, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    tasks = [
        Task(id="a", setup="for n in $(seq 60); do echo $n >&2; done; exit 7", shell=f"touch {begun}", retries=1),
        Task(id="b", setup="sleep 100", shell=f"touch {begun}", timeout=0.5),
        Task(id="c", setup="if", shell=f"touch {begun}"),
    ]
    with _launched(tasks, tree=repository) as started:
        view = started.wait(timeout=60)
        said = started.output("a").text
    first, second, third = view.tasks
    assert (first.state, first.kind, first.attempt) == ("failed", "setup", 2)
    assert "exit code 7" in first.why
    assert said.split() == [str(n) for n in range(11, 61)]
    assert (second.state, second.kind) == ("failed", "setup")
    assert "it took over" in second.why
    assert (third.state, third.kind) == ("failed", "setup")
    assert not begun.exists()
    assert not list((started.folder.parents[1] / "workspaces" / started.id).glob("[abc]-*")), "nothing was made in them"


@pytest.mark.edits(".gitignore")
def test_setup_once_runs_once_and_each_workspace_has_what_it_made(repository: Path, tmp_path: Path) -> None:
    (repository / ".gitignore").write_text("deps/\n")
    once = (
        f"echo ran >> {tmp_path}/log; sleep 0.3; mkdir -p 'deps/a b'; echo lib > 'deps/a b/lib';"
        " ln -s lib 'deps/a b/link'; echo tool > deps/tool; chmod +x deps/tool;"
        " echo '# once' >> app.py; rm docs/guide.md"
    )
    look = "cat 'deps/a b/link'; test -x deps/tool; tail -1 app.py; test ! -e docs/guide.md; cat s || :"
    look += "; echo mine > $FORKJOIN_TASK"
    tasks = [Task(id=f"t{n}", setup_once=once, shell=f"set -e; {look}", writes=[f"t{n}"]) for n in range(5)]
    tasks.append(Task(id="reader", setup_once=once, setup="echo s > s", shell=f"set -e; {look}; rm reader", writes=[]))
    before = subprocess.check_output(["git", "-C", str(repository), "status", "--porcelain"])
    result = run(tasks, tree=repository, max_parallel=4)
    assert [(task.state, task.reason) for task in result.tasks] == [("completed", "")] * 6
    assert {task.answer for task in result.tasks} == {"lib\n# once\n", "lib\n# once\ns\n"}
    assert [task.changes.files for task in result.tasks] == [*((f"t{n}",) for n in range(5)), ()]
    assert (tmp_path / "log").read_text() == "ran\n"
    assert subprocess.check_output(["git", "-C", str(repository), "status", "--porcelain"]) == before


def test_a_failed_setup_once_fails_its_tasks_and_no_others(repository: Path, tmp_path: Path) -> None:
    once = f"echo ran >> {tmp_path}/log; echo broken; exit 1"
    tasks = [Task(id=f"t{n}", setup_once=once, shell="true") for n in range(4)]
    result = run([*tasks, Task(id="other", shell="echo fine", writes=[])], tree=repository, max_parallel=2)
    assert [(task.state, task.answer) for task in result.tasks] == [("failed", "broken\n")] * 4 + [
        ("completed", "fine\n")
    ]
    assert (tmp_path / "log").read_text() == "ran\n"


@pytest.mark.parametrize("where", ["setup", "setup_once"])
def test_a_set_up_that_is_stopped_ends_with_all_its_processes(repository: Path, tmp_path: Path, where: str) -> None:
    line = f"(trap '' TERM; sleep 300) & echo $! > {tmp_path}/pid; wait"
    tasks = [Task(id=name, shell="true", **{where: line}) for name in ("a", "b")]  # type: ignore[arg-type]
    with _launched(tasks, tree=repository) as started:
        _until((tmp_path / "pid").exists)
        started.stop(reason="enough")
        view = started.wait(timeout=60)
    assert [(task.state, task.why) for task in view.tasks] == [("stopped", "enough")] * 2
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_one_that_led_setup_once_and_is_stopped_leaves_it_to_the_next(repository: Path, tmp_path: Path) -> None:
    once = f"echo ran >> {tmp_path}/log; if [ $(wc -l < {tmp_path}/log) = 1 ]; then sleep 300; fi; echo done > made"
    tasks = [Task(id=name, setup_once=once, shell="cat made", writes=[]) for name in ("a", "b", "c")]
    with _launched(tasks, tree=repository) as started:
        _until((tmp_path / "log").exists)
        leader = next(
            task.id for task in started.view().tasks if (started.folder / "tasks" / task.id / "1/once/lock").exists()
        )
        started.stop(leader, reason="not this one")
        view = started.wait(timeout=60)
    assert sorted(task.state for task in view.tasks) == ["completed", "completed", "stopped"]
    assert (tmp_path / "log").read_text() == "ran\nran\n"


@pytest.mark.parametrize("where", ["setup", "setup_once"])
def test_a_set_up_whose_owner_was_killed_is_adopted_and_not_run_again(
    repository: Path, tmp_path: Path, where: str
) -> None:
    line = f"echo ran >> {tmp_path}/log; while [ ! -e {tmp_path}/go ]; do sleep 0.2; done; echo made > made"
    code = (
        "import sys, forkjoin\n"
        f"tasks = [forkjoin.Task(id='a', {where}={line!r}, shell='cat made; echo w > w', writes=['w'])]\n"
        "print(forkjoin.launch(tasks, tree=sys.argv[1]).id, flush=True)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(repository)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    id_ = owner.stdout.readline().strip()
    _until((tmp_path / "log").exists)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    with attach(id_) as left:
        time.sleep(0.3)
        (tmp_path / "go").touch()
        view = left.wait(timeout=60)
        assert [(task.state, task.why) for task in view.tasks] == [("completed", "")]
        assert left.output("a").text == "made\n"
        assert [change.path for change in view.tasks[0].changes.files] == ["w"]
    assert (tmp_path / "log").read_text() == "ran\n"


def test_each_attempt_has_a_port_of_its_own_that_can_be_bound(repository: Path, tmp_path: Path) -> None:
    listen = (
        "import os, socket, time, pathlib\n"
        "s = socket.socket(); s.bind(('127.0.0.1', int(os.environ['FORKJOIN_PORT']))); s.listen()\n"
        f"here = pathlib.Path({str(tmp_path)!r}); (here / f'up-{{os.environ[\"FORKJOIN_TASK\"]}}').touch()\n"
        "while len(list(here.glob('up-*'))) < 6: time.sleep(0.02)\n"
        "print(os.environ['FORKJOIN_PORT'])\n"
    )
    tasks = [Task(id=f"t{n}", command=[sys.executable, "-c", listen], writes=[], timeout=60) for n in range(3)]
    line = f'[ $(cat p) = $FORKJOIN_PORT ] && {sys.executable} -c "$CODE"'
    env, port = {"CODE": listen}, "echo $FORKJOIN_PORT > p"
    others = [Task(id=f"o{n}", setup=port, shell=line, env=env, timeout=60, writes=[]) for n in range(3)]
    with _launched(tasks, tree=repository) as one, _launched(others, tree=repository) as two:
        views = [one.wait(timeout=90), two.wait(timeout=90)]
        assert [task.state for view in views for task in view.tasks] == ["completed"] * 6
        ports = [
            started.output(task.id).text for started, view in ((one, views[0]), (two, views[1])) for task in view.tasks
        ]
    assert len(set(ports)) == 6


def test_contradictions_of_set_ups_are_refused(repository: Path) -> None:
    with pytest.raises(PlanError, match="isolation: shared"):
        run([Task(id="a", shell="true", writes=[], isolation="shared", setup="true")], tree=repository)
    with pytest.raises(PlanError, match="no workspace to set up"):
        run([Task(id="a", function=lambda: 1, setup="true")], tree=repository)


@pytest.mark.edits(".gitignore", ".env", "noise.log", ".worktreeinclude")
def test_ignored_files_that_look_needed_are_named_once_and_not_copied(repository: Path) -> None:
    (repository / ".gitignore").write_text(".env*\n*.log\n")
    (repository / ".env").write_text("KEY=1\n")
    (repository / ".env.local").write_text("KEY=2\n")
    (repository / "noise.log").write_text("n\n")
    with _launched(
        [Task(id="a", shell="cat .env", carry=[".env"]), Task(id="b", shell="true")], tree=repository
    ) as started:
        view = started.wait(timeout=60)
    [note] = [note for note in view.notes if "look needed" in note]
    assert ".env.local" in note
    assert ".env," not in note
    assert "noise" not in note
    (repository / ".worktreeinclude").write_text(".env\n")
    result = run([Task(id="a", shell="cat .env; cat .env.local", ok_exit=[0, 1])], tree=repository)
    assert result["a"].answer == "KEY=1\n"


def _until(true: object, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"it never came true; load {os.getloadavg()}"
        time.sleep(0.01)
