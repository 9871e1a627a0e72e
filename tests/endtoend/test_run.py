"""The whole way of one run, through the library, with real processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from forkjoin import NotIndependent, Plan, PlanError, Run, Task, UnknownId, attach, launch, run, run_async
from forkjoin.errors import CannotHere
from forkjoin.model import Ended, Recorded

pytestmark = pytest.mark.slow


def _shell(id_: str, line: str, **more: object) -> Task:
    return Task(id=id_, shell=line, writes=(), **more)  # type: ignore[arg-type]


def test_results_come_in_the_order_asked_whatever_ends_first(tmp_path: Path) -> None:
    result = run([_shell("slow", "sleep 0.6; echo slow"), _shell("quick", "echo quick")], tree=tmp_path)
    assert [(task.id, task.state, task.answer.strip()) for task in result.tasks] == [
        ("slow", "completed", "slow"),
        ("quick", "completed", "quick"),
    ]
    assert result.ok
    assert result.account.sum_s > 0.6


def test_tasks_run_at_the_same_time(tmp_path: Path) -> None:
    """Each waits for a file the other makes: one after another would never end."""
    meet = "touch {mine}; while [ ! -e {other} ]; do sleep 0.1; done; echo met"
    result = run(
        [
            _shell("a", meet.format(mine=tmp_path / "a", other=tmp_path / "b"), timeout=20),
            _shell("b", meet.format(mine=tmp_path / "b", other=tmp_path / "a"), timeout=20),
        ],
        tree=tmp_path,
    )
    assert result.ok


def test_a_failure_is_a_result_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    result = run(
        [
            _shell("bad", "echo broken >&2; exit 3"),
            _shell("good", "echo fine"),
            Task(id="no", command=["no-such-x"], writes=()),
        ],
        tree=tmp_path,
    )
    assert result["bad"].state == "failed"
    assert "exit code 3" in result["bad"].reason
    assert "broken" in result["bad"].reason
    assert result["good"].state == "completed"
    assert result["no"].state == "failed"
    assert "no-such-x" in result["no"].reason
    assert result.state == "failed"


def test_a_deadline_ends_a_task_with_its_children(tmp_path: Path) -> None:
    mark = f"marker-{os.getpid()}-{time.time_ns()}"
    result = run([_shell("long", f"(sleep 300; echo {mark}) & sleep 300", timeout=1)], tree=tmp_path)
    assert result["long"].state == "timed_out"
    living = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert mark not in living


def test_function_tasks_run_in_this_process_coroutines_in_the_callers_loop(tmp_path: Path) -> None:
    seen: dict[str, int] = {}

    async def coroutine() -> dict[str, int]:
        seen["coroutine"] = threading.get_ident()
        await asyncio.sleep(0.01)
        return {"answer": 42}

    def plain(task: Task) -> str:
        seen["plain"] = threading.get_ident()
        return f"I am {task.id}"

    def broken() -> None:
        raise ValueError("not today")

    async def main() -> None:
        tasks = [Task(id="c", function=coroutine), Task(id="p", function=plain), Task(id="b", function=broken)]
        result = await run_async(tasks, tree=tmp_path)
        assert result["c"].value == {"answer": 42}
        assert result["p"].answer == "I am p"
        assert result["b"].state == "failed"
        assert "not today" in result["b"].reason
        assert seen["coroutine"] == threading.get_ident() != seen["plain"]

    asyncio.run(main())


def test_run_blocks_but_works_inside_a_running_loop(tmp_path: Path) -> None:
    async def main() -> str:
        return run([_shell("a", "echo hi")], tree=tmp_path)["a"].answer

    assert asyncio.run(main()).strip() == "hi"


def test_a_writer_works_in_its_own_clone_and_its_change_is_harvested(repository: Path) -> None:
    before = (repository / "app.py").read_text()
    started = launch(
        [
            Task(id="writer", shell="echo '# new' >> app.py; echo more > fresh.txt", writes=["app.py", "fresh.txt"]),
            Task(id="other", shell="echo guide >> docs/guide.md", writes=["docs/**"]),
        ],
        tree=repository,
    )
    result = (started.wait(timeout=60), started.result())[1]
    assert result.ok, result
    assert result["writer"].changes.files == ("app.py", "fresh.txt")
    assert result["writer"].wall == "audited"
    assert b"+# new" in started.diff("writer")
    assert Path(started.path("writer"), "fresh.txt").read_text() == "more\n"
    assert (repository / "app.py").read_text() == before
    assert not (repository / "fresh.txt").exists()


def test_a_write_outside_the_declared_ones_is_a_violation_and_is_kept(repository: Path) -> None:
    result = run([Task(id="w", shell="echo x >> app.py; echo y > other.txt", writes=["app.py"])], tree=repository)
    assert result["w"].state == "failed"
    assert result["w"].changes.violations == ("other.txt",)
    assert "other.txt" in result["w"].reason


def test_a_task_behind_a_writer_starts_from_its_changes_and_reads_its_answer(repository: Path) -> None:
    result = run(
        [
            Task(id="first", shell="echo made > made.txt; echo the-answer-of-first", writes=["made.txt"]),
            Task(id="then", shell="cat made.txt; cat", writes=[], after=["first"]),
            Task(id="also", shell="cat made.txt >> app.py", writes=["app.py"], reads=["made.txt"]),
        ],
        tree=repository,
    )
    assert result.ok, result
    assert result["then"].answer.startswith("made\n")
    assert "the-answer-of-first" in result["then"].answer
    assert result["also"].changes.files == ("app.py",)


def test_what_needs_a_failed_task_is_blocked_and_says_by_whom(tmp_path: Path) -> None:
    result = run([_shell("a", "exit 1"), _shell("b", "echo b", after=["a"])], tree=tmp_path)
    assert result["b"].state == "blocked"
    assert "a" in result["b"].reason


def test_changes_of_two_predecessors_that_do_not_merge_block_their_successor(repository: Path) -> None:
    write = "echo {word} > app.py"
    result = run(
        Plan(
            policy="trust",
            tasks=[
                Task(id="a", shell=write.format(word="one"), writes=["app.py"]),
                Task(id="b", shell=write.format(word="two"), writes=["app.py"]),
                Task(id="c", shell="cat app.py", writes=[], after=["a", "b"]),
            ],
        ),
        tree=repository,
    )
    assert result["c"].state == "blocked"
    assert "app.py" in result["c"].reason


def test_strict_refuses_what_is_not_independent_and_starts_nothing(repository: Path, home: Path) -> None:
    tasks = [Task(id=name, shell="echo x >> app.py", writes=["app.py"]) for name in ("a", "b")]
    with pytest.raises(NotIndependent, match=r"app\.py"):
        run(Plan(policy="strict", tasks=tasks), tree=repository)
    assert not (home / "runs").exists()


def test_any_process_reads_a_detached_run_at_any_time(tmp_path: Path) -> None:
    started = launch([_shell("a", "sleep 0.5; echo done"), _shell("b", "exit 4")], tree=tmp_path, detached=True)
    code = (
        "import forkjoin, sys\n"
        "run = forkjoin.attach(sys.argv[1])\n"
        "out = run.output('a', timeout=30)\n"
        "print(out.status, out.text.strip(), run.output('b').task.state)\n"
    )
    for _ in range(2):
        said = subprocess.run([sys.executable, "-c", code, started.id], capture_output=True, text=True, check=True)
        assert said.stdout.split() == ["success", "done", "failed"]
    assert attach(started.id).wait(timeout=20).state == "failed"


def test_an_answer_is_read_in_parts_and_an_unknown_task_lists_the_known(tmp_path: Path) -> None:
    started = launch([_shell("a", "printf 0123456789")], tree=tmp_path)
    first = started.output("a", max_chars=4)
    assert (first.text, first.next_offset, first.total_chars) == ("0123", 4, 10)
    assert started.output("a", max_chars=100, offset=4).text == "456789"
    with pytest.raises(UnknownId, match=r"known: a \("):
        started.output("zzz")


def test_output_of_a_running_task_says_so_and_honours_its_timeout(tmp_path: Path) -> None:
    started = launch([_shell("a", "echo begun; sleep 30")], tree=tmp_path, detached=True)
    assert started.output("a", timeout=0).status == "not_ready"
    began = time.monotonic()
    assert started.output("a", timeout=0.5).status == "timeout"
    assert time.monotonic() - began < 5
    started.stop(reason="enough")
    assert started.wait(timeout=20).state == "stopped"


def test_a_stop_from_another_process_ends_the_tree_and_keeps_the_reason(tmp_path: Path) -> None:
    mark = f"marker-{os.getpid()}-{time.time_ns()}"
    started = launch([_shell("a", f"setsid sh -c 'sleep 300; echo {mark}' & sleep 300")], tree=tmp_path, detached=True)
    _until(lambda: started.view().tasks[0].state == "running")
    attach(started.id).stop(["a"], reason="no longer wanted")
    view = started.wait(timeout=20)
    assert (view.tasks[0].state, view.tasks[0].why) == ("stopped", "no longer wanted")
    living = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert mark not in living


def test_a_retry_runs_only_what_was_asked_again(tmp_path: Path) -> None:
    log, flag = tmp_path / "log", tmp_path / "flag"
    tasks = [_shell("ok", f"echo ok >> {log}"), _shell("flaky", f"echo flaky >> {log}; test -e {flag}")]
    started = launch(tasks, tree=tmp_path)
    assert started.wait(timeout=20).state == "failed"
    flag.touch()
    with pytest.raises(PlanError, match="force"):
        started.retry(["ok"])
    started.retry(["flaky"])
    _until(lambda: started.view().state == "completed")
    assert sorted(log.read_text().split()) == ["flaky", "flaky", "ok"]


def test_events_come_in_order_each_once_and_a_failing_watcher_harms_nothing(tmp_path: Path) -> None:
    seen: list[Recorded] = []
    result = run([_shell(f"t{n}", "true") for n in range(5)], tree=tmp_path, on_event=seen.append)
    assert result.ok
    numbers = [recorded.seq for recorded in seen]
    assert numbers == list(range(1, len(numbers) + 1))
    assert sum(isinstance(recorded.event, Ended) for recorded in seen) == 5


def test_the_todo_list_shows_several_in_progress_and_the_join_behind_them(tmp_path: Path) -> None:
    started = launch([_shell("a", "sleep 30"), _shell("b", "sleep 30")], tree=tmp_path, detached=True)
    _until(lambda: [todo.status for todo in started.todo()].count("in_progress") == 2)
    assert [todo.status for todo in started.todo()] == ["in_progress", "in_progress", "pending"]
    assert started.todo()[-1].content == "Synthesize results"
    started.stop(reason="seen")
    started.wait(timeout=20)


def test_runs_do_not_nest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import forkjoin; forkjoin.run([forkjoin.Task(id='in', shell='echo nested', writes=())])"
    result = run([Task(id="outer", command=[sys.executable, "-c", code], writes=())], tree=tmp_path)
    assert result["outer"].state == "failed"
    assert "do not nest" in result["outer"].reason or "nest (depth 0)" in result["outer"].reason


def test_at_most_so_many_run_at_once(tmp_path: Path) -> None:
    count = "echo start >> {log}; sleep 0.2; echo end >> {log}"
    log = tmp_path / "log"
    run([_shell(f"t{n}", count.format(log=log)) for n in range(6)], tree=tmp_path, max_parallel=2)
    running = peak = 0
    for word in log.read_text().split():
        running += 1 if word == "start" else -1
        peak = max(peak, running)
    assert peak == 2


def test_a_first_failure_ends_everything_when_asked(tmp_path: Path) -> None:
    plan = Plan(fail_fast=True, tasks=[_shell("bad", "exit 1"), _shell("long", "sleep 60")])
    result = run(plan, tree=tmp_path)
    assert result["long"].state in ("stopped", "skipped")
    assert "bad" in result["long"].reason


def _until(true: object, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_a_run_left_in_this_process_goes_on_under_a_detached_owner(tmp_path: Path) -> None:
    started: Run = launch([_shell("a", "sleep 1.5; echo end")], tree=tmp_path)
    _until(lambda: started.view().tasks[0].state == "running")
    started.hand_over()
    assert started.wait(timeout=20).state == "completed"
    assert started.output("a").text.strip() == "end"


def test_a_function_cannot_be_detached(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="caller's process"):
        launch([Task(id="f", function=print)], tree=tmp_path, detached=True)


def test_a_prompt_without_an_agent_says_what_can_be_done(tmp_path: Path) -> None:
    with pytest.raises(CannotHere, match="no agent"):
        run([Task(id="p", task="Improve everything")], tree=tmp_path)
