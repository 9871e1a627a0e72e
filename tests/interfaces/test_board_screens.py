"""The board as a real terminal holds it: screens captured from tmux are golden; its clock stands still."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TMUX = shutil.which("tmux")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(TMUX is None, reason="no tmux here: no screen of the board was looked at"),
]
SCRIPT = Path(__file__).with_name("scripted_board.py")
GOLDEN = Path(__file__).parent.parent / "golden" / "screens"
UPDATE = os.environ.get("FORKJOIN_GOLDEN") == "update"
_PATIENCE_S = 20.0
COLOUR = re.compile(r"\x1b\[(?:\d+;)*[349][0-7]m")  # 39 and 49 are no colours, but the end of one


class Screen:
    """One terminal of tmux with a board on it, on a server of its own."""

    def __init__(self, socket: Path, environ: dict[str, str]) -> None:
        self._socket, self._environ, self.left = socket, environ, socket.with_name("left")

    def start(self, count: int, width: int, height: int) -> None:
        command = shlex.join([sys.executable, str(SCRIPT), str(count), str(self.left)])
        self._tmux("-f", os.devnull, "new-session", "-d", "-x", str(width), "-y", str(height), f"{command}; cat")

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def text(self, *flags: str) -> str:
        return "".join(f"{line.rstrip()}\n" for line in self._tmux("capture-pane", "-p", *flags).rstrip().split("\n"))

    def until(self, holds: Callable[[str], bool]) -> str:
        """Return the screen once *holds* is true of it, or as it is when patience ends."""
        end = time.monotonic() + _PATIENCE_S
        while not holds(text := self.text()) and time.monotonic() < end:
            time.sleep(0.05)
        return text

    def looks_like(self, name: str) -> None:
        """Compare the screen with a golden one, which it may take a moment to become."""
        path = GOLDEN / name
        if UPDATE:
            self.until(lambda text: text.strip() != "")
            time.sleep(2)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text(), encoding="utf-8")
        wanted = path.read_text(encoding="utf-8")
        assert self.until(lambda text: text == wanted) == wanted

    def end(self) -> None:
        self._tmux("kill-server")

    def _tmux(self, *argv: str) -> str:
        assert TMUX is not None
        done = subprocess.run(
            [TMUX, "-u", "-S", str(self._socket), *argv], env=self._environ, capture_output=True, text=True, check=True,
            encoding="utf-8", timeout=60,
        )  # fmt: skip
        return done.stdout


@pytest.fixture
def on_screen(tmp_path: Path) -> Iterator[Callable[..., Screen]]:
    """Start a board of so many tasks on a screen of that size."""
    screens: list[Screen] = []

    def start(count: int, width: int = 80, height: int = 24, **environ: str) -> Screen:
        dropped = ("NO_COLOR", "TMUX", "PYTHONIOENCODING", "LC_ALL")
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        screens.append(Screen(tmp_path / "socket", kept | {"LANG": "C.UTF-8"} | environ))
        screens[-1].start(count, width, height)
        return screens[-1]

    yield start
    for screen in screens:
        screen.end()


@pytest.mark.parametrize(("count", "width", "height"), [(5, 80, 24), (9, 80, 24), (500, 80, 24), (500, 140, 40)])
def test_so_many_tasks_look_like_this(on_screen: Callable[..., Screen], count: int, width: int, height: int) -> None:
    on_screen(count, width, height).looks_like(f"{count}-tasks-{width}x{height}.txt")


def test_a_resize_while_it_runs_leaves_nothing_behind(on_screen: Callable[..., Screen]) -> None:
    screen = on_screen(500)
    screen.looks_like("500-tasks-80x24.txt")
    screen.resize(50, 12)
    screen.looks_like("500-tasks-50x12.txt")
    screen.resize(20, 6)
    screen.looks_like("500-tasks-20x6.txt")
    screen.resize(140, 40)
    screen.looks_like("500-tasks-140x40.txt")
    screen.resize(80, 24)
    screen.looks_like("500-tasks-80x24.txt")


def test_keys_lead_to_help_log_diff_and_a_question_and_back(on_screen: Callable[..., Screen]) -> None:
    screen = on_screen(9)
    screen.looks_like("9-tasks-80x24.txt")
    for keys, name in (
        ("?", "help"), ("q", ""), ("Enter", "log"), ("d", "diff"), ("q", ""), ("x", "stop"), ("n", ""),
    ):  # fmt: skip
        screen.press(keys)
        screen.looks_like(f"{name}-80x24.txt" if name else "9-tasks-80x24.txt")


def test_a_long_list_is_scrolled_by_arrows_and_folded_by_escape(on_screen: Callable[..., Screen]) -> None:
    screen = on_screen(500)
    screen.looks_like("500-tasks-80x24.txt")
    screen.press("Down")
    screen.looks_like("500-tasks-scrolled-80x24.txt")
    screen.press("Escape")
    screen.looks_like("500-tasks-80x24.txt")


def test_in_a_locale_without_unicode_its_signs_are_ascii(on_screen: Callable[..., Screen]) -> None:
    screen = on_screen(9, PYTHONIOENCODING="ascii")
    screen.looks_like("9-tasks-ascii-80x24.txt")
    assert screen.text().isascii()


def test_without_colour_the_screen_says_the_same(on_screen: Callable[..., Screen]) -> None:
    screen = on_screen(9, NO_COLOR="1")
    screen.looks_like("9-tasks-80x24.txt")
    assert not COLOUR.search(screen.text("-e"))


def test_with_colour_it_is_coloured_and_the_users_screen_comes_back(on_screen: Callable[..., Screen]) -> None:
    screen = on_screen(9)
    screen.looks_like("9-tasks-80x24.txt")
    assert COLOUR.search(screen.text("-e"))
    screen.press("q")
    assert screen.until(lambda text: text.strip() == "").strip() == ""
    assert screen.left.exists()
