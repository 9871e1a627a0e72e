"""`forkjoin mcp`: what it refuses before it serves, and what it tells of itself."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest


def test_json_tells_the_tools_and_the_ceiling(forkjoin: Any) -> None:
    told = forkjoin.json("mcp", "--budget", "2usd", "--max-tasks", "3")
    assert told["ceiling"] == {
        "permission": "workspace-write", "tasks": 3, "budget": 2.0, "roots": [str(forkjoin.tree)],
    }  # fmt: skip
    assert told["tools"][0]["name"] == "run_tasks"
    assert forkjoin.json("mcp", "--names", "claude")["tools"][0]["name"] == "Task"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--names", "gpt"], "known: forkjoin, claude"),
        (["--max-permission", "all"], "known: read-only, workspace-write, full"),
        (["--max-tasks", "0"], "give 1 or more"),
        (["--budget", "much"], "no sum of dollars"),
        (["--roots", "nowhere"], "is no folder"),
        (["--http", "x"], "is no address"),
        (["--http", "1:99999"], "is no address"),
        (["--http", "0.0.0.0:0"], "--allow-host"),
        (["--http", "0", "--allow-origin", "*"], "'*' is no origin"),
        (["--http", "0", "--allow-origin", "https://a.example/"], "no path"),
        (["--http", "0", "--allow-origin", "https://*.example"], "is no origin"),
        (["--http", "0", "--allow-host", "https://a.example"], "write NAME:PORT"),
        (["--token-file", "t"], "goes with --http only"),
        (["--http", "0", "--token-file", "nowhere"], "cannot be read"),
    ],
)
def test_a_slip_is_told_before_anything_is_served(forkjoin: Any, flags: list[str], said: str) -> None:
    code, _, err = forkjoin("mcp", *flags)
    assert (code, said in err) == (2, True), err


def test_a_token_that_others_can_read_or_guess_is_refused(forkjoin: Any, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("x" * 40)
    file.chmod(0o644)
    assert "chmod 600" in forkjoin("mcp", "--http", "0", "--token-file", str(file))[2]
    for weak in ("short", "with a blank in it and long", "ü" * 20):
        file.write_text(weak)
        file.chmod(0o600)
        assert "holds no token of 16" in forkjoin("mcp", "--http", "0", "--token-file", str(file))[2]


def test_an_address_that_is_taken_is_told(forkjoin: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        code, _, err = forkjoin("mcp", "--http", str(other.getsockname()[1]))
    assert (code, "already in use; --http 0 takes a free port" in err) == (7, True), err


def test_without_the_extra_the_command_that_adds_it_is_told(forkjoin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forkjoin.interfaces.cli.verbs.mcp.find_spec", lambda _: None)
    code, _, err = forkjoin("mcp")
    assert (code, "pip install 'forkjoin[mcp]'" in err) == (7, True)
