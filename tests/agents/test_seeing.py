"""What a coding agent will read where it starts, from files of strangers."""

from __future__ import annotations

from pathlib import Path

from forkjoin.agents import coders, seen_by


def test_a_file_that_is_nested_without_end_is_named_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / ".mcp.json").write_text("[" * 200_000)
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").write_text('{"a":' * 100_000)
    seen = seen_by(coders()["claude"].coding.places, tree=tmp_path, home=tmp_path / "home", environ={})
    assert [(one.kind, one.trouble) for one in seen] == [
        ("settings", "cannot be read: it is nested too deeply"),
        ("mcp server", "cannot be read: it is nested too deeply"),
    ]
