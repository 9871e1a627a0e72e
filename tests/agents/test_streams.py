"""The four coding agents by their recorded streams: what is true of each end, whatever its exit code."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from forkjoin.agents import EndedAttempt, Judgement, dialect
from forkjoin.agents.hearing import Meter, heard
from forkjoin.agents.said import Spent, Trouble
from forkjoin.agents.troubles import limit_of, trouble
from forkjoin.model import Completed, Exit, Failed, Outcome, Stopped, Stream, Task, TimedOut, Usage

STREAMS = Path(__file__).resolve().parents[1] / "data" / "agents"
CUT = "The answer is only hal"
CODING = ("claude", "codex", "opencode", "pi")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A recorded stream, the exit code its program had, and what is true of it."""

    stream: str
    code: int | None = 0
    outcome: type[Outcome] = Completed
    kind: str = ""
    says: str = ""
    answer: str = "DONE"


ROWS = (
    Row(stream="claude/success"),
    Row(stream="claude/partial", answer="P"),
    Row(stream="claude/resume", answer="SECOND"),
    Row(stream="claude/recover500", answer="RECOVERED"),
    Row(stream="claude/structured", answer='{"a":1}'),
    Row(stream="claude/error401", code=1, outcome=Failed, kind="login", says="log in with the agent's own", answer=""),
    Row(stream="claude/error429", code=1, outcome=Failed, kind="rate", says="429", answer=""),
    Row(stream="claude/error500", code=1, outcome=Failed, kind="rate", says="could not serve it now", answer=""),
    Row(stream="claude/max-turns", code=1, outcome=Failed, kind="limit", says="maximum number of turns (3)", answer=""),
    Row(stream="claude/max-budget", code=1, outcome=Failed, kind="limit", says="maximum budget ($5)", answer=""),
    Row(stream="claude/permission-denied", outcome=Failed, kind="permission", says="Write /W/foo.txt"),
    Row(stream="claude/sigint-in-bash", outcome=Failed, kind="agent", says="ede_diagnostic", answer=""),
    Row(stream="claude/sigint-waiting-model", outcome=Failed, kind="agent", says="stops before it says", answer=""),
    Row(stream="claude/sigterm-in-bash", code=143, outcome=Failed, kind="exit", says="143", answer=""),
    Row(stream="claude/sigterm-waiting-model", code=143, outcome=Failed, kind="exit", says="143", answer=""),
    Row(stream="claude/cut", code=1, outcome=Failed, kind="agent", says="output token maximum", answer=CUT),
    Row(stream="codex/success"),
    Row(stream="codex/apply-patch", answer="P"),
    Row(stream="codex/sandbox"),
    Row(stream="codex/model-gpt-5.2-codex"),
    Row(stream="codex/model-gpt-5.4"),
    Row(stream="codex/model-gpt-5.5"),
    Row(stream="codex/readonly-denied"),
    Row(stream="codex/resume", answer="SECOND"),
    Row(stream="codex/recover500", answer="RECOVERED"),
    Row(stream="codex/structured", answer='{"a": 1}'),
    Row(stream="codex/error401", code=1, outcome=Failed, kind="login", says="401", answer=""),
    Row(stream="codex/error429", code=1, outcome=Failed, kind="rate", says="429", answer=""),
    Row(stream="codex/error500", code=1, outcome=Failed, kind="rate", says="high demand", answer=""),
    Row(stream="codex/sigint-in-bash", code=1, outcome=Failed, kind="exit", answer=""),
    Row(stream="codex/sigint-waiting-model", code=1, outcome=Failed, kind="exit", answer=""),
    Row(stream="codex/sigterm-in-bash", code=None, outcome=Failed, kind="exit", answer=""),
    Row(stream="codex/sigterm-waiting-model", code=None, outcome=Failed, kind="exit", answer=""),
    Row(stream="codex/cut", code=1, outcome=Failed, kind="agent", says="max_output_tokens", answer=CUT),
    Row(stream="opencode/success"),
    Row(stream="opencode/resume", answer="SECOND"),
    Row(stream="opencode/recover500", answer="RECOVERED"),
    Row(stream="opencode/permission-ask", outcome=Failed, kind="permission", says="write foo.txt", answer=""),
    Row(stream="opencode/error401", code=1, outcome=Failed, kind="login", says="mock failure 401", answer=""),
    Row(stream="opencode/sigint-in-bash", code=None, outcome=Failed, kind="exit", answer=""),
    Row(stream="opencode/sigterm-in-bash", code=None, outcome=Failed, kind="exit", answer=""),
    Row(stream="opencode/cut", outcome=Failed, kind="agent", says="its answer was cut off", answer=CUT),
    Row(stream="pi/success"),
    Row(stream="pi/cut", outcome=Failed, kind="agent", says="its answer was cut off", answer=CUT),
    Row(stream="pi/resume", answer="SECOND"),
    Row(stream="pi/recover500", answer="RECOVERED"),
    Row(stream="pi/error401", outcome=Failed, kind="login", says="mock failure 401", answer=""),
    Row(stream="pi/error429", outcome=Failed, kind="rate", says="429", answer=""),
    Row(stream="pi/error500", outcome=Failed, kind="rate", says="500", answer=""),
    Row(stream="pi/sigint-in-bash", code=None, outcome=Failed, kind="exit", answer=""),
    Row(stream="pi/sigint-waiting-model", code=None, outcome=Failed, kind="exit", answer=""),
    Row(stream="pi/sigterm-in-bash", code=143, outcome=Failed, kind="exit", answer=""),
    Row(stream="pi/sigterm-waiting-model", code=143, outcome=Failed, kind="exit", answer=""),
)


