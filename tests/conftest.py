"""What all tests share: a home of their own, so that nothing of the user's machine is read or written."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from endtoend.preloaded import REAL, Preloaded
from hypothesis import HealthCheck, settings

# On a busy machine an example takes as long as it takes; what a test costs is looked at in bench/.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
# As a command has it: the collector's looks were 7 of 100 parts of what tests in this process cost.
gc.set_threshold(100_000, 20, 20)
# Started in the background of a script or under nohup, a process inherits ignored signals; the tests send some.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

_HANDS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_MARKS = ("FORKJOIN_RUN", "FORKJOIN_TASK", "FORKJOIN_DEPTH", "FORKJOIN_AGENT", "FORKJOIN_MAX_PARALLEL")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put slow tests first, dealt out to the workers by file: none is left for the end, when the others are idle.

    pytest-xdist gives each worker a stretch of the list; tests of one file come one after another in it.
    """
    files = list(dict.fromkeys(item.path for item in items if item.get_closest_marker("slow")))
    hands: list[list[pytest.Item]] = [[] for _ in range(_HANDS)]
    for item in items:
        if item.get_closest_marker("slow"):
            hands[files.index(item.path) % _HANDS].append(item)
    quick = [item for item in items if not item.get_closest_marker("slow")]
    share = -(-len(items) // _HANDS)
    dealt: list[pytest.Item] = []
    for hand in hands:
        rest = max(0, share - len(hand))
        dealt += [*hand, *quick[:rest]]
        quick = quick[rest:]
    items[:] = [*dealt, *quick]


def pytest_collection_finish() -> None:
    """Put what the collection made out of the garbage collector's sight: it was a tenth of what the tests cost."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOME and state folder; returns the state folder."""
    top = tmp_path_factory.mktemp("home")
    state = top / "state"
    monkeypatch.setenv("HOME", str(top))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(top / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(top / "xdg-state"))
    monkeypatch.setenv("FORKJOIN_HOME", str(state))
    for name in _MARKS:
        monkeypatch.delenv(name, raising=False)
    return state


@pytest.fixture(scope="session")
def copy_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[Path], object], Path], None]:
    """Put a repository at a path: `copy_of(make, tree)`. It is made once a worker, for that starts git many times."""
    kept: dict[Callable[[Path], object], Path] = {}

    def copied(make: Callable[[Path], object], tree: Path) -> None:
        if make not in kept:
            made = tmp_path_factory.mktemp("kept") / "tree"
            make(made)
            for sample in (made / ".git" / "hooks").glob("*.sample"):
                sample.unlink()
            kept[make] = made
        shutil.copytree(kept[make], tree, symlinks=True, dirs_exist_ok=True)
        # The index knows files by their inodes, too.
        subprocess.run(["git", "-C", str(tree), "update-index", "-q", "--refresh"], check=True)

    return copied


@pytest.fixture
def repository(tmp_path: Path, copy_of: Callable[[Callable[[Path], object], Path], None]) -> Path:
    """A small git repository with one commit: `app.py`, `docs/guide.md`, `tests/test_app.py`."""
    copy_of(_small_repository, tmp_path / "project")
    return tmp_path / "project"


def _small_repository(tree: Path) -> None:
    for name, text in {
        "app.py": "def add(a, b):\n    return a + b\n",
        "docs/guide.md": "# Guide\n",
        "tests/test_app.py": "from app import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
    }.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git = ("git", "-C", str(tree), "-c", "user.name=A Tester", "-c", "user.email=tester@example.org")
    for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "First"]):
        subprocess.run([*git, *args], check=True, capture_output=True)


@pytest.fixture(scope="session")
def preloaded() -> Iterator[Path]:
    """The program `forkjoin`, forked from a process that has it imported; elsewhere than on Linux the real one."""
    if sys.platform != "linux":
        yield REAL
        return
    with tempfile.TemporaryDirectory(prefix="forkjoin-", dir="/tmp") as folder:  # a socket's path is short
        made = Preloaded(Path(folder))
        yield made.program
        made.close()
