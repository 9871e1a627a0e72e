from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from forkjoin.model import Claimed, Finding, Source, Task, TaskId, to_json
from forkjoin.model.text import clean, one_line
from forkjoin.synthesis import TaskResult, Witness, claimed, merged, ranked, render_markdown, report, summary_lines
from forkjoin.synthesis.grouping import grouped
from forkjoin.synthesis.join import limited
from forkjoin.synthesis.markdown import _escaped, inline
from forkjoin.testing import a_view

TITLES = (
    "Use of `assert` detected", "subprocess call with shell=True", "Starting a process with a partial path",
    "`os` imported but unused", "Unused import 'os'", "Unused import 'sys'", "SQL injection in the query",
    "Query built from user input: SQL injection", "Weak hash", "syntax error", "Keep it", "漢字",
)  # fmt: skip
RULES = ("", "S101", "B101", "S602", "B602", "S607", "B607", "F401", "unused-import", "invalid-syntax", "sql-injection")
AGENTS = ("ruff-security", "ruff-correctness", "bandit", "vulture", "claude", "codex")

claims = st.builds(
    Claimed,
    title=st.sampled_from(TITLES),
    severity=st.sampled_from(("critical", "high", "medium", "low", "info")),
    confidence=st.sampled_from(("high", "medium", "low")),
    path=st.sampled_from(("", "a.py", "b.py")),
    line=st.integers(0, 12),
    end_line=st.integers(0, 20),
    rule=st.sampled_from(RULES),
    message=st.sampled_from(("", *TITLES)),
    remedy=st.sampled_from(("", "Remove it", "Keep it", "Do not remove it")),
    perspective=st.sampled_from(("", "security", "correctness")),
)


@st.composite
def witness(draw) -> Witness:
    agent = draw(st.sampled_from(AGENTS))
    if draw(st.integers(0, 4)) == 0:  # a SARIF log speaks for several tools in one task
        return Witness(task=TaskId("log"), agent=agent, claimed=draw(claims), form="sarif")
    return Witness(task=TaskId(agent + draw(st.sampled_from(("", "-2")))), agent=agent, claimed=draw(claims))


many = st.lists(witness(), max_size=30)


@given(many, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_a_merge_does_not_depend_on_the_order(witnesses, chance):
    shuffled = list(witnesses)
    chance.shuffle(shuffled)
    assert merged(shuffled) == merged(witnesses)
    assert ranked(merged(shuffled)) == ranked(merged(witnesses)[::-1])


@given(many)
@settings(max_examples=150, deadline=None)
def test_no_claim_is_lost_and_each_is_in_exactly_one_finding(witnesses):
    groups = grouped(witnesses)
    members = [member for group in groups for member in group]
    assert len(members) == len(set(members))
    assert set(members) == set(witnesses)
    found = [as_witness(finding, source) for finding in merged(witnesses) for source in finding.sources]
    assert sorted(map(repr, found)) == sorted(map(repr, members))
    assert merged(found) == merged(witnesses)


@given(many)
@settings(max_examples=150, deadline=None)
def test_a_merge_of_what_was_merged_changes_nothing(witnesses):
    """Twice the same claims, and the claims of each finding alone."""
    assert merged([*witnesses, *witnesses]) == merged(witnesses)
    for group in grouped(witnesses):
        assert len(merged(group)) == 1
        assert contents(merged(group)) <= contents(merged(witnesses))


@given(many, many)
@settings(max_examples=100, deadline=None)
def test_what_lies_in_other_files_changes_no_finding(witnesses, others):
    here = [w for w in witnesses if w.claimed.path == "a.py"]
    elsewhere = [w for w in others if w.claimed.path != "a.py"]
    assert merged(here) == tuple(f for f in merged([*here, *elsewhere]) if f.path == "a.py")


@given(many)
@settings(max_examples=100, deadline=None)
def test_ids_are_all_different(witnesses):
    ids = [finding.id for finding in merged(witnesses)]
    assert len(ids) == len(set(ids))


@given(many)
@settings(max_examples=100, deadline=None)
def test_no_finding_joins_two_codes_of_one_tool(witnesses):
    for finding in merged(witnesses):
        for tool in ("ruff", "bandit"):
            codes = {s.rule for s in finding.sources if s.agent.startswith(tool) and s.rule[1:].isdigit()}
            assert len(codes) <= 1


@given(st.lists(claims, max_size=20), st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_a_report_cites_every_finding_in_its_actions(found, limit):
    made = report(
        a_view(name="n"),
        [TaskResult(task=Task(id=TaskId("t"), task="x", output="findings"), state="completed", agent="claude",
                            value=to_json(found))],
    )  # fmt: skip
    assert sorted(id_ for action in made.actions for id_ in action.findings) == sorted(f.id for f in made.findings)
    assert sum(count for _, count in made.counts) == len(made.findings)
    assert len(made.actions) <= 7
    assert sorted(id_ for group in made.groups for id_ in group.findings) == sorted(f.id for f in made.findings)
    cut = limited(made, limit)
    assert len(cut.findings) + cut.left_out == len(made.findings)
    assert (cut.counts, cut.coverage, cut.actions) == (made.counts, made.coverage, made.actions)
    assert len(summary_lines(made)) <= 15
    assert render_markdown(made, limit=limit).startswith("# n\n")


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=200))
@settings(max_examples=400, deadline=None)
def test_clean_text_holds_nothing_that_moves_or_hides(text):
    out = clean(text)
    assert not [char for char in out if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"]
    assert not [char for char in out if unicodedata.bidirectional(char) in BIDI]
    assert clean(out) == out
    out.encode()


@given(
    st.lists(
        st.sampled_from(["\x1b", "[", "]", "P", "31", "m", ";", "\x07", "\x9b", "\x9c", "\\", "a", "\n", "\u202e"])
    )
)
@settings(max_examples=400, deadline=None)
def test_pieces_of_sequences_never_add_up_to_one(pieces):
    out = clean("".join(pieces))
    assert not set(out) & set("\x1b\x9b\x9c\x07\u202e")
    assert clean(out) == out


@given(st.binary(max_size=60) | st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_value_is_claims_or_a_value_error(value):
    try:
        found = claimed(value)
    except ValueError as error:
        where, colon, why = str(error).partition(": ")
        found, complained = (), bool(where and colon and why)
    else:
        complained = False
    assert complained or all(isinstance(one, Claimed) for one in found)


BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def as_witness(finding: Finding, source: Source) -> Witness:
    """Return the claim that a source of a finding stands for."""
    claim = Claimed(
        title=source.title or source.message, message=source.message if source.title else "", severity=source.severity,
        confidence=source.confidence, path=finding.path, line=source.line, end_line=source.end_line, rule=source.rule,
        evidence=source.evidence, remedy=source.remedy, perspective=source.perspective,
    )  # fmt: skip
    return Witness(task=source.task, agent=source.agent, claimed=claim, form=source.form)


def contents(findings: tuple[Finding, ...]) -> set[tuple[object, ...]]:
    return {(f.path, f.line, f.title, f.severity, f.note, f.disputes, f.sources) for f in findings}


@settings(max_examples=200)
@given(st.text(max_size=12) | st.text(alphabet="az09 ,()-_.`*=#:/\t", max_size=12))
def test_what_is_taken_as_it_stands_reads_as_if_it_had_been_looked_through(text):
    assert one_line(text) == " ".join(clean(text).split())
    if "`" not in text:
        assert inline(text) == _escaped(one_line(text))
