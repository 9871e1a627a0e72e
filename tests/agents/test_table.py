"""The tables: which agents there are, those from outside, those on the machine; the child's environment."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from forkjoin.agents import child_environ, coders, depth_of, dialect, found_agents, names, table
from forkjoin.errors import CannotHere, UnknownId


def test_the_agents_of_this_release_are_named_and_made():
    assert names()[:4] == ("claude", "codex", "opencode", "pi")
    assert {"command", "function", "static"} <= set(names())
    for name in ("command", "function", "static"):
        assert dialect(name).name == name
        assert dialect(name).answers is False
        assert dialect(name).probe().found


def test_an_unknown_agent_lists_the_known_ones():
    with pytest.raises(
        UnknownId, match="no agent 'clod'; known: claude, codex, opencode, pi, command, function, static, sarif"
    ):
        dialect("clod")


class Outside:
    name, answers = "outside", True

    def probe(self): ...
    def invocation(self, task, site): ...
    def parse(self, line): ...
    def judge(self, task, ended): ...


INSTANCE = Outside()


def broken():
    raise RuntimeError("no licence")


@pytest.fixture
def registered(monkeypatch):
    def register(**values: str) -> None:
        entries = {name: EntryPoint(name, value, table.GROUP) for name, value in values.items()}
        monkeypatch.setattr(table, "_registered", lambda: entries)
        monkeypatch.setattr(table, "_made", {})
        monkeypatch.setitem(sys.modules, "outside_agents", sys.modules[__name__])

    return register


def test_an_agent_of_another_package_is_loaded_when_it_is_asked_for(registered):
    registered(outside="outside_agents:Outside", ready="outside_agents:INSTANCE")
    assert names()[-2:] == ("outside", "ready")
    assert dialect("outside").name == "outside"
    assert dialect("ready") is INSTANCE


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no_such_module:X", "ModuleNotFoundError"),
        ("outside_agents:broken", "no licence"),
        ("outside_agents:object", "AttributeError"),
    ],
)
def test_a_broken_one_is_named_and_breaks_nothing_else(registered, value, why):
    registered(bad=value)
    assert "bad" in names()
    assert dialect("command").name == "command"
    with pytest.raises(CannotHere, match=f"agent 'bad' of package .*{why}"):
        dialect("bad")


def test_one_that_is_no_dialect_is_told_what_it_lacks(registered):
    registered(thin="builtins:object")
    with pytest.raises(CannotHere, match="lacks name, answers, probe, invocation, parse, judge"):
        dialect("thin")


def test_an_agent_of_ours_is_not_replaced_by_one_from_outside(registered):
    registered(command="outside_agents:Outside")
    assert names().count("command") == 1
    assert dialect("command").name == "command"


def test_agent_programs_are_found_on_the_path_and_none_is_started(tmp_path):
    for name in ("codex", "claude", "unknown"):
        (tmp_path / name).write_text("#!/bin/sh\ntouch started\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "gemini").write_text("not executable")
    assert found_agents({"PATH": str(tmp_path)}) == (
        ("claude", str(tmp_path / "claude")),
        ("codex", str(tmp_path / "codex")),
    )
    assert found_agents({"PATH": ""}) == ()
    assert not (tmp_path / "started").exists()


def test_a_coding_agent_is_one_file_and_one_line_in_the_table():
    assert list(coders()) == ["claude", "codex", "opencode", "pi"]
    room = Path(table.__file__).parent
    files = {path.name: path.read_text() for path in room.glob("*.py")}
    for name in coders():
        assert {file for file, text in files.items() if f'"{name}"' in text} == {"table.py", f"{name}.py"}


def test_a_child_does_not_know_of_a_surrounding_agent_but_keeps_the_users_settings():
    around = {
        "CLAUDECODE": "1",
        "CLAUDE_CODE_ENTRYPOINT": "cli",
        "CODEX_SANDBOX": "seatbelt",
        "OPENCODE": "1",
        "AGENT": "1",
    }
    users = {
        "HOME": "/h",
        "CLAUDE_CODE_OAUTH_TOKEN": "t",
        "CODEX_HOME": "/c",
        "CLAUDE_CONFIG_DIR": "/d",
        "OPENAI_API_KEY": "k",
    }
    given = around | users
    made = child_environ(given, run="r1", task="t1", depth=1)
    assert made == users | {"FORKJOIN_RUN": "r1", "FORKJOIN_TASK": "t1", "FORKJOIN_DEPTH": "1"}
    assert given == around | users


def test_a_run_knows_how_deep_it_is_nested():
    assert depth_of({}) == 0
    assert depth_of(child_environ({}, run="r", task="t", depth=2)) == 2
    assert depth_of({"FORKJOIN_RUN": "r"}) == 1
    assert [depth_of({"FORKJOIN_DEPTH": odd}) for odd in ("-1", "x", "٣", "9" * 50)] == [0, 0, 0, 1000]


def test_importing_the_room_loads_no_analyser_schema_or_metadata():
    code = (
        "import sys, forkjoin.agents\n"
        "heavy = ('forkjoin.agents.analysers', 'jsonschema', 'importlib.metadata')\n"
        "print([name for name in sys.modules if name.startswith(heavy)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
