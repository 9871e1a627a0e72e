"""Agent `command`: argv, brief and environment in; exit code and output judged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forkjoin.agents import EndedAttempt, Site, dialect
from forkjoin.agents.ending import ANSWER_BYTES, answer_text, last_line, one_line
from forkjoin.errors import PlanError
from forkjoin.model import Completed, Exit, Failed, Outcome, Place, Stopped, Stream, Task, TaskId, TimedOut

SITE = Site(
    place=Place(kind="clone", root="/w", cwd="/w/sub"),
    brief="/r/brief.md",
    scratch="/r/s",
    environ={"PATH": "/bin", "A": "1"},
)


def outcome(exit_: Exit, stderr: bytes = b"", *, task: Task | None = None) -> Outcome:
    return dialect("command").judge(task or Task(command=["x"]), EndedAttempt(exit=exit_, stderr=stderr)).outcome


def test_a_command_is_started_as_it_is_written_without_a_shell():
    asked = dialect("command").invocation(Task(command=["pytest", "-k", "a b; rm"]), SITE)
    assert asked.argv == ("pytest", "-k", "a b; rm")
    assert (asked.cwd, asked.stdin) == ("/w/sub", "/r/brief.md")


def test_a_shell_line_runs_in_a_shell_only_where_it_was_asked_for():
    assert dialect("command").invocation(Task(shell="a | b"), SITE).argv == ("/bin/sh", "-c", "a | b")


def test_the_environment_is_the_sites_then_the_tasks_then_the_brief():
    env = dialect("command").invocation(Task(command=["x"], env={"A": "2", "B": "3"}), SITE).env
    assert env == {"PATH": "/bin", "A": "2", "B": "3", "FORKJOIN_BRIEF": "/r/brief.md"}


def test_the_limits_of_the_task_are_handed_on():
    asked = dialect("command").invocation(Task(command=["x"], timeout="2m", idle_timeout=5), SITE)
    assert (asked.timeout, asked.idle_timeout) == (120.0, 5)


def test_a_text_alone_is_no_command_and_the_message_says_what_to_write():
    with pytest.raises(PlanError, match=r"auth: .*only a text; write command: \[program"):
        dialect("command").invocation(Task(id=TaskId("auth"), task="Harden it", agent="command"), SITE)


def test_a_declared_exit_code_completes_and_the_answer_is_what_was_printed():
    ended = EndedAttempt(exit=Exit(how="exited", code=5, cpu_s=0.5, max_rss=9), stdout=b"all \xff good\n")
    judged = dialect("command").judge(Task(command=["x"], ok_exit=(0, 5)), ended)
    assert judged.outcome == Completed()
    assert judged.answer == "all \ufffd good\n"
    assert (judged.usage.cpu_s, judged.usage.max_rss) == (0.5, 9)


def test_another_exit_code_fails_with_the_last_line_that_says_something():
    assert outcome(Exit(how="exited", code=2), b"first\nno such file: x\n\n---\n \n") == Failed(
        kind="exit", reason="exit code 2: no such file: x"
    )
    assert outcome(Exit(how="exited", code=2)) == Failed(kind="exit", reason="exit code 2")


def test_a_failed_command_keeps_its_output_as_the_answer():
    judged = dialect("command").judge(
        Task(command=["x"]), EndedAttempt(exit=Exit(how="exited", code=1), stdout=b"3 failed")
    )
    assert judged.answer == "3 failed"


@pytest.mark.parametrize(
    ("exit_", "expected"),
    [
        (Exit(how="exited", signal=11), Failed(kind="exit", reason="killed by SIGSEGV")),
        (
            Exit(how="exited", signal=9),
            Failed(kind="exit", reason="killed by SIGKILL (out of memory, or somebody ended it)"),
        ),
        (Exit(how="exited", signal=250), Failed(kind="exit", reason="killed by signal 250")),
        (Exit(how="exited"), Failed(kind="exit", reason="it ended without an exit code")),
        (Exit(how="timeout", wall_s=30.2), TimedOut(after_s=30.2, reason="not done after 30 s")),
        (Exit(how="timeout", wall_s=8.1, limit=3.0), TimedOut(after_s=8.1, reason="not done after 3.0 s")),
        (
            Exit(how="memory", wall_s=4.0, limit=200 * 1024**2, used=851_443_712.0),
            Failed(
                kind="limit",
                reason="it used 812 MiB of memory, and its limit is 200 MiB; for more: memory: SIZE",
            ),
        ),
        (
            Exit(how="processes", limit=100.0, used=101.0),
            Failed(kind="limit", reason="it had 101 processes, and its limit is 100; for more: processes: N"),
        ),
        (
            Exit(how="disk", limit=10.0 * 1024**3, used=10.5 * 1024**3),
            Failed(kind="limit", reason="it wrote 10.5 GiB, and its limit is 10 GiB; for more: disk: SIZE"),
        ),
        (
            Exit(how="idle", wall_s=4.0, code=0),
            TimedOut(after_s=4.0, reason="no sign of life for longer than its idle_timeout"),
        ),
        (Exit(how="stopped", reason="asked by a person"), Stopped(reason="asked by a person")),
        (Exit(how="setup", error="no such program: x"), Failed(kind="setup", reason="no such program: x")),
    ],
)
def test_every_other_end_has_a_state_and_a_reason(exit_, expected):
    assert outcome(exit_) == expected


def test_an_attempt_whose_owner_was_gone_for_too_long_was_stopped_and_says_so():
    ended = outcome(Exit(how="lease", code=0))
    assert isinstance(ended, Stopped)
    assert "owner" in ended.reason


@pytest.mark.parametrize("how", ["timeout", "idle", "stopped", "lease", "setup", "memory", "processes", "disk"])
def test_no_bad_end_completes_even_with_exit_code_0(how):
    assert not isinstance(outcome(Exit(how=how, code=0)), Completed)


@pytest.mark.parametrize("output", ["findings", {"type": "object"}])
def test_a_structured_answer_of_which_the_middle_is_gone_fails_and_says_how_long_it_was(output):
    exit_ = Exit(how="exited", code=0, stdout=Stream(bytes=ANSWER_BYTES + 1))
    said = outcome(exit_, task=Task(command=["x"], output=output))
    assert isinstance(said, Failed)
    assert (said.kind, "at most 1 MiB of a structured one is read" in said.reason) == ("contract", True), said.reason
    assert outcome(exit_) == Completed()
    whole = Exit(how="exited", code=0, stdout=Stream(bytes=ANSWER_BYTES))
    assert outcome(whole, task=Task(command=["x"], output=output)) == Completed()


def test_the_board_gets_a_line_without_control_characters():
    said = [*dialect("command").parse(b"\x1b]0;title\x07\x1b[31mred\x1b[0m \x07ok\x00 \xe2\x80\xaereversed\r\n")]
    assert [one.text for one in said] == ["red ok reversed"]
    assert not [*dialect("command").parse(b" \x1b[2K\n")]


@given(st.binary(max_size=3000))
def test_whatever_a_program_prints_the_board_gets_one_short_printable_line(raw):
    line = one_line(raw)
    assert len(line) <= 200
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in line)


def test_a_long_line_is_cut_at_200_characters():
    assert one_line(b"x" * 1_000_000) == "x" * 199 + "…"


def test_an_answer_up_to_a_mebibyte_is_whole_and_a_longer_one_keeps_both_ends():
    whole = b"a" * ANSWER_BYTES
    assert answer_text(whole, Stream(bytes=len(whole))) == whole.decode()
    longer = b"head" + b"." * ANSWER_BYTES + b"tail"
    text = answer_text(longer, Stream(bytes=len(longer)))
    assert text.startswith("head")
    assert text.endswith("tail")
    assert "[... 8 bytes left out ...]" in text


def test_a_gap_made_by_the_cap_is_named_where_it_is():
    text = answer_text(b"beginend", Stream(bytes=1000, cut=992, cut_at=5))
    assert text == "begin\n[... 992 bytes left out ...]\nend"


@given(st.binary(max_size=400), st.integers(0, 10**9), st.integers(0, 500))
def test_an_answer_is_made_of_any_kept_output(kept, cut, cut_at):
    text = answer_text(kept, Stream(bytes=len(kept) + cut, cut=cut, cut_at=cut_at))
    assert (f"[... {cut} bytes left out ...]" in text) == (cut > 0) or b"left out" in kept


def test_the_last_line_is_found_in_a_flood():
    assert last_line(b"x\n" * 100_000 + b"\x1b[31merror: disk full\x1b[0m\n^^^^\n") == "error: disk full"
