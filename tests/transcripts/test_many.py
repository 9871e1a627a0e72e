"""Sessions with thousands of launches: what is looked at grows with them, and no faster."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from forkjoin.transcripts import Reading, judged
from forkjoin.transcripts.acts import Accepted, Fetched, Launched
from forkjoin.transcripts.folding import Session


def said(kind: str, number: int, **content: Any) -> dict[str, Any]:
    message = {"id": f"{kind}{number}", "content": [content]}
    return {"type": kind, "sessionId": "s", "timestamp": f"2026-01-01T10:{number % 60:02}:00Z", "message": message}


def session(count: int, *, background: bool) -> Iterator[dict[str, Any]]:
    """Launch so many; in the background each is fetched, and the shell is used between."""
    more = {"run_in_background": True} if background else {}
    for one in range(count):
        asked = {"description": f"Part {one}", "prompt": f"Review services/part{one} for errors", **more}
        yield said("assistant", one, type="tool_use", id=f"toolu_{one:06}", name="Task", input=asked)
        text = f"launched.\nagentId: a{one:07x}" if background else "Nothing wrong in here."
        yield said("user", one, type="tool_result", tool_use_id=f"toolu_{one:06}", content=text)
    for one in range(count if background else 0):
        fetch = {"task_id": f"a{one:07x}"}
        yield said("assistant", one, type="tool_use", id=f"f{one}", name="TaskOutput", input=fetch)
        yield said("user", one, type="tool_result", tool_use_id=f"f{one}", content="<status>completed</status>")
        yield said("assistant", one, type="tool_use", id=f"b{one}", name="Bash", input={"command": "ls -la"})


def judging(count: int, *, background: bool) -> tuple[int, int]:
    """Return how many findings there are, and how many functions were called for them."""
    calls = 0

    def counted(frame: Any, event: str, arg: Any) -> None:
        nonlocal calls
        calls += event == "call"

    lines = [json.dumps(line).encode() for line in session(count, background=background)]
    reading = Reading("made")
    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        for line in lines:
            reading.line(line)
        found = judged([reading]).findings
    finally:
        sys.setprofile(before)
    return len(found), calls


@pytest.mark.parametrize("background", [False, True])
def test_four_times_as_many_launches_are_four_times_the_work(background: bool) -> None:
    (found, few), (again, many) = (judging(count, background=background) for count in (100, 400))
    assert found == again == (0 if background else 1)
    assert many < 5 * few


@pytest.mark.parametrize("name", ["h0042", "see /tmp/h0042.output", "xh0042h0007", "h004", "", "h" * 3000 + "0042"])
def test_a_handle_is_known_wherever_it_stands_among_few_and_among_many(name: str) -> None:
    fetched = []
    for many in (100, 5000):
        made = Session()
        for one in range(many):
            made.add(Launched(call=f"c{one}", prompt="x", background=True, message=f"m{one}"), one)
            made.add(Accepted(call=f"c{one}", handles=(f"h{one:04}",)), one)
        made.add(Fetched(names=(name,), text="", over=True), many)
        fetched.append([job.launched.call for job in made.jobs.values() if job.fetched_line is not None][:2])
    assert fetched[0] == fetched[1] == [f"c{one}" for one in (7, 42) if f"h{one:04}" in name]


def test_a_launch_that_stands_there_twice_is_one() -> None:
    made = Session()
    for line in range(3):
        made.add(Launched(call="c", prompt="x", message="m"), line)
    assert [(job.launched.call, job.line) for job in made.jobs.values()] == [("c", 2)]
    assert [job.line for job in made._newest[""]] == [2]
