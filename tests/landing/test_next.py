"""The command that a landing names as the next one."""

from __future__ import annotations

from forkjoin.engine.landing.next import next_command
from forkjoin.model import Landing


def test_where_no_branch_was_made_none_is_named_to_merge() -> None:
    before = Landing(run="r1", branch="", onto="", commit="", landed=(), left_out=(), before=("a", "b"))
    assert next_command(before) == "forkjoin show r1"
    assert next_command(
        Landing(run="r1", branch="forkjoin/r1", onto="", commit="", landed=(), left_out=(), before=("a",))
    ) == ("git merge forkjoin/r1")
