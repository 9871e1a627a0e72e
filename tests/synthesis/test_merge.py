from __future__ import annotations

import pytest

from forkjoin.model import Claimed, Finding, TaskId
from forkjoin.synthesis import Witness, merged
from forkjoin.synthesis.merge import _ids


def said(agent: str, rule: str = "", title: str = "something", *, task: str = "", **claim) -> Witness:
    claim = {"path": "app.py", "line": 3} | claim
    return Witness(task=TaskId(task or agent), agent=agent, claimed=Claimed(title=title, rule=rule, **claim))


def agents(finding: Finding) -> list[str]:
    return [source.agent for source in finding.sources]


def rules(findings: tuple[Finding, ...]) -> list[list[str]]:
    return [[source.rule for source in finding.sources] for finding in findings]


RUFF_SHELL = said("ruff-security", "S602", "`subprocess` call with `shell=True` identified, security issue")
BANDIT_SHELL = said("bandit", "B602", "subprocess call with shell=True identified, security issue.")
RUFF_PATH = said("ruff-security", "S607", "Starting a process with a partial executable path")
BANDIT_PATH = said("bandit", "B607", "Starting a process with a partial executable path")


def test_twins_of_ruff_and_bandit_are_one_finding_with_two_witnesses():
    (finding,) = merged([RUFF_SHELL, BANDIT_SHELL])
    assert agents(finding) == ["bandit", "ruff-security"]


def test_three_who_see_one_thing_are_three_witnesses_of_it():
    words = "User input reaches a shell: subprocess is called with shell=True"
    (finding,) = merged([RUFF_SHELL, BANDIT_SHELL, said("claude", "command-injection", words, line=4)])
    assert agents(finding) == ["bandit", "claude", "ruff-security"]


def test_two_rules_of_one_line_are_two_findings_each_with_its_twin():
    findings = merged([RUFF_SHELL, BANDIT_PATH, RUFF_PATH, BANDIT_SHELL])
    assert sorted(rules(findings)) == [["B602", "S602"], ["B607", "S607"]]


def test_an_agent_that_names_both_joins_one_of_them_and_never_both_together():
    both = said("claude", title="subprocess call with shell=True, starting a process with a partial executable path")
    findings = merged([RUFF_SHELL, BANDIT_SHELL, RUFF_PATH, BANDIT_PATH, both])
    assert sorted(len(finding.sources) for finding in findings) == [2, 3]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (said("ruff-security", "S101", "Use of `assert` detected"), said("bandit", "B101", "Use of assert detected.")),
        (said("ruff-security", "S308", "Use of `mark_safe`"), said("bandit", "B703", "Potential XSS on mark_safe")),
        (said("ruff-security", "S604", "Function call with `shell=True`"), said("bandit", "B602", "subprocess call")),
        (said("ruff-correctness", "F401", "`os` imported but unused"), said("vulture", "unused-import", "Unused 'os'")),
        (said("ruff-correctness", "F401", "`a.b.c` unused"), said("vulture", "unused-import", "Unused import 'c'")),
        (said("ruff-correctness", "F401", "`numpy` unused"), said("vulture", "unused-import", "Unused import 'np'")),
        (said("ruff-correctness", "F841", "Local variable `x`"), said("vulture", "unused-variable", "Unused 'x'")),
        (said("ruff-architecture", "C901", "`f` is too complex"), said("complexipy", "CC001", "`f` is hard to follow")),
        (said("ruff-security", "invalid-syntax", "Expected )"), said("bandit", "invalid-syntax", "Not read", line=0)),
        (said("ruff-correctness", "PLE2502", "Contains control"), said("bandit", "B613", "A Python source")),
        (said("vulture", "unreadable", "Not read", line=0), said("bandit", "unreadable", "Could not", line=0)),
    ],
    ids=lambda witness: witness.claimed.rule,
)
def test_twins_of_the_table_meet_however_they_are_worded(one, other):
    assert len(merged([one, other])) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RUFF_SHELL, RUFF_PATH),
        (RUFF_SHELL, BANDIT_PATH),
        (RUFF_SHELL, said("bandit", "B602", line=9)),
        (RUFF_SHELL, said("bandit", "B602", path="other.py")),
        (said("ruff-correctness", "F401", "`os` unused"), said("ruff-security", "S404", "`os` unused")),
        (said("bandit", "B308", "Use of mark_safe"), said("bandit", "B703", "Use of mark_safe", task="bandit-2")),
        (said("ruff-correctness", "F841", "Variable `x`"), said("vulture", "unused-variable", "Unused variable 'y'")),
        (said("ruff-correctness", "F401", "`sys` unused"), said("vulture", "unused-import", "Unused import 'os'")),
        (said("claude", title="Weak hash"), said("codex", title="Missing timeout on the request")),
        (said("claude", title="No licence is named", line=0), said("codex", title="No example is given", line=0)),
        (said("typos", "typo", "`teh` should be `the`"), said("ruff-docs", "D419", "Docstring is empty")),
    ],
)  # fmt: skip
def test_different_things_stay_apart(one, other):
    assert len(merged([one, other])) == 2


