"""What of a report counts: lines changed since a ref, and what a baseline does not know."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from forkjoin.model import (
    Baseline,
    ChangedFile,
    Claimed,
    Finding,
    Known,
    Report,
    Scope,
    Since,
    Source,
    Task,
    TaskId,
    to_json,
)
from forkjoin.synthesis import (
    TaskResult,
    baseline_entries,
    identified,
    narrowed,
    pruned,
    render_markdown,
    report,
    summary_lines,
)
from forkjoin.synthesis.narrow import on_changed_lines
from forkjoin.testing import a_view

CODE = ("import os", "", "def run(command):", "    call(command, shell=True)", "    call(command, shell=True)", "")
SAID = (
    ("F401", 1, "`os` imported but unused"),
    ("S602", 4, "call with shell=True"),
    ("S602", 5, "call with shell=True"),
)


def made(said=SAID, *, path: str = "a.py", agent: str = "ruff-security", state: str = "completed") -> Report:
    claims = [Claimed(title=title, path=path, line=line, rule=rule, severity="low") for rule, line, title in said]
    task = Task(id=TaskId(agent), task="look", output="findings")
    return report(a_view(), [TaskResult(task=task, state=state, agent=agent, value=to_json(claims))])


def standing(code=CODE, path: str = "a.py") -> dict[tuple[str, int], str]:
    return {(path, number): text for number, text in enumerate(code, 1)}


def known(of: Report, code=CODE, path: str = "a.py", prefix: str = "") -> Baseline:
    told = identified(of, standing(code, path), prefix=prefix)
    return Baseline(file="b.json", known=baseline_entries(told, Baseline(file=""), prefix, LOOKED))


def against(baseline: Baseline, now: Report, code=CODE, *, path: str = "a.py", prefix: str = "", looked=None) -> Report:
    scope = Scope(baseline=baseline, prefix=prefix)
    lines = standing(code, path)
    return narrowed(identified(now, lines, prefix=prefix), scope, lines, LOOKED if looked is None else looked)


LOOKED = {TaskId("ruff-security"): ("**",)}


def test_a_report_without_a_scope_is_as_it_was():
    whole = identified(made(), standing())
    assert narrowed(whole, Scope(), standing(), LOOKED) == whole


def test_what_is_known_is_counted_and_not_told():
    told = against(known(made()), made())
    assert told.findings == ()
    assert (told.counts, told.actions, told.groups) == ((), (), ())
    assert told.narrowing is not None
    assert (told.narrowing.known, told.narrowing.gone) == (3, ())
    assert "Known by b.json: 3 findings, not shown." in render_markdown(told)


def test_moved_and_reformatted_lines_are_known_again():
    moved = (
        "# a", "", "import   os", "", "def run( command ):", "", "  call( command,shell=True )",
        "call(command, shell = True)",
    )  # fmt: skip
    said = (("F401", 3, "`os` imported but unused"), ("S602", 7, SAID[1][2]), ("S602", 8, SAID[1][2]))
    told = against(known(made()), made(said), moved)
    assert told.findings == ()


def test_one_more_of_the_same_is_new_and_only_one_is():
    more = (*CODE, "    call(command, shell=True)")
    told = against(known(made()), made((*SAID, ("S602", 7, SAID[1][2]))), more)
    assert [finding.line for finding in told.findings] == [7]
    assert told.counts == (("low", 1),)


def test_another_rule_another_line_and_another_file_are_new():
    baseline = known(made())
    assert len(against(baseline, made((("S605", 4, "x"),))).findings) == 1
    changed = (*CODE[:3], "    call(other, shell=True)", *CODE[4:])
    assert [f.line for f in against(baseline, made(), changed).findings] == [4]
    assert len(against(baseline, made(path="b.py"), path="b.py").findings) == 3


def test_a_renamed_file_is_known_where_git_says_so():
    baseline = replace(known(made()), renames=(("new.py", "a.py"),))
    told = against(baseline, made(path="new.py"), path="new.py")
    assert told.findings == ()
    assert told.narrowing is not None
    assert told.narrowing.gone == ()


def test_the_baseline_is_the_same_from_wherever_one_looks():
    from_top = known(made(path="src/a.py"), path="src/a.py")
    from_within = known(made(), prefix="src/")
    assert from_top.known == from_within.known
    assert against(from_top, made(), prefix="src/").findings == ()


def test_what_no_longer_occurs_is_named_and_can_be_pruned():
    baseline = known(made())
    told = against(baseline, made(SAID[:1]))
    assert told.narrowing is not None
    gone = told.narrowing.gone
    assert [one.rule for one in gone] == ["S602", "S602"]
    assert "In the baseline, but gone: a.py S602, a.py S602; take them out" in "\n".join(summary_lines(told, width=200))
    assert [one.rule for one in pruned(baseline, gone)] == ["F401"]


@pytest.mark.parametrize(
    ("now", "looked"),
    [
        (made((), agent="bandit"), {TaskId("bandit"): ("**",)}),
        (made((), state="failed"), LOOKED),
        (made(()), {TaskId("ruff-security"): ("docs", "src/x.py")}),
    ],
)
def test_nothing_is_gone_that_nobody_looked_for(now, looked):
    told = against(known(made()), now, looked=looked)
    assert told.narrowing is not None
    assert told.narrowing.gone == ()
    kept = baseline_entries(identified(now, {}), known(made()), "", looked)
    assert kept == known(made()).known


def test_a_baseline_written_anew_holds_what_is_there_and_no_more():
    before = known(made())
    now = identified(made(SAID[1:2]), standing())
    assert [one.rule for one in baseline_entries(now, before, "", LOOKED)] == ["S602"]


def test_the_text_of_the_baseline_itself_is_no_finding():
    scope = Scope(baseline=Baseline(file="b.json", own="b.json"))
    told = narrowed(identified(made(path="b.json"), {}), scope, {}, LOOKED)
    assert told.findings == ()


CHANGED = {
    "a.py": ChangedFile(path="a.py", lines=((3, 5), (9, 9))),
    "new.py": ChangedFile(path="new.py", new=True),
}


def at(path: str, line: int, end: int = 0, rule: str = "S1", **more) -> Finding:
    source = Source(task=TaskId("t"), agent="ruff", rule=rule, line=line, end_line=end)
    return Finding(id="F1", title="x", severity="low", path=path, line=line, end_line=end, rule=rule,
                   sources=more.get("sources", (source,)))  # fmt: skip


@pytest.mark.parametrize(
    ("finding", "counts"),
    [
        (at("a.py", 2), False),
        (at("a.py", 3), True),
        (at("a.py", 6, 8), False),
        (at("a.py", 6, 9), True),
        (at("a.py", 1, 4), True),
        (at("b.py", 3), False),
        (at("new.py", 77), True),
        (at("new.py", 1, rule="D100"), True),
        (at("a.py", 3, rule="D100"), False),
        (at("a.py", 0), False),
        (at("a.py", 1, rule="invalid-syntax"), True),
        (at("b.py", 1, rule="invalid-syntax"), False),
        (at("", 0), True),
        (at("a.py", 1, sources=(Source(task=TaskId("t"), agent="claude", line=4),)), True),
    ],
)
def test_a_finding_counts_where_a_line_of_it_was_changed(finding, counts):
    assert on_changed_lines(finding, CHANGED) is counts


def test_outside_and_known_are_told_apart():
    since = Since(ref="main", base="abc", files=(ChangedFile(path="a.py", lines=((4, 5),)),))
    baseline = known(made(SAID[1:2]))
    lines = standing()
    told = narrowed(identified(made(), lines), Scope(since=since, baseline=baseline), lines, LOOKED)
    assert told.narrowing is not None
    assert [f.line for f in told.findings] == [5]
    assert (told.narrowing.outside, told.narrowing.known, told.narrowing.gone) == (1, 1, ())
    assert "Outside what was changed since main: 1 finding, not shown." in summary_lines(told)


lines_of_code = st.lists(st.text(string.ascii_letters + " =()", min_size=1, max_size=12), min_size=1, max_size=12)
rules = st.sampled_from(("S602", "F401", "D100", "sql-injection", ""))


@given(lines_of_code, st.lists(st.tuples(rules, st.integers(0, 12)), max_size=12), st.integers(0, 5), st.data())
@settings(max_examples=120, deadline=None)
def test_whatever_is_known_is_known_again_when_lines_move(code, places, down, data):
    """Blank lines above, other spaces within, another order of claims."""
    said = [(rule, min(line, len(code)), f"says {rule}") for rule, line in dict.fromkeys(places)]
    baseline = known(made(said), code)
    assert list(baseline.known) == sorted(
        baseline.known, key=lambda one: (one.path, one.rule, one.title, one.fingerprint)
    )
    now = [(rule, line and line + down, title) for rule, line, title in data.draw(st.permutations(said))]
    moved = [*([""] * down), *(f"  {line}  ".replace("=", " = ") for line in code)]
    told = against(baseline, made(now), moved)
    assert told.findings == ()
    assert told.narrowing is not None
    assert told.narrowing.gone == ()


@given(lines_of_code, st.lists(st.tuples(rules, st.integers(0, 12)), max_size=12), st.integers(0, 12))
@settings(max_examples=120, deadline=None)
def test_every_finding_is_told_or_counted(code, places, cut):
    said = [(rule, min(line, len(code)), f"says {rule}") for rule, line in dict.fromkeys(places)]
    whole = identified(made(said), standing(code))
    since = Since(ref="r", base="b", files=(ChangedFile(path="a.py", lines=((1, max(1, cut)),)),))
    scope = Scope(since=since, baseline=known(made(said[::2]), code))
    told = narrowed(whole, scope, standing(code), LOOKED)
    assert told.narrowing is not None
    assert len(told.findings) + told.narrowing.outside + told.narrowing.known == len(whole.findings)
    assert sum(count for _, count in told.counts) == len(told.findings)
    assert sorted(id_ for action in told.actions for id_ in action.findings) == sorted(f.id for f in told.findings)
    assert len({f.fingerprint for f in whole.findings}) == len(whole.findings)
    assert all(isinstance(one, Known) for one in told.narrowing.gone)
