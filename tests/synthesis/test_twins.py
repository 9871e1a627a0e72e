from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from forkjoin.synthesis.twins import ANALYSERS, TWINS, is_code, kind_of, tool_of

RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")


def test_a_rule_stands_for_one_kind_only():
    rules = [rule for kind_rules in TWINS.values() for rule in kind_rules]
    assert len(rules) == len(set(rules))


def test_the_table_names_analysers_only():
    assert {rule.partition(" ")[0] for rules in TWINS.values() for rule in rules} <= ANALYSERS | {"*"}


@pytest.mark.parametrize(
    ("agent", "rule", "kind"),
    [
        ("ruff-security", "S101", "bandit-101"),
        ("bandit", "B101", "bandit-101"),
        ("bandit", "B703", "mark-safe"),
        ("ruff", "S308", "mark-safe"),
        ("vulture", "invalid-syntax", "syntax-error"),
        ("ruff-docs", "D419", "ruff D419"),
        ("ruff", "", ""),
        ("claude", "S101", ""),
        ("ruffian", "S101", ""),
    ],
)
def test_a_rule_is_known_by_who_says_it(agent, rule, kind):
    assert kind_of(agent, rule) == kind


def test_a_tool_under_several_names_is_one():
    assert [tool_of(name) for name in ("ruff", "ruff-security", "claude", "my-agent")] == [
        "ruff", "ruff", "claude", "my-agent",
    ]  # fmt: skip


def test_codes_are_told_from_words():
    assert [rule for rule in ("S602", "PLW0120", "CC001", "sql-injection", "CWE-89", "", "S") if is_code(rule)] == [
        "S602", "PLW0120", "CC001",
    ]  # fmt: skip


@pytest.mark.skipif(RUFF is None, reason="needs the ruff of the extra `review`")
def test_every_number_that_ruff_and_bandit_share_means_the_same_test():
    """Their names share a word, or they were looked at and stand here."""
    looked_at = {"303", "310", "312", "313", "314", "321", "411", "415", "602"}
    extension_loader = pytest.importorskip("bandit.core.extension_loader")
    tests = {plugin.plugin._test_id: plugin.name for plugin in extension_loader.MANAGER.plugins}
    for listed in extension_loader.MANAGER.blacklist.values():
        tests |= {item["id"]: item["name"] for item in listed}
    told = subprocess.run(
        [RUFF, "rule", "--all", "--output-format", "json"], capture_output=True, check=True, text=True
    )
    rules = {rule["code"]: rule["name"] for rule in json.loads(told.stdout) if rule["linter"] == "flake8-bandit"}
    shared = {code[1:] for code in rules} & {test[1:] for test in tests}
    assert len(shared) >= 68
    unlike = {
        number: (rules[f"S{number}"], tests[f"B{number}"])
        for number in shared - looked_at
        if not _words(rules[f"S{number}"]) & _words(tests[f"B{number}"])
    }
    assert unlike == {}


def _words(name: str) -> set[str]:
    words = name.lower().replace("_", "-").split("-")
    return {word.rstrip("s") for word in words} - {"suspiciou", "usage", "use", "used", "of", "with", "import"}
