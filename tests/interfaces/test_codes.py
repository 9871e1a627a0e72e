"""Exit codes: the first that applies."""

from __future__ import annotations

import pytest

from forkjoin.interfaces.cli.codes import WORDS, Ending, exit_code

OK, BAD = "completed", "failed"
TABLE = [
    (Ending(), 0),
    (Ending(states=[OK, OK]), 0),
    (Ending(states=[OK, OK], findings=3), 1),
    (Ending(states=[OK, BAD]), 3),
    (Ending(states=[OK, "needs_input"]), 3),
    (Ending(states=[OK, "timed_out"]), 3),
    (Ending(states=[OK, "lost"]), 3),
    (Ending(states=[OK, "blocked"]), 3),
    (Ending(states=[OK, "skipped"]), 3),
    (Ending(states=[OK, "stopped"]), 3),
    (Ending(states=[OK, BAD], findings=3), 3),
    (Ending(states=[BAD, "stopped"]), 4),
    (Ending(states=["needs_input"]), 4),
    (Ending(states=[BAD], findings=1), 4),
    (Ending(states=[BAD], limited=True), 5),
    (Ending(states=[OK], limited=True, findings=1), 5),
    (Ending(states=["running"], limited=True), 5),
    (Ending(states=[BAD], limited=True, interrupted="int"), 130),
    (Ending(states=[OK], interrupted="int"), 130),
    (Ending(states=[BAD], limited=True, findings=1, interrupted="term"), 143),
]


@pytest.mark.parametrize(("ending", "code"), TABLE)
def test_the_first_code_that_applies_is_given(ending: Ending, code: int) -> None:
    assert exit_code(ending) == code


def test_findings_alone_never_hide_a_failure() -> None:
    assert exit_code(Ending(states=[OK, BAD], findings=99)) != 1


def test_every_code_has_a_word_of_its_own() -> None:
    assert {code for _, code in TABLE} <= set(WORDS)
    assert len(set(WORDS.values())) == len(WORDS)


@pytest.mark.parametrize(
    ("state", "why", "counts"),
    [
        ("skipped", "budget of 2.00 USD is used up", True),
        ("skipped", "the disk is nearly full", True),
        ("skipped", "an earlier task failed", False),
        ("failed", "the budget test fails", False),
    ],
)
def test_only_a_task_kept_from_starting_by_a_limit_counts_as_one(a_task, state: str, why: str, counts: bool) -> None:
    from forkjoin.interfaces.cli.following import limited

    assert limited([a_task("a", OK), a_task("b", state, why=why)]) is counts
    assert limited([]) is False
