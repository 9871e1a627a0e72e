"""One exam for every agent in the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.agents import EndedAttempt, Judgement, Probe, Said, Site, dialect
from forkjoin.model import Call, Completed, Exit, Failed, Place, Process, Stopped, Task, TimedOut, state_of


@pytest.fixture
def site(tmp_path):
    (tmp_path / "a.py").write_text("X = 1\n")
    place = Place(kind="shared", root=str(tmp_path), cwd=str(tmp_path))
    scratch = tmp_path / "scratch"
    return Site(place=place, brief="", scratch=str(scratch), environ={"PATH": "/usr/bin:/bin"}, files=("a.py",))


TASKS = {
    "command": Task(command=["true"]),
    "function": Task(function=lambda: "x"),
    "static": Task(agent="static", task="vulture"),
    "sarif": Task(agent="sarif", task="/none/scan.sarif", output="findings"),
    "claude": Task(agent="claude", task="x"),
    "codex": Task(agent="codex", task="x"),
    "opencode": Task(agent="opencode", task="x"),
    "pi": Task(agent="pi", task="x"),
}
STREAMS = Path(__file__).resolve().parents[1] / "data" / "agents"


def fine(name: str) -> bytes:
    """What an agent prints that ends well."""
    stream = STREAMS / name / "success.ndjson"
    return stream.read_bytes() if stream.exists() else b""


@pytest.mark.parametrize("name", TASKS)
def test_a_dialect_says_its_name_and_whether_it_is_here(name):
    assert dialect(name).name == name
    assert isinstance(dialect(name).answers, bool)
    assert isinstance(dialect(name).probe(), Probe)


@pytest.mark.parametrize("name", TASKS)
def test_an_invocation_is_complete_and_carries_the_tasks_limits(name, site):
    if name == "static":
        pytest.importorskip("vulture")
    asked = dialect(name).invocation(TASKS[name], site)
    assert asked.timeout == TASKS[name].timeout
    if isinstance(asked, Process):
        assert asked.argv
        assert asked.cwd == site.place.cwd
        assert asked.env["PATH"] == site.environ["PATH"]
    else:
        assert isinstance(asked, Call)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("line", [b"", b"\xff\xfe\n", b"{}\n", b"x" * 1_048_576, "\u2028\x00\x1b[".encode()])
def test_any_line_can_be_parsed(name, line):
    assert all(isinstance(said, Said) for said in dialect(name).parse(line))


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(
    ("exit_", "expected"),
    [
        (Exit(how="timeout", wall_s=3.0), TimedOut),
        (Exit(how="idle", wall_s=3.0), TimedOut),
        (Exit(how="stopped", reason="asked"), Stopped),
        (Exit(how="setup", error="no such program"), Failed),
        (Exit(how="exited", signal=9), Failed),
    ],
)
def test_a_bad_end_is_never_completed_and_has_a_reason(name, exit_, expected):
    judged = dialect(name).judge(TASKS[name], EndedAttempt(exit=exit_, stdout=b"fine", returned="fine"))
    assert isinstance(judged, Judgement)
    assert isinstance(judged.outcome, expected)
    assert judged.outcome.reason
    assert state_of(judged.outcome) != "completed"


@pytest.mark.parametrize("name", TASKS)
def test_judging_twice_says_the_same(name):
    ended = EndedAttempt(exit=Exit(how="exited", code=0, cpu_s=0.1), stdout=fine(name), returned=None)
    first = dialect(name).judge(TASKS[name], ended)
    assert first == dialect(name).judge(TASKS[name], ended)
    assert first.outcome == Completed()
    assert first.usage.cpu_s == 0.1
