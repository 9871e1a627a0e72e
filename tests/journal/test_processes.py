"""The journal between processes: writers at once, a kill, a disk that takes no more."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest

from forkjoin.journal import SqliteJournal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with closing(SqliteJournal.create(path)) as made:
        yield made


WRITER = """
import sys
from pathlib import Path
from forkjoin.journal import SqliteJournal
from forkjoin.model import Progress
name, count = sys.argv[2], int(sys.argv[3])
journal = SqliteJournal.open(Path(sys.argv[1]))
sys.stdin.readline()
last = 0
for n in range(count):
    journal.append([Progress(task=name, attempt=n + 1, text=text) for text in ("one", "two")], at=1.0)
    seq = journal.commit()
    assert seq >= last + 2
    last = seq
"""


def test_processes_that_append_at_once_lose_nothing(journal, path):
    names = ("a", "b", "c")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, name, "100"], stdin=subprocess.PIPE, text=True)
        for name in names
    ]
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    read = [one.event for one in journal.read()]
    assert len(read) == 600
    for name in names:
        assert [event.attempt for event in read if event.task == name] == [n for n in range(1, 101) for _ in (1, 2)]
    # The two events of a commit are neighbours.
    assert all(one.task == two.task for one, two in zip(read[::2], read[1::2], strict=True))


KILLED = """
import os, signal, sys
from pathlib import Path
from forkjoin.journal import SqliteJournal
from forkjoin.model import Progress
journal = SqliteJournal.open(Path(sys.argv[1]))
for n in range(5):
    journal.append([Progress(task="a", attempt=n + 1, text="x")] * 3, at=1.0)
    print(journal.commit(), flush=True)
journal.append([Progress(task="a", attempt=99, text="never")], at=1.0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_committed_outlives_a_kill(journal, path):
    done = subprocess.run([sys.executable, "-c", KILLED, path], capture_output=True, text=True, check=False)
    assert done.returncode == -9
    assert done.stdout.split() == ["3", "6", "9", "12", "15"]
    assert len(list(journal.read())) == 15


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from forkjoin.errors import NoRoom
from forkjoin.journal import SqliteJournal
from forkjoin.model import Progress
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = SqliteJournal.create(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
committed = 0
try:
    while committed < 100_000:
        journal.append([Progress(task="a", attempt=1, text="x" * 1000)] * 10, at=1.0)
        committed = journal.commit()
except NoRoom:
    pass
assert len(list(journal.read())) == committed, "what was committed can be read"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(committed, journal.commit())
"""


def test_a_real_write_that_fails_loses_nothing(path):
    done = subprocess.run([sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    committed, last = map(int, done.stdout.split())
    assert 0 < committed < 1000
    assert last == committed + 10
