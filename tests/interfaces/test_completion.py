"""Completion: scripts for three shells; verbs, flags, tasks and runs; and never a word into somebody's prompt."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forkjoin.interfaces.cli.main import answered
from forkjoin.interfaces.cli.table import VERBS

pytestmark = pytest.mark.slow
SCRIPT = "from forkjoin.interfaces.cli.main import main; import sys; sys.argv = ['forkjoin']; main()"


def _completed(shell: str, *words: str, cwd: Path | None = None) -> tuple[set[str], str]:
    line = " ".join(("forkjoin", *words))
    environ = os.environ | {
        "_FORKJOIN_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=cwd, capture_output=True, text=True, timeout=30, env=environ, check=False
    )
    return set(re.findall(r"[\w/-]+", done.stdout)), done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_this_program(shell: str) -> None:
    script = "from forkjoin.interfaces.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "--show-completion", shell],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_FORKJOIN_COMPLETE=complete_{shell}" in done.stdout


@pytest.mark.parametrize(("shell", "begins"), [("zsh", "#compdef forkjoin"), ("fish", "complete --command forkjoin")])
def test_the_script_of_a_named_shell_is_shown_from_within_any(
    capsys: pytest.CaptureFixture[str], shell: str, begins: str
) -> None:
    with pytest.raises(SystemExit) as left:
        answered(["--show-completion", shell])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith(begins)


def test_a_shell_without_completion_is_told_which_have_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(["--install-completion", "tcsh"]) == 2
    assert "no completion for 'tcsh'; known: bash, zsh, fish" in capsys.readouterr().err


def test_the_script_for_bash_is_bash(tmp_path: Path) -> None:
    script = "from forkjoin.interfaces.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "--show-completion", "bash"],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    subprocess.run(["bash", "-n"], input=done.stdout, check=True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_verb_is_offered(shell: str) -> None:
    offered, err = _completed(shell, "")
    assert set(VERBS) <= offered
    assert err == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_runs_are_offered_in_every_shell(forkjoin, ended: str, shell: str) -> None:
    offered, err = _completed(shell, "show", "")
    assert {ended, "good"} <= offered
    assert err == ""


@pytest.fixture
def offered_by(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., set[str]]:
    """What bash is offered behind some words; in this process: the scripts themselves are tried above."""
    from forkjoin.interfaces.cli.main import main

    def offered(*words: str) -> set[str]:
        monkeypatch.setattr(sys, "argv", ["forkjoin"])
        monkeypatch.setenv("_FORKJOIN_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", " ".join(("forkjoin", *words)))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        with pytest.raises(SystemExit):
            main()
        return set(re.findall(r"[\w/-]+", capsys.readouterr().out))

    return offered


def test_runs_are_offered_where_a_run_may_stand(offered_by, forkjoin, ended: str) -> None:
    for verb in ("ls", "rm", "watch", "report", "todo", "stop", "wait", "retry", "path"):
        assert ended in offered_by(verb, ""), verb


def test_tasks_are_offered_where_a_task_may_stand(offered_by, forkjoin, ended: str) -> None:
    for verb in ("show", "output", "log", "diff", "stop", "wait", "retry", "path"):
        assert {"good", "bad", "writer"} <= offered_by(verb, ""), verb
    offered = offered_by("show", "wr")
    assert "writer" in offered
    assert "good" not in offered


def test_agents_and_perspectives_are_offered(offered_by, forkjoin) -> None:
    for verb in ("run", "each", "review", "check"):
        assert {"claude", "codex", "shell"} <= offered_by(verb, "-a", ""), verb
    assert offered_by("review", "-p", "sec") == {"security"}
    own = forkjoin.tree / ".forkjoin" / "perspectives"
    own.mkdir(parents=True)
    (own / "seconds.md").write_text("Look at times.\n")
    assert offered_by("review", "-p", "sec") == {"security", "seconds"}
    (own / "seconds.md").write_text("---\nodd: 1\n---\n")
    assert offered_by("review", "-p", "sec") == set()


def test_flags_are_offered(forkjoin) -> None:
    assert {"--task", "--max-parallel", "--dry-run", "--json"} <= _completed("bash", "run", "--")[0]


@pytest.mark.parametrize("shell", ["bash", "fish"])
@pytest.mark.parametrize("words", [("frobnicate", ""), ("show", ""), ("-C", ""), ("run", "--odd", "")], ids=" ".join)
def test_where_nothing_is_known_nothing_is_said(forkjoin, shell: str, words: tuple[str, ...]) -> None:
    assert _completed(shell, *words)[1] == ""


def test_a_state_folder_that_cannot_be_read_is_not_complained_of(
    forkjoin, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write_text("no folder")
    assert _completed("bash", "show", "")[1] == ""