def test_every_recorded_stream_has_its_row() -> None:
    assert {row.stream for row in ROWS} == {
        str(path.relative_to(STREAMS).with_suffix("")) for path in STREAMS.glob("*/*.ndjson")
    }


def _judged(stream: str, raw: bytes, *, code: int | None = 0) -> Judgement:
    agent = stream.partition("/")[0]
    exit_ = Exit(how="exited", code=code, signal=15 if code is None else None, stdout=Stream(bytes=len(raw)))
    return dialect(agent).judge(Task(agent=agent, task="x"), EndedAttempt(exit=exit_, stdout=raw))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.stream)
def test_how_it_ended_what_it_answered_and_its_session(row: Row) -> None:
    judged = _judged(row.stream, (STREAMS / f"{row.stream}.ndjson").read_bytes(), code=row.code)
    assert isinstance(judged.outcome, row.outcome), judged.outcome
    assert getattr(judged.outcome, "kind", "") == row.kind, judged.outcome
    assert row.says in getattr(judged.outcome, "reason", "")
    assert judged.answer == row.answer
    assert judged.session


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.stream)
def test_a_stream_that_is_cut_anywhere_is_never_completed_before_its_own_end(row: Row) -> None:
    lines = (STREAMS / f"{row.stream}.ndjson").read_bytes().splitlines(keepends=True)
    last = max((number for number, line in enumerate(lines) if _ends(row.stream, line)), default=len(lines))
    for count in range(len(lines)):
        judged = _judged(row.stream, b"".join(lines[:count]))
        if count <= last:
            assert not isinstance(judged.outcome, Completed), f"after {count} of {len(lines)} lines"
        torn = b"".join(lines[:count]) + lines[count][: len(lines[count]) // 2]
        assert _judged(row.stream, torn).outcome == judged.outcome, f"torn after {count} lines"


def _ends(stream: str, line: bytes) -> bool:
    said = json.loads(line)
    return {
        "claude": said.get("type") == "result",
        "codex": said.get("type") == "turn.completed",
        "opencode": said.get("part", {}).get("reason") == "stop",
        "pi": said.get("type") == "agent_settled",
    }[stream.partition("/")[0]]


STRANGE = (
    b"", b"not json", b"[]", b"null", b'"text"', b"{}", b'{"type": null}', b'{"type": "of tomorrow", "x": {"y": []}}',
    b'{"type": "result", "permission_denials": 3, "usage": "much", "errors": {}}', b'{"type": "assistant"}',
    b'{"type": "item.completed", "item": 5}', b'{"type": "tool_use", "part": []}', b'{"type": "message_end"}',
    b'{"type": "step_finish", "part": {"tokens": {"input": -1, "cache": 2}, "cost": true}}',
    b'{"type": "turn.completed", "usage": {"input_tokens": 1.5}}', b"\xff\xfe\x00", b"[" * 10_000,
    b"[forkjoin: 123 bytes cut here]",
)  # fmt: skip


@pytest.mark.parametrize("agent", CODING)
@pytest.mark.parametrize("line", STRANGE, ids=range(len(STRANGE)))
def test_what_nobody_understands_is_counted_and_changes_nothing(agent: str, line: bytes) -> None:
    whole = (STREAMS / agent / "success.ndjson").read_bytes()
    lines = whole.splitlines(keepends=True)
    for at in range(len(lines)):
        mixed = b"".join((*lines[:at], line + b"\n", *lines[at:]))
        if json.loads(b"0" if line[:1] != b"{" else line) and b'"result"' in line and agent == "claude":
            continue  # a second result line is one that counts
        if agent == "codex" and b"turn.completed" in line:
            continue
        assert _judged(f"{agent}/success", mixed).outcome == Completed(), (at, line)


@pytest.mark.parametrize("agent", CODING)
def test_unknown_kinds_are_counted(agent: str) -> None:
    found = heard([b'{"type": "of tomorrow"}', b"not json", b""], dialect(agent).parse)
    assert found.unknown == 2


@pytest.mark.parametrize(
    ("stream", "tokens", "usd"),
    [
        ("claude/success", (24536, 12), None),  # the model is unknown to it, and its price a guess
        ("codex/success", (19882, 10), None),  # it says no price
        ("opencode/success", (15441, 11), 0.015463),
        ("pi/success", (2968, 10), 0.002988),
        ("claude/error401", (0, 0), 0.0),
        ("opencode/error401", (None, None), None),
    ],
)
def test_what_was_spent(stream: str, tokens: tuple[int | None, int | None], usd: float | None) -> None:
    usage = _judged(stream, (STREAMS / f"{stream}.ndjson").read_bytes()).usage
    assert (usage.input_tokens, usage.output_tokens) == tokens
    assert usage.usd == (None if usd is None else pytest.approx(usd))


def test_a_sum_over_a_stream_that_was_cut_is_not_known() -> None:
    raw = (STREAMS / "pi/success.ndjson").read_bytes()
    cut = Exit(how="exited", code=0, stdout=Stream(bytes=10**8, cut=10**7, cut_at=5))
    judged = dialect("pi").judge(Task(agent="pi", task="x"), EndedAttempt(exit=cut, stdout=raw))
    assert judged.usage.input_tokens is None
    assert judged.outcome == Completed()


@pytest.mark.parametrize("agent", CODING)
def test_a_deadline_keeps_the_answer_so_far_and_names_what_it_waited_for(agent: str) -> None:
    lines = (STREAMS / agent / "success.ndjson").read_bytes()
    judged = dialect(agent).judge(
        Task(agent=agent, task="x"), EndedAttempt(exit=Exit(how="timeout", wall_s=9.0, limit=9.0), stdout=lines)
    )
    assert isinstance(judged.outcome, TimedOut)
    assert judged.outcome.reason == "not done after 9.0 s"
    assert judged.answer == "DONE"
    assert judged.session


def test_an_agent_that_retried_in_silence_until_its_deadline_is_said_to_have() -> None:
    lines = (STREAMS / "claude/error500.ndjson").read_bytes().splitlines(keepends=True)[:2]
    judged = dialect("claude").judge(
        Task(agent="claude", task="x"), EndedAttempt(exit=Exit(how="timeout", wall_s=9.0), stdout=b"".join(lines))
    )
    assert "its last error: server_error" in judged.outcome.reason  # type: ignore[union-attr]  # it is TimedOut
    stopped = dialect("claude").judge(
        Task(agent="claude", task="x"), EndedAttempt(exit=Exit(how="stopped", reason="asked"), stdout=b"")
    )
    assert stopped.outcome == Stopped(reason="asked")
    silent = dialect("opencode").judge(
        Task(agent="opencode", task="x"), EndedAttempt(exit=Exit(how="timeout", wall_s=9.0, limit=9.0))
    )
    assert "not done after 9.0 s; until then nothing came from its model" in silent.outcome.reason  # type: ignore[union-attr]  # it is TimedOut


def test_how_long_an_agent_waits_by_itself_is_no_time_that_its_provider_named() -> None:
    lines = (STREAMS / "pi/error429.ndjson").read_bytes().splitlines()
    told = [said for line in lines for said in dialect("pi").parse(line) if isinstance(said, Trouble) and said.retrying]
    assert [(one.kind, one.delay_s, one.after_s) for one in told] == [("rate", n, None) for n in (2.0, 4.0, 8.0)]


def test_a_structured_answer_is_its_value() -> None:
    judged = _judged("claude/structured", (STREAMS / "claude/structured.ndjson").read_bytes())
    assert json.loads(judged.value) == {"a": 1}


@pytest.mark.parametrize("errors", [{}, {"errors": None}, {"errors": 7}, {"errors": []}])
def test_an_error_that_says_nothing_of_itself_keeps_session_and_costs(errors: dict[str, object]) -> None:
    line = {"type": "result", "subtype": "error_during_execution", "is_error": True, "session_id": "s", **errors}
    found = heard([json.dumps({**line, "total_cost_usd": 0.5}).encode()], dialect("claude").parse)
    assert (found.session, found.usage.usd) == ("s", 0.5)
    assert found.trouble is not None
    assert found.trouble.message == "error_during_execution"


def test_what_is_not_known_of_one_request_is_not_known_of_all() -> None:
    parts = [Spent(usage=Usage(input_tokens=5, output_tokens=1, usd=0.5)), Spent(usage=Usage(input_tokens=7))]
    for order in (parts, parts[::-1]):
        found = heard([b"0", b"1"], lambda line, said=order: [said[int(line)]])
        assert found.usage == Usage(input_tokens=12)


def test_a_limit_passes_by_itself_where_it_is_no_quota_or_says_when() -> None:
    for stream, kind in (("claude/error429", "rate"), ("codex/error500", "overload"), ("pi/error429", "rate")):
        limit = _judged(stream, (STREAMS / f"{stream}.ndjson").read_bytes(), code=1).limit
        assert limit is not None
        assert limit.kind == kind
    assert _judged("pi/error401", (STREAMS / "pi/error401.ndjson").read_bytes()).limit is None
    assert limit_of(trouble("You've hit your usage limit")) is None
    assert limit_of(trouble("You've hit your usage limit, try again in 2 hours")) is not None
    until = limit_of(trouble("Claude AI usage limit reached|1795900000"))
    assert until is not None
    assert until.until == 1795900000


@pytest.mark.parametrize("agent", ["opencode", "pi"])
def test_a_model_without_a_price_has_costs_that_are_not_known(agent: str) -> None:
    raw = (STREAMS / f"{agent}/success.ndjson").read_bytes()
    free = re.sub(rb'"cost":(\{"input":[^}]*"total":)?[0-9.e-]+', rb'"cost":\g<1>0', raw)
    assert free != raw
    found = heard(free.split(b"\n"), dialect(agent).parse)
    assert found.usage.input_tokens
    assert found.usage.usd is None


REFUSED = {"type": "item.completed", "item": {
    "type": "command_execution", "command": "echo hi > /elsewhere", "status": "failed", "exit_code": 1,
    "aggregated_output": "/bin/bash: line 1: /elsewhere: Read-only file system\n"}}  # fmt: skip
PATCH = (
    b"2026-11-29T12:12:01Z ERROR codex_core::tools::router: error=patch rejected: writing outside of the project; rej"
)


def test_what_a_sandbox_kept_an_agent_from_is_told_and_fails_nothing_by_itself() -> None:
    lines = (STREAMS / "codex/success.ndjson").read_bytes().splitlines()
    raw = b"\n".join((*lines[:-1], json.dumps(REFUSED).encode(), lines[-1]))
    exit_ = Exit(how="exited", code=0, stdout=Stream(bytes=len(raw)))
    judged = dialect("codex").judge(Task(agent="codex", task="x"), EndedAttempt(exit=exit_, stdout=raw, stderr=PATCH))
    assert judged.outcome == Completed()
    assert judged.walled == (
        "command execution echo hi > /elsewhere", "patch rejected: writing outside of the project",
    )  # fmt: skip
    failing = {**REFUSED["item"], "aggregated_output": "1 test failed"}
    said = heard([json.dumps({**REFUSED, "item": failing}).encode()], dialect("codex").parse)
    assert said.walled == []


@pytest.mark.parametrize(("status", "ends"), [("declined", Failed), ("failed", Completed)])
def test_a_tool_that_codex_was_refused_fails_it_though_it_exits_with_0(status: str, ends: type[Outcome]) -> None:
    lines = (STREAMS / "codex/success.ndjson").read_bytes().splitlines()
    patch = {"type": "file_change", "status": status, "changes": [{"path": "a.txt", "kind": "add"}]}
    refused = json.dumps({"type": "item.completed", "item": patch}).encode()
    outcome = _judged("codex/success", b"\n".join((*lines[:-1], refused, lines[-1]))).outcome
    assert isinstance(outcome, ends)
    told = "it was not allowed to: file change a.txt; to allow it: permission: full"
    assert getattr(outcome, "reason", "").startswith(told if ends is Failed else "")


@pytest.mark.parametrize(
    ("agent", "stderr"),
    [
        ("claude", "--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons"),
        ("opencode", "Failed to run the query 'CREATE TABLE `session` ...'"),
    ],
)
def test_a_program_that_gives_up_before_it_says_a_word_is_told_by_its_stderr(agent: str, stderr: str) -> None:
    exit_ = Exit(how="exited", code=1)
    judged = dialect(agent).judge(Task(agent=agent, task="x"), EndedAttempt(exit=exit_, stderr=stderr.encode()))
    assert judged.outcome == Failed(kind="exit", reason=f"{agent} ended with exit code 1: {stderr}")


def test_a_sandbox_that_does_not_start_is_told_though_codex_exits_with_0() -> None:
    # Seen where CODEX_HOME lies below the folder for temporary files.
    item = {**REFUSED["item"], "aggregated_output": "bwrap: execvp codex-linux-sandbox: No such file or directory\n"}
    found = heard([json.dumps({**REFUSED, "item": item}).encode()], dialect("codex").parse)
    assert found.walled == ["command execution echo hi > /elsewhere"]


def test_the_answer_of_opencode_is_all_texts_of_its_last_message() -> None:
    texts = [("m1", "I look."), ("m2", "First part."), ("m2", "Second part.")]
    said = [{"type": "text", "sessionID": "s", "part": {"messageID": of, "text": text}} for of, text in texts]
    found = heard([json.dumps(one).encode() for one in said], dialect("opencode").parse)
    assert found.answer == "First part.\nSecond part."


def test_what_codex_says_it_used_in_a_session_that_goes_on_is_of_the_whole_session() -> None:
    second = _judged("codex/resume", (STREAMS / "codex/resume.ndjson").read_bytes())
    spoken = dialect("codex")
    assert getattr(spoken, "whole_session", False)
    lines = (STREAMS / "codex/resume.ndjson").read_bytes().splitlines()
    meter = Meter(before=Usage(input_tokens=9_000, output_tokens=1))
    for line in lines:
        for said in spoken.parse(line):
            meter.take(said)
    assert second.usage.input_tokens is not None
    assert meter.usage is not None
    assert meter.usage.input_tokens == second.usage.input_tokens - 9_000
