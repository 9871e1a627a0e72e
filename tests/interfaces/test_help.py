"""Help: golden, with examples, and light."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable

import pytest

from forkjoin.interfaces.cli.group import verb_command
from forkjoin.interfaces.cli.main import answered
from forkjoin.interfaces.cli.table import VERBS


@pytest.fixture(autouse=True)
def _at_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_the_help_is_golden(golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(["--help"]) == 0
    golden("help.txt", capsys.readouterr().out)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_each_verb_is_golden(
    verb: str, golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert answered([verb, "--help"]) == 0
    said = capsys.readouterr().out
    golden(f"help-{verb}.txt", said)
    assert "Examples:" in said


@pytest.mark.parametrize("verb", VERBS)
def test_every_flag_of_an_example_exists(verb: str) -> None:
    module = importlib.import_module(f"forkjoin.interfaces.cli.verbs.{verb}")
    for command, said in module.EXAMPLES:
        assert said
        line = re.search(rf"forkjoin {verb}\b(?P<rest>[^|<>)\"]*)", command)
        assert line, command
        flags = [word for word in shlex.split(line["rest"]) if re.match(r"--?[a-z]", word)]
        known = {name for param in verb_command(verb).params for name in (*param.opts, *param.secondary_opts)}
        assert set(flags) <= known, command


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_speaks_json(verb: str) -> None:
    assert "--json" in {name for param in verb_command(verb).params for name in param.opts}


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_says_what_it_does(verb: str) -> None:
    assert all(param.help for param in verb_command(verb).params)


def test_the_help_loads_no_verb_and_nothing_heavy() -> None:
    script = (
        "import sys, json; from forkjoin.interfaces.cli.main import answered; answered(['--help']);"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    heavy = {"rich", "msgspec", "yaml", "asyncio", "sqlite3", "jsonschema", "psutil", "pydantic", "forkjoin.engine"}
    assert not loaded & heavy
    assert not [name for name in loaded if name.startswith("forkjoin.interfaces.cli.verbs")]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_verbs(shell: str) -> None:
    script = "from forkjoin.interfaces.cli.main import main; import sys; sys.argv = ['forkjoin']; main()"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "_FORKJOIN_COMPLETE": f"complete_{shell}",
            "_TYPER_COMPLETE_ARGS": "forkjoin re",
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "COMP_WORDS": "forkjoin re",
            "COMP_CWORD": "1",
        },
    )
    assert {verb for verb in VERBS if verb in re.findall(r"\w+", done.stdout)} >= {"review", "retry", "report"}
    assert done.stderr == ""


def test_the_completion_script_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "from forkjoin.interfaces.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "--show-completion", "bash"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    assert "_FORKJOIN_COMPLETE" in done.stdout
