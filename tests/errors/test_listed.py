from __future__ import annotations

import pytest

from forkjoin.errors import UnknownId, listed


@pytest.mark.parametrize(
    ("things", "most", "said"),
    [((), 3, ""), (("a", "b", "c"), 3, "a, b, c"),
     (("a", "b", "c"), 2, "a, b and 1 more"), ("ab" * 600, 1, "a and 1,199 more")],
)  # fmt: skip
def test_the_first_are_named_and_the_rest_is_counted(things, most, said):
    assert listed(things, most) == said


def test_only_what_is_shown_is_put_into_words():
    asked: list[int] = []
    assert listed(range(10**6), 2, say=lambda n: asked.append(n) or f"#{n}", between="; ") == "#0; #1 and 999,998 more"
    assert asked == [0, 1]


def test_an_unknown_id_names_twenty_that_are_known():
    known = [f"t{n}" for n in range(25)]
    assert str(UnknownId("task", "x", known)).endswith("t18, t19 and 5 more")
