"""Which coding agent does it where nobody was named: the only one that is here and logged in, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.engine import known_agents
from forkjoin.engine.known import only_agent
from forkjoin.engine.preparing.prepare import prepared
from forkjoin.engine.settings import settings_from
from forkjoin.model import Plan, Task


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH on which claude and codex are, as programs that only know their version; nobody is logged in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("claude", "codex"):
        program = folder / name
        program.write_text("#!/bin/sh\necho 'version 9.8.7 (of a double)'\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("CODEX_API_KEY", raising=False)
    return folder


def _agents(plan: Plan, tree: Path) -> list[str]:
    return [task.agent_name for task in prepared(plan, settings=settings_from({}, tree), tree=tree).plan.tasks]


def test_nobody_is_chosen_where_nobody_is_logged_in(programs: Path, tmp_path: Path) -> None:
    assert only_agent() == ""
    assert _agents(Plan(tasks=[Task(id="a", task="x")]), tmp_path) == [""]


def test_the_only_one_that_is_logged_in_is_chosen_and_said(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made-up")
    plan = Plan(tasks=[Task(id="a", task="x"), Task(id="b", shell="true"), Task(id="c", task="y", agent="codex")])
    assert _agents(plan, tmp_path) == ["claude", "command", "codex"]
    made = prepared(plan, settings=settings_from({}, tmp_path), tree=tmp_path)
    assert "agent claude: the only one here that is logged in" in made.notes


def test_of_two_nobody_is_chosen(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made-up")
    monkeypatch.setenv("CODEX_API_KEY", "made-up")
    assert only_agent() == ""


def test_a_log_in_that_lies_in_a_file_is_seen_and_not_read(programs: Path, home: Path) -> None:
    kept = Path("~/.codex/auth.json").expanduser()
    kept.parent.mkdir(parents=True)
    kept.touch(mode=0)
    assert only_agent() == "codex"


def test_what_is_here_is_listed_with_version_and_log_in(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made-up")
    found = {agent.name: agent for agent in known_agents()}
    assert (found["claude"].version, found["claude"].how) == ("9.8.7", "key (ANTHROPIC_API_KEY)")
    assert (found["codex"].how, found["codex"].note) == ("", "run `codex login`, or set CODEX_API_KEY")
    assert found["pi"].found is False
