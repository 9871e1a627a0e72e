"""Results that nobody retrieved, files that two tasks wrote, and files that cannot be read well."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from transcripts.made import STORIES, ClaudeSession, ClaudeStream, CodexSession, CodexStream, OpenCodeStream
from transcripts.test_serial import ANSWER, PARTS, one_after_another, read

from forkjoin.transcripts import Reading, judged

SAMPLES = Path(__file__).parent.parent / "data" / "agents"
IN_THE_BACKGROUND = [ClaudeStream, ClaudeSession, CodexStream, CodexSession]


@pytest.mark.parametrize("kind", IN_THE_BACKGROUND)
def test_a_result_that_nothing_retrieves_is_a_finding(kind) -> None:
    story = kind()
    story.launch(*PARTS.items(), background=True)
    story.later(30)
    story.fetched("auth", ANSWER)
    story.fetched("search", ANSWER)
    story.end()
    (finding,) = read(story).findings
    assert finding.rule == "never-retrieved"
    assert finding.plan["tasks"][0]["task"] == PARTS["billing"]


@pytest.mark.parametrize("kind", IN_THE_BACKGROUND)
def test_what_is_retrieved_is_no_finding(kind) -> None:
    story = kind()
    story.launch(*PARTS.items(), background=True)
    for name in PARTS:
        story.fetched(name, ANSWER)
    story.end()
    assert read(story).findings == ()


@pytest.mark.parametrize("kind", [ClaudeStream, CodexStream])
def test_a_stream_that_was_cut_says_nothing_of_what_was_not_retrieved(kind) -> None:
    story = kind()
    story.launch(*PARTS.items(), background=True)
    assert read(story).findings == ()


def test_a_try_that_was_not_ready_is_no_retrieval() -> None:
    story = ClaudeStream()
    story.launch(("auth", PARTS["auth"]), background=True)
    story.call("TaskOutput", "<retrieval_status>not_ready</retrieval_status>", task_id="agentauth", block=False)
    story.end()
    assert [one.rule for one in read(story).findings] == ["never-retrieved"]


@pytest.mark.parametrize("how", ["notification", "queue", "system", "read", "shell", "stop"])
def test_a_result_may_come_in_other_ways(how: str) -> None:
    story = ClaudeSession() if how == "queue" else ClaudeStream()
    story.launch(("auth", PARTS["auth"]), background=True)
    note = "<task-notification>\n<task-id>agentauth</task-id>\n<status>completed</status>\n</task-notification>"
    match how:
        case "notification":
            story.user(note)
        case "queue":
            story.put(type="queue-operation", operation="enqueue", content=note, sessionId="s-1", timestamp=story.iso)
        case "system":
            story.put(
                type="system", subtype="task_notification", tool_use_id="toolu_auth", session_id="s-1", task_id="x"
            )
        case "read":
            story.call("Read", ANSWER, file_path="/tmp/tasks/agentauth.output")
        case "shell":
            story.call("Bash", ANSWER, command="tail -50 /tmp/tasks/agentauth.output")
        case "stop":
            story.call("TaskStop", "stopped", task_id="agentauth")
    story.end()
    assert read(story).findings == ()


def test_two_tasks_side_by_side_that_wrote_one_file_are_a_finding() -> None:
    story = ClaudeStream()
    story.launch(*PARTS.items())
    for name in ("auth", "search"):
        story.wrote(name, "docs/api.md")
    story.wrote("billing", "docs/billing.md")
    for name in PARTS:
        story.ended(name, ANSWER)
    story.end()
    (finding,) = read(story).findings
    assert (finding.rule, finding.files) == ("two-writers", ("docs/api.md",))
    assert [task.call for task in finding.tasks] == ["toolu_auth", "toolu_search"]
    assert finding.plan["tasks"][0]["writes"] == ["docs/api.md"]


def test_what_a_subagent_wrote_may_stand_in_a_file_of_its_own() -> None:
    story = ClaudeSession()
    story.launch(*PARTS.items(), background=True)
    children = []
    for name in ("auth", "billing"):
        child = ClaudeSession()
        child.call("Edit", "ok", file_path="/w/app.py")
        for record in child.records[1:]:
            record |= {"isSidechain": True, "agentId": f"agent{name}"}
        child.records.pop(0)
        children.append(child)
    for name in PARTS:
        story.fetched(name, ANSWER)
    report = read(*children, story)
    assert [(one.rule, one.files) for one in report.findings] == [("two-writers", ("/w/app.py",))]
    assert "writes" not in report.findings[0].plan["tasks"][0]  # where /w lies is not told


def test_codex_threads_are_joined_by_their_ids() -> None:
    story = CodexSession()
    story.launch(*PARTS.items())
    children = []
    for name in ("auth", "billing"):
        child = CodexSession()
        child.records[0]["payload"]["id"] = f"0199-{name}"
        child.item(
            type="custom_tool_call", name="apply_patch", call_id="c", input="*** Begin Patch\n*** Update File: a.py\n"
        )
        children.append(child)
    for name in PARTS:
        story.ended(name, ANSWER)
    assert [one.files for one in read(story, *children).findings] == [("a.py",)]


def test_side_chains_of_older_sessions_belong_to_the_task_whose_words_they_begin_with() -> None:
    story = ClaudeSession()
    story.launch(*PARTS.items())
    for name in ("auth", "search"):
        story.line("user", PARTS[name], owner="x")
        story.records[-1] |= {"parentUuid": None}
        story.line(
            "assistant",
            [{"type": "tool_use", "id": f"w{name}", "name": "Write", "input": {"file_path": "one.md"}}],
            owner="x",
        )
        story.records[-1] |= {"parentUuid": story.records[-2]["uuid"]}
    for name in PARTS:
        story.ended(name, ANSWER)
    assert [one.files for one in read(story).findings] == [("one.md",)]


@pytest.mark.parametrize(
    "sample", sorted(SAMPLES.glob("*/*.ndjson")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_recorded_streams_are_known_whole_and_without_findings(sample: Path) -> None:
    reading = Reading(sample.name)
    lines = sample.read_bytes().split(b"\n")
    for line in lines:
        reading.line(line)
    report = judged([reading])
    (file,) = report.files
    assert (report.findings, file.agent) == ((), sample.parent.name)
    torn = sum(1 for line in lines if line.strip() and not _whole(line))
    assert (file.unknown, file.damaged, file.lines) == ({}, torn, sum(1 for line in lines if line.strip()))


def _whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def test_damage_is_counted_and_the_rest_is_read() -> None:
    story = ClaudeStream()
    one_after_another(story)
    lines = story.lines.split(b"\n")
    broken = [b"\xff\xfe not json", b"[1, 2]", b"", b"{" * 5_000, *lines, lines[3][: len(lines[3]) // 2]]
    reading = Reading("x")
    for line in broken:
        reading.line(line)
    report = judged([reading])
    assert (report.files[0].damaged, len(report.findings)) == (4, 1)


def test_a_line_that_cannot_be_read_may_have_said_anything() -> None:
    """So nothing is said of what it could have changed: what came between two tasks, and what was retrieved."""
    story = ClaudeStream()
    one_after_another(story)
    lines = story.lines.rstrip(b"\n").split(b"\n")
    answers = [number for number, line in enumerate(lines) if b"tool_result" in line]
    reading = Reading("x")
    for number, line in enumerate(lines):
        reading.line(line)
        if number in answers:
            reading.line(b"\xff\xfe")
    assert judged([reading]).findings == ()

    story = ClaudeStream()
    story.launch(("auth", PARTS["auth"]), background=True)
    for torn in (b"", b"{"):
        reading = Reading("x")
        for line in [*story.lines.split(b"\n"), torn]:
            reading.line(line)
        story_end = ClaudeStream()
        story_end.records = []
        story_end.end()
        reading.line(story_end.lines)
        assert [one.rule for one in judged([reading]).findings] == ([] if torn else ["never-retrieved"])


def test_half_a_character_makes_no_line_unreadable() -> None:
    """Agents that cut texts by UTF-16 write it."""
    story = ClaudeStream()
    story.launch(("auth", PARTS["auth"]), background=True)
    story.fetched("auth", "Nothing wrong. \ud83d")
    story.end()
    report = read(story)
    assert b"\\ud83d" in story.lines
    assert (report.findings, report.files[0].damaged) == ((), 0)


def test_unknown_events_are_counted_by_their_kind() -> None:
    story = OpenCodeStream()
    one_after_another(story)
    story.records.insert(2, {"type": "telepathy", "sessionID": "ses_1"})
    story.records.insert(2, {"type": "telepathy", "sessionID": "ses_1"})
    report = read(story)
    assert (report.files[0].unknown, len(report.findings)) == ({"telepathy": 2}, 1)


@pytest.mark.parametrize("kind", STORIES)
def test_records_of_any_shape_are_borne(kind) -> None:
    """Each value of each record is replaced by others in turn: nothing raises."""
    story = kind()
    one_after_another(story)
    whole = story.lines.strip()
    rows = [json.loads(whole)] if whole.startswith(b"{\n") else [json.loads(line) for line in whole.split(b"\n")]
    for wrong in (None, [], {}, "x", 7, [{"type": []}], {"type": 3}):
        for key in {key for row in rows for key in row}:
            reading = Reading("x")
            reading.line(json.dumps(rows[0]).encode())
            for row in rows:
                reading.line(json.dumps({**row, key: wrong}).encode())
            judged([reading])


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"item.completed","item":{"id":"1","type":"collab_tool_call","tool":"wait","agents_states":5}}',
        b'{"type":"response_item","payload":{"type":"function_call","name":"shell","call_id":"1",'
        b'"arguments":"{\\"command\\": 5}"}}',
        b'{"type":"response_item","timestamp":1' + b"0" * 400 + b',"payload":{"type":"message","content":"x"}}',
    ],
    ids=["states", "command", "time"],
)
def test_a_value_of_another_type_than_expected_is_no_error(line: bytes) -> None:
    reading = Reading("x.jsonl")
    for one in (b'{"type":"session_meta","payload":{"id":"a"}}', line):
        reading.line(one)
    assert judged([reading]).files[0].lines == 2


def test_a_command_of_empty_lines_is_read_in_no_time() -> None:
    """Each of them could have begun the start of an agent: it took minutes."""
    story = CodexSession()
    story.call("shell", {"command": "\n" * 20_000})
    before = time.process_time()
    assert read(story).findings == ()
    assert time.process_time() - before < 2.0


def test_an_agent_that_is_started_behind_a_long_script_counts_as_in_the_background() -> None:
    reading = Reading("x.jsonl")
    script = "codex exec 'look'" + " # and so on" * 3_000 + " &"
    given = json.dumps({"command": script})
    for one in (
        {"type": "session_meta", "payload": {"id": "a"}},
        {"type": "response_item", "payload": {"type": "function_call", "name": "shell", "call_id": "1",
                                              "arguments": given}},
    ):  # fmt: skip
        reading.line(json.dumps(one).encode())
    (job,) = reading.session.jobs.values()
    assert job.background