def test_two_imports_of_one_line_each_find_their_own_twin():
    ruff = [said("ruff-correctness", "F401", f"`{name}` imported but unused") for name in ("os", "sys")]
    vulture = [said("vulture", "unused-import", f"Unused import '{name}'") for name in ("sys", "os")]
    findings = merged([*ruff, *vulture])
    assert [sorted(name for name in ("os", "sys") if name in str(f.sources)) for f in findings] == [["os"], ["sys"]]
    assert [len(finding.sources) for finding in findings] == [2, 2]


def test_a_syntax_error_seen_by_every_task_is_one_finding_where_the_most_exact_says_it():
    tasks = [said(f"ruff-{n}", "invalid-syntax", "Expected `)`", line=7) for n in ("security", "docs", "testing")]
    others = [said(a, "invalid-syntax", f"Not looked at by {a}", line=0) for a in ("bandit", "vulture", "complexipy")]
    (finding,) = merged([*others, *tasks])
    assert (finding.line, finding.title, len(finding.sources)) == (7, "Expected `)`", 6)


def test_agents_that_word_one_thing_alike_meet_even_some_lines_apart():
    one = said("claude", "sql-injection", "SQL injection: the query is built from user input by string formatting")
    other = said("codex", "CWE-89", "Possible SQL injection through string formatting of a query", line=5)
    assert len(merged([one, other])) == 1


def test_agents_that_give_one_rule_at_one_place_meet_whatever_their_words():
    one, other = said("claude", "race-condition", "Lost update"), said("codex", "race-condition", "Not atomic", line=4)
    assert len(merged([one, other])) == 1


def test_a_claim_about_a_whole_file_does_not_swallow_what_lies_in_it():
    wide = said("claude", title="subprocess call with shell=True everywhere", line=1, end_line=900)
    assert len(merged([wide, said("bandit", "B602", "subprocess call with shell=True", line=400)])) == 2


def test_a_claim_without_a_place_meets_only_its_like():
    one = said("claude", title="No tests cover the payment module", path="", line=0)
    other = said("codex", title="No tests cover the payment module at all", path="", line=0)
    assert len(merged([one, other])) == 1
    assert len(merged([one, said("codex", title="No tests cover the login", path="", line=0)])) == 2


def test_what_one_task_repeats_word_for_word_counts_once():
    assert len(merged([RUFF_PATH, RUFF_PATH])[0].sources) == 1


def test_the_words_of_the_surest_lead_and_what_they_lack_comes_from_the_others():
    vague = said("claude", "command-injection", "subprocess is called with shell=True", remedy="Pass a list.", line=4)
    (finding,) = merged([vague, BANDIT_SHELL])
    assert (finding.rule, finding.line, finding.remedy) == ("B602", 3, "Pass a list.")


def test_all_perspectives_are_kept():
    one = said("claude", title="Retry loop never ends", perspective="performance")
    other = said("codex", title="Retry loop never ends", perspective="correctness")
    assert merged([one, other])[0].perspectives == ("correctness", "performance")


def test_an_id_stays_when_a_twin_joins_or_the_words_change():
    alone = merged([BANDIT_SHELL])[0].id
    assert merged([BANDIT_SHELL, RUFF_SHELL])[0].id == alone
    assert merged([said("bandit", "B602", "Now worded in another way")])[0].id == alone
    assert merged([said("bandit", "B602", line=4)])[0].id != alone
    assert alone == "Fdce5c5"


def test_ids_differ_even_for_claims_of_the_same_words():
    claims = [
        said("claude", title="Weak hash", message=f"reason {n}", task=f"t{n}", line=1 + 10 * n) for n in range(50)
    ]
    claims += [said("ruff-security", "S603", f"words {n}") for n in range(20)]
    findings = merged(claims)
    assert len({finding.id for finding in findings}) == len(findings) == 70


def test_short_ids_that_meet_grow_both_and_the_others_stay():
    many = [f"identity {n}" for n in range(20_000)]
    ids = _ids(many)
    assert len(set(ids)) == len(ids)
    longer = [id_ for id_ in ids if len(id_) > 7]
    assert 2 <= len(longer) < 100
    assert ids[::-1] == _ids(many[::-1])


def test_nothing_gives_nothing():
    assert merged([]) == ()
