from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.engine.settings import settings_from
from forkjoin.errors import PlanError


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    tree = tmp_path / "tree"
    (tree / ".git").mkdir(parents=True)
    return tree


def test_nothing_set_gives_the_state_folder_and_no_opinion(tree: Path) -> None:
    settings = settings_from({}, tree)
    assert settings.home.endswith("forkjoin")
    assert (settings.agent, settings.max_parallel, settings.policy) == (None, None, None)


def test_the_environment_beats_the_project_and_the_project_beats_the_user(tree: Path, tmp_path: Path) -> None:
    user = tmp_path / "config" / "forkjoin"
    user.mkdir(parents=True)
    (user / "settings.toml").write_text('agent = "user"\nmax_parallel = 1\npolicy = "trust"\n')
    (tree / ".forkjoin.toml").write_text('agent = "project"\nmax_parallel = 2\n')
    settings = settings_from({"FORKJOIN_AGENT": "shell"}, tree)
    assert (settings.agent, settings.max_parallel, settings.policy) == ("shell", 2, "trust")
    assert settings.origins == {"agent": "environment", "max_parallel": "project", "policy": "user"}


def test_the_project_table_is_found_from_a_folder_below(tree: Path) -> None:
    (tree / "pyproject.toml").write_text("[tool.forkjoin]\nmax_parallel = 3\n")
    below = tree / "src" / "deep"
    below.mkdir(parents=True)
    assert settings_from({}, below).max_parallel == 3


def test_files_above_the_repository_do_not_count(tree: Path, tmp_path: Path) -> None:
    (tmp_path / ".forkjoin.toml").write_text("max_parallel = 9\n")
    assert settings_from({}, tree).max_parallel is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_paralel = 3\n", "no setting 'max_paralel'"),
        ('max_parallel = "many"\n', "max_parallel = 'many'"),
        ("max_parallel = \n", "cannot be read"),
        ('policy = "wild"\n', "no policy 'wild'"),
        ('home = "state"\n', "home is not a project's to say"),
        ("retention_days = 0\n", "retention_days is not a project's to say"),
        ("retention_gib = 0\n", "retention_gib is not a project's to say"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tree: Path, text: str, said: str) -> None:
    (tree / ".forkjoin.toml").write_text(text)
    with pytest.raises(PlanError, match=said) as caught:
        settings_from({}, tree)
    assert ".forkjoin.toml" in str(caught.value)


def test_a_wrong_variable_is_named(tree: Path) -> None:
    with pytest.raises(PlanError, match="FORKJOIN_MAX_PARALLEL"):
        settings_from({"FORKJOIN_MAX_PARALLEL": "lots"}, tree)


def test_a_broken_pyproject_is_left_to_its_own_tools(tree: Path) -> None:
    (tree / "pyproject.toml").write_text("[tool.forkjoin\n")
    assert settings_from({}, tree).agent is None


@pytest.mark.parametrize(
    ("flag", "environment", "plan", "expected"),
    [(4, "3", 2, 4), (None, "3", 2, 3), (None, None, 2, 2), (None, None, None, 1)],
)
def test_flags_beat_the_environment_which_beats_the_plan_which_beats_the_files(
    tree: Path, flag: int | None, environment: str | None, plan: int | None, expected: int
) -> None:
    (tree / ".forkjoin.toml").write_text("max_parallel = 1\n")
    environ = {"FORKJOIN_MAX_PARALLEL": environment} if environment else {}
    assert settings_from(environ, tree).chosen("max_parallel", flag=flag, plan=plan) == expected
