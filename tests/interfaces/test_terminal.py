"""The terminal is put back, whatever happens on it."""

from __future__ import annotations

import os
import pty
import sys
import termios
from io import StringIO

import pytest
from rich.text import Text

from forkjoin.interfaces.cli.terminal import Keys, Screen, keys_of_terminal


def test_a_frame_is_drawn_whole_and_the_same_frame_not_twice() -> None:
    stream = StringIO()
    with Screen(stream) as screen:
        screen.show([Text("one"), Text("two")])
        first = stream.getvalue()
        screen.show([Text("one"), Text("two")])
        assert stream.getvalue() == first
        screen.forget()
        screen.show([Text("one"), Text("two")])
        assert stream.getvalue() == first + first.removeprefix("\x1b[?1049h\x1b[?25l")
    assert "one\x1b[K\r\ntwo" in first
    assert "\x1b[2J" not in stream.getvalue()  # clearing before drawing flickers


def test_of_a_frame_only_the_lines_are_written_that_changed() -> None:
    stream = StringIO()
    with Screen(stream) as screen:
        screen.show([Text("one"), Text("two"), Text("three")])
        before = stream.getvalue()
        screen.show([Text("one"), Text("2"), Text("three")])
        assert stream.getvalue() == f"{before}\x1b[?2026h\x1b[2H2\x1b[K\x1b[?2026l"
        before = stream.getvalue()
        screen.show([Text("one", style="bold")])
        drawn = stream.getvalue().removeprefix(before)
        assert drawn.endswith("\x1b[K\x1b[2H\x1b[J\x1b[?2026l")  # what stood below goes
        assert "one" in drawn
        before = stream.getvalue()
        screen.show([Text("one", style="bold"), Text("new")])
        assert stream.getvalue() == f"{before}\x1b[?2026h\x1b[2Hnew\x1b[K\x1b[?2026l"


def test_the_letter_in_the_last_column_is_not_erased_again() -> None:
    stream = StringIO()
    with Screen(stream) as screen:
        screen.show([Text("x" * 80), Text("検" * 40), Text("y" * 79)])
    assert stream.getvalue().count("\x1b[K") == 1


def test_the_screen_is_left_even_on_an_error() -> None:
    stream = StringIO()
    with pytest.raises(ZeroDivisionError), Screen(stream):
        raise ZeroDivisionError
    assert stream.getvalue().endswith("\x1b[?25h\x1b[?1049l")


def test_markup_of_a_text_is_not_obeyed() -> None:
    stream = StringIO()
    with Screen(stream) as screen:
        screen.show([Text("[bold red]plain[/]")])
    assert "[bold red]plain[/]" in stream.getvalue()


def test_a_terminal_that_has_gone_is_no_error() -> None:
    class Gone(StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    with Screen(Gone()) as screen:
        screen.show([Text("x")])


def test_keys_come_as_they_are_pressed_and_an_end_of_input_is_the_end() -> None:
    master, slave = pty.openpty()
    keys = Keys(slave)
    assert keys.pressed() == []
    os.write(master, b"\x1b[B\n")
    assert keys.pressed() == ["down", "enter"]
    os.close(slave)
    read, write = os.pipe()
    os.close(write)
    gone = Keys(read)
    assert gone.descriptors() == [read]
    assert gone.pressed() == []
    assert gone.descriptors() == []
    os.close(read)
    os.close(master)


def test_no_keys_where_stdin_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as null:  # noqa: PTH123 - a stream with a descriptor is what is wanted
        monkeypatch.setattr(sys, "stdin", null)
        with keys_of_terminal() as keys:
            assert keys.descriptors() == []
            assert keys.pressed() == []


def test_the_mode_of_the_terminal_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    monkeypatch.setattr("forkjoin.interfaces.cli.terminal._keyboard", lambda: slave)

    def fail() -> None:
        with keys_of_terminal():
            during = termios.tcgetattr(slave)
            assert not during[3] & termios.ICANON
            assert during[3] & termios.ISIG  # Ctrl-C stays a signal
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert termios.tcgetattr(slave) == before
    os.close(slave)
    os.close(master)
