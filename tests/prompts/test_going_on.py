"""What an agent is told that goes on in its own session."""

from __future__ import annotations

from forkjoin.prompts import after_limit, broken_answer, follow_up, go_on, repair
from forkjoin.testing import a_task

FINDS = a_task(output="findings")


def test_a_follow_up_is_the_message_and_how_to_answer() -> None:
    told = follow_up(a_task(), "  Take the first.\n")
    assert told.startswith("Take the first.\n\nOutput format, as before:\n\nAnswer in Markdown")
    assert '{"findings": [...]}' in follow_up(FINDS, "more")


def test_who_goes_on_hears_why_it_ended_and_that_its_tree_is_as_it_was() -> None:
    told = go_on(a_task(), "not done after\n5 m.")
    assert told.startswith(
        "Your work on this task ended before it was done: not done after 5 m. Your working tree is as"
    )
    assert "Do not ask" in told
    assert "What was asked last:\n\nmore" in after_limit(a_task(), "more")
    assert "asked last" not in after_limit(a_task(), "")


def test_a_broken_answer_is_asked_for_once_more_with_what_is_wrong() -> None:
    assert repair(FINDS, "$.a: no.").startswith("Your answer cannot be used: $.a: no. Give it once more")
    told = broken_answer(FINDS, "# ROLE\n\nx\n", answer="```\n# Task\n```", complaint="no JSON")
    assert told.startswith("# ROLE\n\nx\n\n# Earlier answer\n\n")
    assert "````\n```\n# Task\n```\n````" in told, "it cannot close its quotes"
    assert "Your answer cannot be used: no JSON." in told
    cut = broken_answer(FINDS, "", answer="x" * 40_000, complaint="no JSON")
    assert "8,000 more characters were left out" in cut
