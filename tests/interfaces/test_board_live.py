"""The board on a real terminal: what is drawn, what keys do, and that the terminal is put back."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
FORKJOIN = [sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()"]
ENTERED, LEFT = "\x1b[?1049h", "\x1b[?25h\x1b[?1049l"


class Terminal:
    """A program on a terminal of 80x24; `until` reads what it draws."""

    def __init__(self, cwd: Path, *argv: str) -> None:
        self.master, slave = pty.openpty()
        self.resize(80, 24)
        self.mode = termios.tcgetattr(slave)
        self.drawn = ""

        def own_terminal() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [*FORKJOIN, *argv],
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            preexec_fn=own_terminal,  # noqa: PLW1509 - the child has no threads yet
            env=os.environ | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"},
        )
        self._slave = slave

    def until(self, pattern: str, *, timeout: float = 15.0) -> str:
        """Return what was drawn up to *pattern*, and forget it."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self.drawn, re.DOTALL)):
            left = deadline - time.monotonic()
            assert left > 0, f"{pattern!r} was not drawn; this was: {self.drawn[-3000:]!r}"
            if select.select([self.master], [], [], left)[0]:
                self.drawn += os.read(self.master, 65536).decode("utf-8", "replace")
        taken, self.drawn = self.drawn[: found.end()], self.drawn[found.end() :]
        return taken

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def end(self, *, timeout: float = 20.0) -> tuple[int, str]:
        """Return its exit code and the rest of what it drew; the terminal must be as it was."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None or select.select([self.master], [], [], 0)[0]:
            assert time.monotonic() < deadline, f"it did not end: {self.drawn[-2000:]!r}"
            if select.select([self.master], [], [], 0.05)[0]:
                self.drawn += os.read(self.master, 65536).decode("utf-8", "replace")
        assert termios.tcgetattr(self._slave) == self.mode
        return self.process.returncode, self.drawn

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture
def on_terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start forkjoin on a terminal, in an empty folder."""
    tree = tmp_path / "tree"
    tree.mkdir()
    opened: list[Terminal] = []

    def start(*argv: str) -> Terminal:
        opened.append(Terminal(tree, *argv))
        return opened[-1]

    yield start
    subprocess.run([*FORKJOIN, "stop", "--kill"], cwd=tree, capture_output=True, check=False)
    for terminal in opened:
        terminal.close()


@pytest.fixture
def plan(tmp_path: Path) -> str:
    """Three tasks: one ends when `go` is there, one prints escape sequences and fails, one waits for the first."""
    tasks = [
        {"id": "auth", "shell": f"echo began; while [ ! -e {tmp_path}/go ]; do sleep 0.2; done", "writes": []},
        {"id": "evil", "shell": r"printf '\033]0;owned\007\033[31mred\n'; sleep 0.8; exit 4", "writes": []},
        {"id": "docs", "shell": "echo done", "after": ["auth"], "writes": []},
    ]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"name": "harden", "tasks": tasks}))
    return str(path)


def _go(tmp_path: Path) -> None:
    (tmp_path / "go").touch()


def _states(tree: Path) -> dict[str, str]:
    done = subprocess.run([*FORKJOIN, "show", "--json"], cwd=tree, capture_output=True, check=True, text=True)
    return {task["id"]: task["state"] for task in json.loads(done.stdout)["tasks"]}


def test_the_board_shows_each_task_and_the_end_is_on_the_users_screen(
    on_terminal: Callable[..., Terminal], plan: str, tmp_path: Path
) -> None:
    terminal = on_terminal("run", plan)
    terminal.until(re.escape(ENTERED))
    board = terminal.until("leave it running")
    for part in ("harden", "2 independent, 1 waits for auth", "auth", "running", "evil", "docs", "so far"):
        assert part in board
    terminal.until("exit code 4")
    _go(tmp_path)
    code, rest = terminal.end()
    screen, _, after = rest.rpartition(LEFT)
    assert ENTERED not in after
    assert code == 3
    assert "owned\x07" not in screen + board
    for part in ("completed", "evil", "exit code 4", "Looked at: 2 of 3 tasks ok", "Next: forkjoin report"):
        assert part in after


