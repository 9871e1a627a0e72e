"""`watch --tty`: an agent's own program, given the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from forkjoin.engine.attempts.terminals import Terminal
from forkjoin.interfaces.cli.verbs import watch

SAYS = "import signal, sys; sys.exit(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"


def test_the_program_hears_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Terminal(argv=(sys.executable, "-I", "-S", "-c", SAYS), cwd=str(tmp_path), env={})
    run, task = SimpleNamespace(id="r", terminal=lambda _: opened), SimpleNamespace(id="t")
    monkeypatch.setattr(watch, "on_terminal", lambda _: True)
    monkeypatch.setattr(watch, "the_task", lambda *_: (run, task))
    monkeypatch.setattr(watch, "in_hand", lambda run: run)
    assert watch.act(watch.Ask(tty=True)) == 0
