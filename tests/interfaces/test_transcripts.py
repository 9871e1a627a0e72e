"""`forkjoin transcripts` as people and programs see it."""

from __future__ import annotations

from pathlib import Path

import pytest
from transcripts.made import ClaudeStream
from transcripts.test_serial import ANSWER, PARTS, one_after_another

SAMPLE = Path(__file__).parent.parent / "data" / "agents" / "claude" / "success.ndjson"


@pytest.fixture
def bad(forkjoin) -> str:
    """A transcript with a finding of each kind, a damaged line and an unknown event."""
    story = ClaudeStream()
    one_after_another(story)
    story.put(type="telepathy", session_id="s-1")
    story.work()
    for name, prompt in PARTS.items():
        story.launch((f"{name}2", prompt), background=True)
        story.wrote(f"{name}2", "docs/\x1b[31mapi.md")
    for name in ("auth2", "search2"):
        story.fetched(name, ANSWER)
    story.end()
    (forkjoin.tree / "bad one.jsonl").write_bytes(b"{torn\n" + story.lines)
    return "bad one.jsonl"


def test_findings_are_told_with_their_cost_and_the_way_out(forkjoin, golden, bad: str) -> None:
    code, out, err = forkjoin("transcripts", bad)
    assert (code, err) == (1, "")
    golden("transcripts.txt", out)
    assert "\x1b" not in out


def test_json_has_a_plan_for_each_finding(forkjoin, bad: str) -> None:
    said = forkjoin.json("transcripts", bad, code=1)
    assert (set(said), said["exit"]) == ({"forkjoin", "files", "findings", "exit"}, "findings")
    assert [one["rule"] for one in said["findings"]] == [
        "serial-fan-out", "two-writers", "never-retrieved",
    ]  # fmt: skip
    assert all(one["plan"]["tasks"] for one in said["findings"])
    assert said["files"][0] | {"lines": 0} == {
        "path": bad, "agent": "claude", "lines": 0, "tasks": 6, "damaged": 1, "unknown": {"telepathy": 1}, "why": "",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["plan.yaml", "plan.json"])
def test_the_saved_plan_passes_the_check(forkjoin, bad: str, name: str) -> None:
    assert forkjoin("transcripts", "--save", name, bad)[0] == 1
    said = forkjoin.json("check", name)
    assert (len(said["tasks"]), len(said["waves"])) == (3, 1)


def test_a_plan_is_not_saved_over_another_nor_where_there_is_none(forkjoin, bad: str) -> None:
    (forkjoin.tree / "plan.yaml").write_text("mine")
    assert forkjoin("transcripts", "--save", "plan.yaml", bad)[0] == 2
    assert (forkjoin.tree / "plan.yaml").read_text() == "mine"
    code, _, err = forkjoin("transcripts", "--save", "other.yaml", str(SAMPLE))
    assert (code, "no fan-out was found" in err) == (2, True)
    assert forkjoin("transcripts", "--save", "other.txt", bad)[0] == 2


def test_a_good_transcript_is_exit_code_0(forkjoin) -> None:
    assert forkjoin("transcripts", str(SAMPLE)) == (0, "1 transcript, 0 tasks, 0 findings\n", "")
