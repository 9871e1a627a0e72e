from __future__ import annotations

import pytest

from forkjoin.model import Claimed, Finding, Source, TaskId
from forkjoin.synthesis import Witness, merged, ranked, severity_of


def source(agent: str, severity: str = "medium", confidence: str = "medium") -> Source:
    return Source(task=TaskId(agent), agent=agent, severity=severity, confidence=confidence)


def finding(name: str, severity: str, *sources: Source, path: str = "a.py", line: int = 1) -> Finding:
    return Finding(id=name, title=name, severity=severity, path=path, line=line, sources=sources)


def test_where_all_say_the_same_there_is_nothing_to_settle():
    assert severity_of([source("a", "high"), source("b", "high")]) == ("high", "")


def test_the_highest_severity_holds_and_both_sides_are_said():
    assert severity_of([source("ruff"), source("bandit", "high")]) == (
        "high", "Severity: bandit says high, ruff says medium; high holds, the highest.",
    )  # fmt: skip


def test_a_guess_does_not_outweigh_one_who_is_sure():
    assert severity_of([source("a", "critical", "low"), source("b", "low"), source("c", "medium", "high")]) == (
        "medium",
        "Severity: a says critical (low confidence), c says medium, b says low;"
        " medium holds, the highest that is said with more than low confidence.",
    )


def test_where_nobody_is_sure_the_highest_guess_holds():
    severity, note = severity_of([source("a", "high", "low"), source("b", "info", "low")])
    assert severity == "high"
    assert note.endswith("high holds, the highest, though all say so with low confidence.")


def test_the_note_does_not_depend_on_the_order_of_witnesses():
    sources = [source("ruff"), source("bandit", "high"), source("claude", "low", "low")]
    assert severity_of(sources) == severity_of(sources[::-1])


def advised(*remedies: str) -> str:
    claims = [Claimed(title="Retry loop in the client", path="a.py", line=1, remedy=remedy) for remedy in remedies]
    found = merged([Witness(task=TaskId(f"t{n}"), agent=f"agent{n}", claimed=c) for n, c in enumerate(claims)])
    assert len(found) == 1
    return found[0].note


def test_contradicting_advice_is_kept_on_both_sides():
    assert advised("Remove the loop.", "Keep it: it guards a race.") == (
        'Advice differs: to change it (agent0: "Remove the loop."); to leave it (agent1: "Keep it: it guards a race.").'
        " Both are kept: decide before you act."
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Delete the retry", "Do not delete it, callers rely on it"),
        ("Replace it by a queue.", "This is a false positive."),
        ("Fix the bound", "Leave as it is"),
        ("Don\u2019t keep it", "Keep it"),
        ("Never ignore it", "Ignore"),
    ],
)
def test_change_against_leave_is_seen(one, other):
    assert advised(one, other).startswith("Advice differs: ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Remove the loop", "Delete it"),
        ("Use a queue", "Keep it"),
        ("Remove the loop and keep the timeout", "Use a queue"),
        ("Do not remove it, replace it: never keep it", "Keep it"),
        ("", "Keep it"),
    ],
)
def test_advice_that_does_not_plainly_contradict_makes_no_note(one, other):
    assert advised(one, other) == ""


def test_the_order_is_severity_then_agreement_then_confidence_then_place():
    both = (source("ruff-security"), source("bandit"))
    expected = [
        finding("critical", "critical", source("a", confidence="low")),
        finding("two agents", "high", *both),
        finding("sure", "high", source("a", confidence="high")),
        finding("less sure", "high", source("a"), path="a.py", line=2),
        finding("further down", "high", source("a"), path="a.py", line=10),
        finding("another file", "high", source("a"), path="b.py", line=1),
        finding("info", "info", *both, source("c")),
    ]
    assert list(ranked(reversed(expected))) == expected


def test_one_analyser_under_two_names_agrees_with_nobody():
    twice = finding("twice", "high", source("ruff-security"), source("ruff-correctness"), path="z.py")
    once = finding("once", "high", source("bandit"))
    assert [f.id for f in ranked([twice, once])] == ["once", "twice"]
