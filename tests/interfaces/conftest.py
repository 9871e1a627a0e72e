"""Runs made up for what shows them, and golden files."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forkjoin.model import ENDED, Edge, RunView, Task, TaskView

START = 1_700_000_000.0
GOLDEN = Path(__file__).parent.parent / "golden" / "cli"
PROGRAM = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")


class Door:
    """The command line in an empty folder: `door("ls")` returns exit code, stdout, stderr."""

    def __init__(self, tree: Path, capsys: pytest.CaptureFixture[str], preloaded: Callable[[], Path]) -> None:
        self.tree, self._capsys, self._preloaded = tree, capsys, preloaded
        self.program = shlex.join(PROGRAM)

    def __call__(self, *argv: str) -> tuple[int, str, str]:
        from forkjoin.interfaces.cli.main import answered

        code = answered(argv)
        return code, *self._capsys.readouterr()

    def json(self, *argv: str, code: int = 0) -> Any:
        """Return the one JSON object that a command line prints; its exit code must be *code*."""
        said = self(*argv, "--json")
        assert said[0] == code, said
        value = json.loads(said[1])
        assert value["forkjoin"] == 1
        return value

    def plan(self, *tasks: dict[str, Any], name: str = "plan.json", **more: Any) -> str:
        """Write a plan beside the tree and return its path."""
        path = self.tree.parent / name
        path.write_text(json.dumps({"tasks": list(tasks), **more}))
        return str(path)

    def process(self, *argv: str, **more: Any) -> subprocess.Popen[str]:
        """Start it as a process of its own, with pipes for what is not given."""
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([*PROGRAM, *argv], cwd=self.tree, **(given | more))

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line of bash in which `forkjoin` is this command line, preloaded."""
        before = f'forkjoin() {{ {shlex.quote(str(self._preloaded()))} "$@"; }}\n'
        return subprocess.run(
            ["bash", "-c", before + line], cwd=self.tree, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
def forkjoin(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Door:
    """The command line, in an empty folder."""
    tree = tmp_path / "tree"
    tree.mkdir()
    monkeypatch.chdir(tree)
    for mark in ("CLAUDECODE", "CODEX_THREAD_ID", "CODEX_SANDBOX", "OPENCODE", "CURSOR_AGENT"):
        monkeypatch.delenv(mark, raising=False)
    return Door(tree, capsys, lambda: request.getfixturevalue("preloaded"))


@pytest.fixture(scope="session")
def over(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run that is over, made once a worker: a folder with its `tree` and `state`, and its id."""
    top = tmp_path_factory.mktemp("ended") / "kept"
    place = top.parent / "here"  # where it is put for each test: what a run remembers is absolute
    (place / "tree").mkdir(parents=True)
    hostile = r"printf '\033[31mred\033]0;title\007 end\n'"
    tasks = [
        {"id": "good", "shell": f"echo answer; {hostile}", "writes": []},
        {"id": "bad", "shell": "echo broken >&2; exit 4", "writes": []},
        {"id": "writer", "shell": "echo new > made.txt", "writes": ["made.txt"]},
    ]
    plan = place / "three.json"
    plan.write_text(json.dumps({"name": "three", "tasks": tasks}))
    done = subprocess.run(
        [*PROGRAM, "run", str(plan), "--json"], cwd=place / "tree", capture_output=True, check=False,
        env=os.environ | {"FORKJOIN_HOME": str(place / "state")},
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    place.rename(top)
    return top, str(json.loads(done.stdout)["run"])


@pytest.fixture
def ended(forkjoin: Door, over: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A run that is over: one task answered, one failed, one changed a file. Returns its id.

    The tree and the state folder are put back for each test as they were when it ended.
    """
    kept, run = over
    place = kept.parent / "here"
    shutil.rmtree(place, ignore_errors=True)  # a process of the test before may have made some of it anew
    shutil.copytree(kept, place, symlinks=True, dirs_exist_ok=True)
    monkeypatch.setenv("FORKJOIN_HOME", str(place / "state"))
    monkeypatch.chdir(place / "tree")
    forkjoin.tree = place / "tree"
    yield run
    used = place.rename(kept.parent / "used")  # in one step: what still wrote there would find no folder
    shutil.rmtree(used, ignore_errors=True)


@pytest.fixture
def a_task() -> Callable[..., TaskView]:
    """Make a task as it stands: `a_task("auth", "running", began=2, ended=5, action="...")`, times after the start."""

    def make(id_: str, state: str = "queued", *, began: float | None = None, ended: float | None = None, **more: Any):
        task = Task(id=id_, shell="true", description=more.pop("description", id_), agent=more.pop("agent", None))
        started = None if began is None else START + began
        over = START + ended if ended is not None else (None if state not in ENDED or began is None else START + 60)
        return TaskView(task=task, number=more.pop("number", 1), state=state, started=started, ended=over, **more)

    return make


@pytest.fixture
def a_run() -> Callable[..., RunView]:
    """Make a run as it stands: `a_run([task, ...], edges=[("auth", "docs")])`; tasks are numbered here."""

    def make(tasks: list[TaskView], *, edges: list[tuple[str, str]] = (), **more: Any) -> RunView:
        import msgspec

        numbered = tuple(msgspec.structs.replace(task, number=at) for at, task in enumerate(tasks, 1))
        known = {"run": "k3f9x2", "name": "harden", "goal": "", "state": "running", "started": START, "ended": None}
        known |= {"tree": "/tree", "repository": "/tree", "seq": 1}
        ordered = tuple(Edge(first=a, then=b, kind="after") for a, b in edges)
        return RunView(**(known | {"tasks": numbered, "edges": ordered} | more))

    return make


@pytest.fixture
def five(a_task: Callable[..., TaskView], a_run: Callable[..., RunView]) -> RunView:
    """Five tasks in five states, one waiting for another."""
    return a_run(
        [
            a_task("auth", "running", began=0.1, action="pytest -q tests/auth"),
            a_task("billing", "completed", began=0.1, ended=42.0, findings=2),
            a_task("search", "failed", began=0.1, ended=3.5, why="exit code 1: no such index"),
            a_task("docs", "queued", why="waits for auth: both write docs/auth.md"),
            a_task(
                "a-task-with-a-very-long-identifier-indeed", "needs_input", began=1, ended=20, why="changed nothing"
            ),
        ],
        edges=[("auth", "docs")],
    )


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with its golden file; with FORKJOIN_GOLDEN=update it is written anew."""

    def same(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("FORKJOIN_GOLDEN") == "update":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return same
