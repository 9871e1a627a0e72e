"""The perspectives of this version: whole briefs, in the words of the report."""

from __future__ import annotations

import re

import pytest

from forkjoin.model import SEVERITIES, Task
from forkjoin.planning import viewed
from forkjoin.prompts import PERSPECTIVES, BriefSite, brief

MAIN = ("security", "performance", "testing", "architecture")


@pytest.mark.parametrize("name", PERSPECTIVES)
def test_a_perspective_becomes_a_whole_brief_that_asks_for_findings(name: str) -> None:
    known = PERSPECTIVES[name]
    look = Task(role=known.role, focus=known.focus, task=known.task)
    task = viewed(Task(perspective=name), look, where=name)
    said = brief(task, site=BriefSite(root="/tree"))
    assert f"You are a{'n' * (known.role[0] in 'aeiou')} {known.role}" in said
    assert known.task in said
    assert '{"findings": [...]}' in said
    assert "You only read" in said
    assert all(f"- {focus}" in said for focus in known.focus)


@pytest.mark.parametrize("name", MAIN)
def test_the_four_say_how_to_go_about_it_how_bad_what_is_and_what_not_to_report(name: str) -> None:
    text = PERSPECTIVES[name].task
    assert len(re.findall(r"^\d\. ", text, re.MULTILINE)) >= 5
    assert [severity for severity in SEVERITIES if re.search(rf"^- {severity}: ", text, re.MULTILINE)] == [
        "critical", "high", "medium", "low",
    ]  # fmt: skip
    assert re.search(r"\bDo not (report|ask)\b", text)
    assert {"`evidence`", "`remedy`"} & set(re.findall(r"`\w+`", text))
