"""Tasks that ran one after another: found where nothing of one stood in the next, and only there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from transcripts.made import STORIES, ClaudeSession, ClaudeStream, CodexStream, PiStream, Story

from forkjoin.model import TranscriptFinding, TranscriptReport
from forkjoin.transcripts import Reading, judged

every_agent = pytest.mark.parametrize("story", STORIES, indirect=True)
PARTS = {name: f"Review services/{name} for missing checks of input" for name in ("auth", "billing", "search")}
ANSWER = "No problem: every handler checks what it is given."


@pytest.fixture
def story(request: pytest.FixtureRequest) -> Story:
    """An empty transcript."""
    kind: type[Story] = request.param
    return kind()


def read(*stories: Story) -> TranscriptReport:
    readings = []
    for number, story in enumerate(stories):
        reading = Reading(f"{number}.jsonl")
        whole = story.lines
        for line in [whole] if whole.startswith(b"{\n") else whole.split(b"\n"):
            reading.line(line)
        readings.append(reading)
    return judged(readings)


def one_after_another(story: Story, *, between: Callable[[], None] | None = None) -> None:
    story.user("Review services/auth, services/billing and services/search")
    for name, prompt in PARTS.items():
        story.launch((name, prompt))
        story.later(30)
        story.ended(name, ANSWER)
        story.later(1)
        if between:
            between()
    story.end()


def only(report: TranscriptReport) -> TranscriptFinding:
    (finding,) = report.findings
    return finding


@every_agent
def test_three_tasks_launched_one_by_one_are_one_finding(story: Story) -> None:
    one_after_another(story)
    report = read(story)
    finding = only(report)
    assert (finding.rule, report.files[0].agent, report.files[0].tasks) == ("serial-fan-out", story.agent, 3)
    assert (report.files[0].damaged, report.files[0].unknown) == (0, {})
    assert [task.line for task in finding.tasks] == sorted(task.line for task in finding.tasks)
    assert finding.line == finding.tasks[0].line
    if isinstance(story, CodexStream):
        assert (finding.lost_s, finding.tasks[0].seconds) == (None, None)  # its stream tells no times
    else:
        assert finding.lost_s == pytest.approx(60)
        assert [task.seconds for task in finding.tasks] == [pytest.approx(30)] * 3


@every_agent
def test_the_same_work_is_a_plan_of_three_tasks(story: Story) -> None:
    one_after_another(story)
    plan = only(read(story)).plan
    assert [task["task"] for task in plan["tasks"]] == list(PARTS.values())
    assert {task["agent"] for task in plan["tasks"]} == {story.agent}


@every_agent
def test_what_is_launched_in_one_message_is_no_finding(story: Story) -> None:
    story.user("Review all three")
    story.launch(*PARTS.items())
    story.later(30)
    for name in PARTS:
        story.ended(name, ANSWER)
    story.end()
    report = read(story)
    assert (report.findings, report.files[0].tasks) == ((), 3)


@every_agent
def test_a_task_that_speaks_of_what_the_one_before_found_is_no_finding(story: Story) -> None:
    story.user("Find where passwords are hashed, and make it better")
    story.launch(("find", "Find the place where passwords are hashed"))
    story.later(20)
    story.ended("find", "It is hash_secret in lib/crypto.py, which uses MD5")
    story.launch(("fix", "Replace the weak hash in lib/crypto.py"))
    story.later(20)
    story.ended("fix", "Done")
    story.end()
    assert read(story).findings == ()


@every_agent
@pytest.mark.parametrize(
    "prompt",
    ["Summarise the findings of all reviews", "Based on the review, write a plan", "Check the previous agent's work"],
)
def test_a_task_that_points_back_is_no_finding(story: Story, prompt: str) -> None:
    story.launch(("auth", PARTS["auth"]))
    story.later(20)
    story.ended("auth", ANSWER)
    story.launch(("join", prompt))
    story.ended("join", "Fine")
    story.end()
    assert read(story).findings == ()


@every_agent
def test_tasks_between_which_the_caller_worked_are_no_finding(story: Story) -> None:
    one_after_another(story, between=story.work)
    assert read(story).findings == ()


@pytest.mark.parametrize("kind", [ClaudeSession, ClaudeStream, PiStream])
def test_tasks_that_a_person_asked_for_one_by_one_are_no_finding(kind: type[Story]) -> None:
    story = kind()
    one_after_another(story, between=lambda: story.user("And the next one, please"))
    assert read(story).findings == ()


def test_tasks_that_change_one_file_are_no_finding() -> None:
    story = ClaudeStream()
    for name in ("parser", "printer"):
        story.launch((name, f"Add tests of the {name} to tests/test_all.py"))
        story.later(5)
        story.ended(name, "Added")
    story.end()
    assert read(story).findings == ()


def test_tasks_that_wrote_one_file_one_after_another_are_no_finding() -> None:
    story = ClaudeStream()
    for name in ("parser", "printer"):
        story.launch((name, f"Document the {name}"))
        story.wrote(name, "docs/api.md")
        story.later(5)
        story.ended(name, "Documented")
    story.end()
    assert read(story).findings == ()


def test_the_join_behind_a_serial_fan_out_is_not_part_of_it() -> None:
    story = ClaudeStream()
    for name, prompt in PARTS.items():
        story.launch((name, prompt))
        story.later(10)
        story.ended(name, ANSWER)
    story.launch(("join", "Consolidate the answers of all reviews into one report"))
    story.later(10)
    story.ended("join", "Done")
    story.end()
    assert len(only(read(story)).tasks) == 3


def test_two_batches_cost_the_longest_of_the_shorter_one() -> None:
    story = ClaudeStream()
    for batch, seconds in ((("auth", "billing"), 20), (("search",), 5)):
        story.launch(*((name, PARTS[name]) for name in batch))
        story.later(seconds)
        for name in batch:
            story.ended(name, ANSWER)
    story.end()
    finding = only(read(story))
    assert (len(finding.tasks), finding.lost_s) == (3, pytest.approx(5))


@pytest.mark.parametrize("kind", [ClaudeStream, ClaudeSession])
def test_in_the_background_but_waited_for_each_is_a_finding(kind: type[ClaudeStream]) -> None:
    story = kind()
    for name, prompt in PARTS.items():
        story.launch((name, prompt), background=True)
        story.later(30)
        story.fetched(name, ANSWER)
    story.end()
    finding = only(read(story))
    assert "in the background, but each had ended" in finding.message
    assert finding.lost_s == pytest.approx(60)


@pytest.mark.parametrize("kind", [ClaudeStream, ClaudeSession])
def test_in_the_background_in_separate_messages_is_no_finding(kind: type[ClaudeStream]) -> None:
    story = kind()
    for name, prompt in PARTS.items():
        story.launch((name, prompt), background=True)
        story.later(1)
    story.later(30)
    for name in PARTS:
        story.fetched(name, ANSWER)
    story.end()
    assert read(story).findings == ()


def test_calls_of_one_message_that_the_agent_makes_one_after_another_are_a_finding() -> None:
    story = PiStream()
    story.launch(*PARTS.items())
    for name in PARTS:
        story.put(type="tool_execution_start", toolCallId=f"call_{name}", toolName="subagent", args={})
        story.later(10)
        story.put(type="tool_execution_end", toolCallId=f"call_{name}", toolName="subagent", result={})
    for name in PARTS:
        story.ended(name, ANSWER)
    story.end()
    assert "whose calls this agent makes one after another" in only(read(story)).message


@pytest.mark.parametrize(
    "line", ['claude -p "{}"', 'timeout 600 codex exec "{}"', 'cd x && opencode run "{}"', 'pi -p "{}"']
)
def test_agents_started_by_the_shell_one_by_one_are_a_finding(line: str) -> None:
    story = ClaudeStream()
    for prompt in PARTS.values():
        story.call("Bash", ANSWER, command=line.format(prompt))
    story.end()
    plan = only(read(story)).plan
    assert [task["task"] for task in plan["tasks"]] == list(PARTS.values())
    assert plan["tasks"][0]["agent"] in line


@pytest.mark.parametrize(
    "line", ["claude --version", "echo claude -p", "claude -p a & claude -p b & wait", "ls claude"]
)
def test_other_lines_of_shell_are_no_launches(line: str) -> None:
    story = ClaudeStream()
    story.call("Bash", "ok", command=line)
    story.call("Bash", "ok", command=line)
    assert read(story).files[0].tasks == 0
