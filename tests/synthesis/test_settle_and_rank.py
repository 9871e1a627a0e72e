from __future__ import annotations

import pytest

from forkjoin.model import Claimed, Finding, Source, TaskId
from forkjoin.synthesis import Witness, merged, ranked, severity_of
from forkjoin.synthesis.actions import groups
from forkjoin.synthesis.settle import severity_dispute as dispute


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
        " Neither holds, for as many say each, and as surely: decide before you act."
    )


def test_the_side_of_more_agents_holds_and_its_remedy_leads():
    found = finding_of(("a", "Remove the loop.", "high"), ("b", "Keep it.", "low"), ("c", "Leave it alone.", "low"))
    (dispute,) = found.disputes
    assert (dispute.about, dispute.holds, dispute.rule) == ("advice", "to leave it", "more agents say so")
    assert [(side.says, side.agents) for side in dispute.sides] == [
        ("to change it", ("a",)),
        ("to leave it", ("b", "c")),
    ]
    assert found.remedy == "Keep it."
    assert found.note.endswith("To leave it holds, for more agents say so; both are kept.")


def test_of_as_many_the_surer_hold():
    found = finding_of(("a", "Keep it.", "low"), ("b", "Remove the loop.", "medium"))
    (dispute,) = found.disputes
    assert (dispute.holds, dispute.rule) == ("to change it", "those who say so are surer")
    assert found.remedy == "Remove the loop."


def test_one_analyser_under_two_names_is_one_voice():
    found = finding_of(("ruff-a", "Keep it.", "high"), ("ruff-b", "Keep it.", "high"), ("x", "Remove it.", "high"))
    assert found.disputes[0].holds == ""


def test_what_to_do_with_disputed_advice_is_no_plain_fix():
    tie = finding_of(("a", "Keep it.", "low"), ("b", "Remove the loop.", "low"))
    left = finding_of(("a", "Keep it.", "high"), ("b", "Remove the loop.", "low"))
    changed = finding_of(("a", "Keep it.", "low"), ("b", "Remove the loop.", "high"))
    said = [groups([found])[0].action.split(" ")[0] for found in (tie, left, changed)]
    assert said == ["Decide", "Leave,", "Fix"]


def test_differing_severities_are_a_dispute_with_every_side():
    found = dispute([source("ruff"), source("bandit", "high"), source("claude", "critical", "low")])
    assert [(side.says, side.agents) for side in found.sides] == [
        ("critical", ("claude (low confidence)",)), ("high", ("bandit",)), ("medium", ("ruff",)),
    ]  # fmt: skip
    assert (found.holds, found.rule) == ("high", "the highest that is said with more than low confidence")
    assert dispute([source("ruff"), source("bandit")]) is None


def finding_of(*said: tuple[str, str, str]) -> Finding:
    claims = [
        (agent, Claimed(title="Retry loop in the client", path="a.py", line=1, remedy=remedy, confidence=confidence))
        for agent, remedy, confidence in said
    ]
    (found,) = merged([Witness(task=TaskId(agent), agent=agent, claimed=claim) for agent, claim in claims])
    return found


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
