"""A follow-up to an ended task, a retry that goes on, and a broken answer put right: with a stand-in for the agent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from agents.speaking import put_talker

from forkjoin import PlanError, Run, Task, launch
from forkjoin.engine.folder import OwnerLock
from forkjoin.model import Ended, Starting, TaskView

pytestmark = pytest.mark.slow
FINDING = json.dumps({"findings": [{"title": "A hole", "severity": "high", "path": "app.py", "line": 1}]})


@pytest.fixture(autouse=True)
def talker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_talker(tmp_path / "bin", monkeypatch, "claude")


def _ran(tree: Path, orders: str, **more: object) -> Run:
    task = Task(id="t", agent="claude", task=orders, **more)  # type: ignore[arg-type]
    run = launch([task], tree=tree)
    run.wait(timeout=60)
    return run


def _task(run: Run) -> TaskView:
    return run.wait(timeout=60).tasks[0]


def test_a_task_that_asks_rests_until_it_is_answered_in_its_own_workspace(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _ran(repository, "> say Which one should I take?", isolation="worktree")
    first = _task(run)
    assert (first.state, first.changes.files) == ("needs_input", ())
    run.send("t", "> write new.txt yes\n> say The first.")
    second = _task(run)
    assert (second.state, second.attempt, second.session) == ("completed", 2, first.session)
    assert [change.path for change in second.changes.files] == ["new.txt"]
    hook = repository / ".git" / "hooks" / "pre-push"
    hook.write_text("the user's own, between the two")
    run.send("t", "> write more.txt too\n> say And more.")
    third = _task(run)
    assert [change.path for change in third.changes.files] == ["more.txt", "new.txt"]
    assert third.place == second.place
    assert third.state == "completed", "what was changed before it went on is not its doing"
    assert run.output("t").text == "And more."
    assert third.usage.input_tokens == 300
    assert b"more.txt" in run.diff("t")
    with pytest.raises(PlanError, match="empty"):
        run.send("t", " \n")
    monkeypatch.setenv("MY_TOKEN", "abcdef123456")
    with pytest.raises(PlanError, match=r"\$MY_TOKEN"):
        run.send("t", "take abcdef123456 for it")
    hook.unlink()
    run.remove(discard=True)


def test_after_a_stop_what_was_said_and_changed_is_kept_and_a_retry_goes_on(repository: Path) -> None:
    task = Task(id="t", agent="claude", task="> write half.txt 1\n> later Done after all.\n> hang")
    run = launch([task], tree=repository)
    _wait_for(run, "half")
    with pytest.raises(PlanError, match="only ended tasks"):
        run.send("t", "hello")
    run.stop(reason="enough")
    stopped = _task(run)
    assert (stopped.state, run.output("t").text) == ("stopped", "half of it")
    assert [change.path for change in stopped.changes.files] == ["half.txt"]
    run.retry(["t"])
    done = _task(run)
    assert (done.state, run.output("t").text, done.session) == ("completed", "Done after all.", stopped.session)
    assert [change.path for change in done.changes.files] == ["half.txt"]
    assert "enough" in run.brief("t")
    run.retry(["t"], force=True, fresh=True)
    _wait_for(run, "half")
    run.stop(reason="again")
    anew = _task(run)
    assert anew.session != stopped.session


def _wait_for(run: Run, action: str) -> None:
    limit = time.monotonic() + 30
    while (now := run.view().tasks[0]).state != "running" or action not in now.action:
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_broken_answer_gets_one_turn_to_be_put_right(repository: Path) -> None:
    run = _ran(repository, f"> say prose\n> later {FINDING}", output="findings", writes=())
    found = _task(run)
    assert (found.state, found.findings, found.attempt, found.usage.input_tokens) == ("completed", 1, 2, 200)
    run = _ran(repository, "> say app.py:1: a hole, severity high\n> later still prose", output="findings", writes=())
    found = _task(run)
    assert (found.state, found.kind, found.attempt) == ("failed", "contract", 2)
    ends = [one.event for one in run.events() if isinstance(one.event, Ended)]
    assert [(one.repair, one.again) for one in ends] == [(True, True), (False, False)]
    assert sum(isinstance(one.event, Starting) for one in run.events()) == 2
    report = run.report()
    assert [one.form for finding in report.findings for one in finding.sources] == ["prose"]
    assert any("read from prose" in note for note in report.notes)


def test_whom_nobody_can_tell_anything_is_said_with_the_next_step(repository: Path) -> None:
    run = launch([Task(id="c", shell="true", writes=())], tree=repository)
    run.wait(timeout=60)
    with pytest.raises(PlanError, match=rf"command keeps no session .*forkjoin retry --force {run.id}/c"):
        run.send("c", "hello")


def test_a_denied_tool_is_a_failure_that_names_it_and_what_would_allow_it(repository: Path) -> None:
    run = _ran(repository, "> deny rm -rf /\n> say Done anyway.", permission="read-only")
    found = _task(run)
    assert (found.state, found.kind) == ("failed", "permission")
    assert "rm -rf /" in found.why
    assert found.why.endswith("permission: workspace-write in the plan, or --permission workspace-write")


@pytest.mark.parametrize(("status", "why"), [(500, "its last error: status 500"), (0, "nothing came from its model")])
def test_who_asks_a_provider_for_ever_is_ended_at_the_deadline_and_said_to_have(
    repository: Path, status: int, why: str
) -> None:
    found = _task(_ran(repository, f"> refused {status}", timeout=1.5))
    assert (found.state, found.session[:8], found.changes.files) == ("timed_out", "session-", ())
    assert found.why.startswith("not done after 1.5 s; ")
    assert why in found.why


def test_a_terminal_is_opened_when_the_owner_has_tidied_up(repository: Path) -> None:
    run = _ran(repository, "> say Which one should I take?")
    root = Path(run.terminal("t").cwd)
    lock = OwnerLock.take(run._folder)

    def tidy() -> None:
        shutil.rmtree(root.parent)
        lock.release()

    tidying = threading.Timer(0.3, tidy)
    tidying.start()
    assert Path(run.terminal("t").cwd).is_dir()
    tidying.join()
    assert root.is_dir()


def test_a_person_goes_on_in_the_session_on_a_terminal(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _ran(repository, "> say Which one should I take?")
    session = _task(run).session
    monkeypatch.setenv("CLAUDECODE", "1")
    opened = run.terminal("t")
    assert "CLAUDECODE" not in opened.env  # it is a person's session, not one inside that of the agent around us
    root = Path(opened.cwd)  # what held nothing was removed; it is there again now
    assert root.is_dir()
    main, side = os.openpty()
    program = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
    words = (*program, "watch", "--tty", f"{run.id}/t", "-C", str(repository))
    done = subprocess.run(words, stdin=side, stdout=side, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(side)
    said = os.read(main, 65536).decode()
    os.close(main)
    assert done.returncode == 0, done.stderr
    assert f"['--resume', '{session}'] in project on a terminal: True" in said
    assert f'forkjoin send {run.id}/t "..."' in done.stderr
    run.send("t", "> write new.txt 1")
    assert _task(run).place == run.view().tasks[0].place
    command = launch([Task(id="c", shell="true", writes=())], tree=repository)
    command.wait(timeout=60)
    with pytest.raises(PlanError, match="left no session"):
        command.terminal("c")
