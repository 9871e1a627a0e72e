"""The table of verbs, and near words."""

from __future__ import annotations

import importlib.util

import pytest

from forkjoin.interfaces.cli.table import GROUPS, VERBS, hint


def test_every_verb_has_a_module_and_a_group_of_the_help() -> None:
    for name, line in VERBS.items():
        assert importlib.util.find_spec(f"forkjoin.interfaces.cli.verbs.{name}"), name
        assert line.group in GROUPS


def test_no_module_stands_without_a_verb() -> None:
    import pkgutil

    import forkjoin.interfaces.cli.verbs as verbs

    assert {module.name for module in pkgutil.iter_modules(verbs.__path__)} == set(VERBS)


@pytest.mark.parametrize(
    ("word", "verb"),
    [("status", "show"), ("logs", "log"), ("cancel", "stop"), ("kill", "stop"), ("rerun", "retry"), ("attach", "watch"),
     ("merge", "land"), ("apply", "land"),
     ("reviw", "review"), ("outptu", "output")],
)  # fmt: skip
def test_a_near_word_gets_the_verb(word: str, verb: str) -> None:
    assert hint(word) == f"did you mean: forkjoin {verb}?"


def test_a_word_near_to_nothing_points_to_the_help() -> None:
    assert hint("qqqqqq") == "see: forkjoin --help"