def test_keys_choose_open_the_log_come_back_and_stop_one_task(
    on_terminal: Callable[..., Terminal], plan: str, tmp_path: Path
) -> None:
    terminal = on_terminal("run", plan)
    terminal.until("leave it running")
    terminal.press("\r")
    terminal.until("log of auth.*began")
    terminal.press("q")
    terminal.until("leave it running")
    terminal.press("x")
    terminal.until("stop auth with all its processes")
    terminal.press("n")
    terminal.until("leave it running")
    terminal.press("j")
    terminal.until("▸   2")
    terminal.press("\x1b[A")
    terminal.until("▸   1")
    terminal.press("xy")
    code, _ = terminal.end()
    assert code == 4
    assert _states(tmp_path / "tree") == {"auth": "stopped", "evil": "failed", "docs": "blocked"}


def test_q_leaves_the_run_to_go_on_alone(on_terminal: Callable[..., Terminal], plan: str, tmp_path: Path) -> None:
    terminal = on_terminal("run", plan)
    terminal.until("leave it running")
    terminal.press("q")
    code, rest = terminal.end()
    assert code == 0
    assert "goes on in the background" in rest
    watching = on_terminal("watch")
    watching.until("q quit")
    _go(tmp_path)
    assert watching.end()[0] == 3
    assert _states(tmp_path / "tree")["docs"] == "completed"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_stops_the_tasks_and_puts_the_terminal_back(
    on_terminal: Callable[..., Terminal], plan: str, tmp_path: Path, number: int, code: int
) -> None:
    terminal = on_terminal("run", plan)
    terminal.until("leave it running")
    terminal.process.send_signal(number)
    ended, rest = terminal.end()
    assert ended == code
    assert LEFT in rest
    assert "run the rest again: forkjoin retry" in " ".join(rest.split())
    assert _states(tmp_path / "tree")["auth"] == "stopped"


def test_ctrl_c_typed_at_the_terminal_is_the_same(
    on_terminal: Callable[..., Terminal], plan: str, tmp_path: Path
) -> None:
    terminal = on_terminal("run", plan)
    terminal.until("leave it running")
    terminal.press("\x03")
    assert terminal.end()[0] == 130
    assert _states(tmp_path / "tree")["auth"] == "stopped"


def test_leaving_a_watched_run_by_ctrl_c_stops_nothing(
    on_terminal: Callable[..., Terminal], plan: str, tmp_path: Path
) -> None:
    first = on_terminal("run", "--detach", plan)
    assert first.end()[0] == 0
    terminal = on_terminal("watch")
    terminal.until("q quit")
    terminal.press("\x03")
    assert terminal.end()[0] == 130
    assert _states(tmp_path / "tree")["auth"] == "running"


def test_a_smaller_terminal_is_filled_anew(on_terminal: Callable[..., Terminal], plan: str, tmp_path: Path) -> None:
    terminal = on_terminal("run", plan)
    terminal.until("leave it running")
    terminal.resize(40, 10)
    frame = terminal.until("…")
    assert "harden" in frame
    _go(tmp_path)
    terminal.end()


def test_a_run_that_is_over_at_once_never_takes_the_screen(on_terminal: Callable[..., Terminal]) -> None:
    terminal = on_terminal("run", "-a", "shell", "-t", "true")
    code, drawn = terminal.end()
    assert code == 0
    assert "Next: " in drawn
    took = re.search(r"Time: ([\d.]+) s", drawn)
    assert took is not None
    assert ENTERED not in drawn or float(took[1]) > 0.2  # on a machine under load nothing is over at once


def test_a_job_in_the_background_does_not_take_the_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from forkjoin.interfaces.cli import live

    monkeypatch.setenv("TERM", "xterm")
    assert live._can_draw()  # no terminal of ours here: nobody else draws on it
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    monkeypatch.setattr(live.sys, "stderr", open(os.devnull, "w"))  # noqa: PTH123, SIM115 - a stream with a descriptor
    assert not live._can_draw()
    live.sys.stderr.close()


def test_verbose_is_plain_lines_on_a_terminal_too(
    on_terminal: Callable[..., Terminal], plan: str, tmp_path: Path
) -> None:
    _go(tmp_path)
    terminal = on_terminal("run", "-v", plan)
    code, drawn = terminal.end()
    assert code == 3
    assert ENTERED not in drawn
    assert "docs: completed" in drawn
