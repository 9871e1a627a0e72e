from __future__ import annotations

import resource
from pathlib import Path

import pytest

from forkjoin.engine import launch, prepared, refuse_dependent, settings_from
from forkjoin.engine.preparing.prepare import Overrides, Prepared
from forkjoin.errors import CannotHere, NotIndependent, PlanError, UnknownId
from forkjoin.model import Plan, Task
from forkjoin.testing import FakeDialect


def ready(tree: Path, *tasks: Task, policy: str = "isolate", **flags: object) -> Prepared:
    plan = Plan(tasks=tasks, policy=policy)  # type: ignore[arg-type]
    return prepared(plan, settings=settings_from({}, tree), tree=tree, overrides=Overrides(**flags))  # type: ignore[arg-type]


def refused(tree: Path, home: Path, made: Prepared, **environ: str) -> None:
    """Launch it, which must raise and leave nothing behind."""
    try:
        launch(made, settings=settings_from({"FORKJOIN_HOME": str(home)}, tree), environ=environ)
    finally:
        assert not (home / "runs").exists()


def test_a_check_needs_no_agent_but_a_launch_does(tmp_path: Path, home: Path) -> None:
    made = ready(tmp_path, Task(id="p", task="Improve src/a.py"))
    assert [claims.id for claims in made.check.tasks] == ["p"]
    with pytest.raises(CannotHere, match="no agent was chosen for task 'p'"):
        refused(tmp_path, home, made)


def test_a_process_that_may_open_few_files_more_is_told_how_to_allow_more(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ready(tmp_path, Task(id="p", task="x", agent=FakeDialect(), writes=[]))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (16, 16))
    with pytest.raises(CannotHere, match="ulimit -n 1024"):
        refused(tmp_path, home, made)


@pytest.mark.parametrize("said", [{"task": "use h1-Jk2!x9 there"}, {"shell": "curl -u me:h1-Jk2!x9 example.org"}])
def test_a_secret_of_the_environment_in_a_plan_is_named_and_nothing_is_kept(
    tmp_path: Path, home: Path, said: dict[str, str]
) -> None:
    made = ready(tmp_path, Task(id="other", shell="true"), Task(id="p", writes=[], **said))
    with pytest.raises(PlanError, match=r"task p: the plan holds the value of your \$DB_PASSWORD.*nothing was started"):
        refused(tmp_path, home, made, DB_PASSWORD="h1-Jk2!x9")


def test_a_path_that_no_journal_could_keep_is_said(tmp_path: Path, home: Path) -> None:
    made = ready(tmp_path, Task(id="p", shell="true", writes=["a\udcff"]))
    with pytest.raises(PlanError, match=r"holds 'a\\udcff', which is not valid UTF-8.*nothing was started"):
        refused(tmp_path, home, made)


def test_an_unknown_agent_lists_the_known(tmp_path: Path, home: Path) -> None:
    with pytest.raises(
        UnknownId, match="no agent 'nobody'; known: claude, codex, opencode, pi, command, function, static"
    ):
        refused(tmp_path, home, ready(tmp_path, Task(id="p", task="x", agent="nobody", writes=[])))


def test_a_coding_agent_that_is_not_here_is_said_with_the_way_to_install_it(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotHere, match="the program of agent codex is not here; npm install -g @openai/codex"):
        refused(tmp_path, home, ready(tmp_path, Task(id="p", task="x", agent="codex", writes=[])))


def test_a_coding_agent_that_nobody_here_drives_is_said_to_come_later(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "goose"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    with pytest.raises(CannotHere, match="does not drive goose yet"):
        refused(tmp_path, home, ready(tmp_path, Task(id="p", task="x", agent="goose", writes=[])))


def test_an_unknown_analyser_is_named_before_anything_starts(tmp_path: Path, home: Path) -> None:
    with pytest.raises(UnknownId, match=r"no analyser 'nonsense'.*bandit"):
        refused(tmp_path, home, ready(tmp_path, Task(id="s", task="nonsense", agent="static", writes=[])))


def test_a_writer_in_the_shared_tree_is_refused(tmp_path: Path, home: Path) -> None:
    with pytest.raises(PlanError, match="isolation: shared"):
        refused(tmp_path, home, ready(tmp_path, Task(id="w", shell="x", isolation="shared")))


def test_writers_without_git_are_refused_readers_are_not(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotHere, match=r"no git program.*w may write"):
        refused(tmp_path, home, ready(tmp_path, Task(id="w", shell="x"), Task(id="r", shell="x", writes=[])))
    made = ready(tmp_path, Task(id="r", shell="x", writes=[]))
    run = launch(made, settings=settings_from({"FORKJOIN_HOME": str(home)}, tmp_path), environ={})
    assert run.tasks == ("r",)
    run.close()


def test_a_run_inside_a_task_is_refused(tmp_path: Path, home: Path) -> None:
    made = ready(tmp_path, Task(id="a", shell="x", writes=[]))
    with pytest.raises(CannotHere, match="task t of run r, and runs do not nest"):
        refused(tmp_path, home, made, FORKJOIN_DEPTH="1", FORKJOIN_TASK="t", FORKJOIN_RUN="r")


def test_strict_names_a_real_conflict_before_a_declared_order(tmp_path: Path) -> None:
    tasks = (
        Task(id="a", shell="x", writes=["one"]),
        Task(id="b", shell="x", writes=["two"], after=["a"]),
        Task(id="c", shell="x", writes=["two"]),
    )
    with pytest.raises(NotIndependent, match=r"^b and c: "):
        refuse_dependent(ready(tmp_path, *tasks, policy="strict"))
    refuse_dependent(ready(tmp_path, *tasks))


def test_outside_git_unknown_writers_run_side_by_side_in_copies(tmp_path: Path) -> None:
    made = ready(tmp_path, *(Task(id=name, shell="x") for name in "abc"))
    assert made.clonable
    assert made.check.edges == ()
    assert made.check.unknown == ("a", "b", "c")


def test_the_ideal_knows_the_cores_that_tasks_burn(tmp_path: Path) -> None:
    burning = tuple(Task(id=f"t{n}", shell="x", writes=[], cpu=1) for n in range(8))
    made = ready(tmp_path, *burning)
    assert made.check.ideal_speedup == min(8.0, made.options.cores)
    assert ready(tmp_path, *burning, max_parallel=1).check.ideal_speedup == 1.0


def test_an_agent_that_is_an_object_needs_no_name_in_the_table(tmp_path: Path, home: Path) -> None:
    made = ready(tmp_path, Task(id="o", task="x", agent=FakeDialect(), writes=[]))
    launch(made, settings=settings_from({"FORKJOIN_HOME": str(home)}, tmp_path), environ={}).close()


def test_each_agent_is_looked_up_once_however_many_tasks_name_it(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("forkjoin.engine.launching.refusing.dialect", asked.append)
    made = ready(tmp_path, *(Task(id=f"t{n}", shell="x", writes=[]) for n in range(100)))
    launch(made, settings=settings_from({"FORKJOIN_HOME": str(home)}, tmp_path), environ={}).close()
    assert asked == ["command"]
