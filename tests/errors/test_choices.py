"""Where a word is one of a few, a wrong one is answered with all of them and the one that was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from forkjoin.agents import dialect
from forkjoin.engine import LandAsk, settings_from
from forkjoin.errors import ForkjoinError, UnknownId, choices
from forkjoin.interfaces.cli.main import answered


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("strikt", ("isolate", "strict"), "known: isolate, strict; did you mean 'strict'?"),
        ("SARIF", ("html", "sarif"), "known: html, sarif; did you mean 'sarif'?"),
        ("banana", ("html", "sarif"), "known: html, sarif"),
        ("aut", ("auth (Audit auth)", "docs (Docs)"), "known: auth (Audit auth), docs (Docs); did you mean 'auth'?"),
        ("x", tuple("abcdefghijklmnopqrstuvw"), f"known: {', '.join('abcdefghijklmnopqrst')} and 3 more"),
        ("", (), "known: "),
        ("t0", ("t10", "t20", "t00", "t01"), "known: t10, t20, t00, t01; did you mean 't00'?"),
        (
            "zz",
            tuple(f"task-{n} (Does a long thing number {n})" for n in range(10)),
            f"known: {', '.join(f'task-{n}' for n in range(10))}",
        ),
        (
            "zz",
            tuple(f"20261129-15{n:04}-abcd" for n in range(50)),
            f"known: {', '.join(f'20261129-15{n:04}-abcd' for n in range(6))} and 44 more",
        ),
    ],
)
def test_the_known_are_listed_and_the_near_one_is_named(word: str, known: tuple[str, ...], said: str) -> None:
    assert choices(word, known) == said


def test_a_hint_stands_behind_the_question() -> None:
    assert str(UnknownId("task", "aut", ["auth"], hint="see: forkjoin ls")).endswith(
        "did you mean 'auth'? (see: forkjoin ls)"
    )


def test_of_many_thousands_nobody_waits_for_the_nearest() -> None:
    assert len(choices("t99998", [f"t{n}" for n in range(100_000)])) < 300


@pytest.mark.parametrize(("word", "meant"), [("shel", "shell"), ("cluade", "claude"), ("statik", "static")])
def test_an_agent_is_known_by_near_and_shell_is_one(word: str, meant: str) -> None:
    with pytest.raises(UnknownId, match=rf"static.*shell; did you mean '{meant}'"):
        dialect(word)


def test_every_table_of_the_command_line_does_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    plans = {
        "policy": "policy: isolte\ntasks: [{shell: x}]", "permission": "tasks: [{shell: x, permission: reed-only}]",
        "isolation": "tasks: [{shell: x, isolation: clon}]", "output": "tasks: [{shell: x, output: fnidings}]",
        "analyser": "tasks: [{agent: static, task: ruf-security}]",
    }  # fmt: skip
    for name, text in plans.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    tried = [
        (("reviw",), "did you mean: forkjoin review?"),
        (("review", "-n", "-p", "secrity"), "did you mean 'security'?"),
        (("review", "-n", "--fail-on", "hihg"), "did you mean 'high'?"),
        (("run", "-n", "-a", "shell", "-t", "x", "--policy", "strikt"), "did you mean 'strict'?"),
        (("run", "-n", "-a", "shell", "-t", "x", "--on-overlap", "stpo"), "did you mean 'stop'?"),
        (("run", "policy.yaml"), "did you mean 'isolate'?"),
        (("run", "permission.yaml"), "did you mean 'read-only'?"),
        (("run", "isolation.yaml"), "did you mean 'clone'?"),
        (("run", "output.yaml"), "known: findings, text, none, or a JSON Schema; did you mean 'findings'?"),
        (("run", "analyser.yaml"), "did you mean 'ruff-security'?"),
        (("report", "--format", "sarfi"), "did you mean 'sarif'?"),
        (("output", "x", "--mode", "tial"), "did you mean 'tail'?"),
    ]
    for argv, said in tried:
        where = () if argv[0] == "reviw" else ("-C", str(tmp_path))
        words = [str(tmp_path / word) if word.endswith(".yaml") else word for word in argv]
        assert answered([*words, *where]) == 2, argv
        assert said in capsys.readouterr().err, argv


def test_a_setting_and_its_value_too(tmp_path: Path) -> None:
    (tmp_path / ".forkjoin.toml").write_text("polcy = 'strict'\n")
    with pytest.raises(ForkjoinError, match=r"no setting 'polcy'; known: .*did you mean 'policy'"):
        settings_from({"FORKJOIN_HOME": str(tmp_path)}, tmp_path)
    with pytest.raises(ForkjoinError, match=r"FORKJOIN_POLICY: no policy 'strikt'.*did you mean 'strict'"):
        settings_from({"FORKJOIN_HOME": str(tmp_path), "FORKJOIN_POLICY": "strikt"}, tmp_path / "none")
    with pytest.raises(ForkjoinError, match="did you mean 'refuse'"):
        LandAsk(violations="refus")
