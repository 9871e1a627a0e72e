from __future__ import annotations

import unicodedata

import pytest

from forkjoin.model.text import clean, one_line, spelled

ESC, CSI, OSC, DCS, ST, BEL = "\x1b", "\x9b", "\x9d", "\x90", "\x9c", "\x07"

NASTY = {
    "colour": (f"a{ESC}[31mb{ESC}[0mc", "abc"),
    "colour with colons": (f"a{ESC}[38:2::255:0:0mb", "ab"),
    "cursor up": (f"a{ESC}[2Ab", "ab"),
    "clear screen": (f"{ESC}[2J{ESC}[Hgone", "gone"),
    "clear line": (f"a{ESC}[Kb", "ab"),
    "private mode": (f"{ESC}[?1049hx{ESC}[?1049l", "x"),
    "mouse": (f"{ESC}[?1003hx", "x"),
    "bracketed paste": (f"{ESC}[200~rm -rf /{ESC}[201~", "rm -rf /"),
    "device report": (f"a{ESC}[6nb", "ab"),
    "window op": (f"a{ESC}[8;1;1tb", "ab"),
    "CSI with space": (f"a{ESC}[1 qb", "ab"),
    "C1 CSI": (f"a{CSI}31mb", "ab"),
    "unfinished CSI": (f"a{ESC}[", "a"),
    "unfinished CSI with digits": (f"a{ESC}[31", "a"),
    "title by BEL": (f"a{ESC}]0;owned{BEL}b", "ab"),
    "title by ST": (f"a{ESC}]2;owned{ESC}\\b", "ab"),
    "title by C1": (f"a{OSC}0;owned{ST}b", "ab"),
    "hyperlink": (f"{ESC}]8;;http://evil.example{ESC}\\here{ESC}]8;;{ESC}\\", "here"),
    "clipboard": (f"a{ESC}]52;c;cm0gLXJm{BEL}b", "ab"),
    "unfinished OSC": (f"a{ESC}]0;owned", "a"),
    "unfinished OSC ends with its line": (f"a{ESC}]0;owned\nb", "a\nb"),
    "DCS": (f"a{ESC}P1$r0m{ESC}\\b", "ab"),
    "C1 DCS": (f"a{DCS}q#0;2;0{ST}b", "ab"),
    "APC": (f"a{ESC}_Gf=100;AAAA{ESC}\\b", "ab"),
    "PM": (f"a{ESC}^secret{ESC}\\b", "ab"),
    "SOS": (f"a{ESC}Xsecret{ESC}\\b", "ab"),
    "screen title": (f"a{ESC}ktitle{ESC}\\b", "ab"),
    "charset": (f"a{ESC}(0b", "ab"),
    "reset": (f"a{ESC}cb", "ab"),
    "save and restore": (f"a{ESC}7b{ESC}8", "ab"),
    "keypad": (f"a{ESC}=b{ESC}>", "ab"),
    "DEC alignment": (f"a{ESC}#8b", "ab"),
    "lone ESC at the end": (f"a{ESC}", "a"),
    "ESC twice": (f"a{ESC}{ESC}[31mb", "ab"),
    "nested so that removing one makes another": (f"a{ESC}{ESC}[0m[31mb", "a[31mb"),
    "NUL": ("a\0b", "ab"),
    "bell": ("a\x07b", "ab"),
    "backspace over a word": ("safe\b\b\b\bevil", "safeevil"),
    "DEL": ("a\x7fb", "ab"),
    "shift out": ("a\x0eb\x0f", "ab"),
    "carriage return hides a line": ("evil\rsafe", "evil\nsafe"),
    "CRLF": ("a\r\nb", "a\nb"),
    "vertical tab and form feed": ("a\x0bb\x0cc", "a\nb\nc"),
    "next line": ("a\x85b", "a\nb"),
    "line and paragraph separator": ("a\u2028b\u2029c", "a\nb\nc"),
    "C1 alone": ("a\x84b\x8dc", "abc"),
    "right to left override": ("user\u202etxt.exe", "usertxt.exe"),
    "isolates": ("a\u2066b\u2067c\u2068d\u2069e", "abcde"),
    "marks": ("a\u200eb\u200fc\u061cd", "abcd"),
    "embedding": ("a\u202ab\u202bc\u202cd\u202de", "abcde"),
    "zero width space and word joiner": ("a\u200bb\u2060c", "abc"),
    "byte order mark": ("\ufeffa", "a"),
    "tag characters carry hidden text": ("a\U000e0041\U000e0042b", "ab"),
    "interlinear notes": ("a\ufff9b\ufffac\ufffbd", "abcd"),
    "surrogate of a raw byte": ("a\udcffb", "a\\xffb"),
    "lone surrogate": ("a\ud83db", "a\\ud83db"),
}


@pytest.mark.parametrize("name", NASTY)
def test_what_moves_a_cursor_or_hides_a_letter_goes(name):
    given, expected = NASTY[name]
    assert clean(given) == expected


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "two\nlines\tand a tab",
        "Grüße, naïve café",
        "漢字とかな",
        "emoji 👩\u200d💻 with its joiner",
        "می\u200cخواهم",
        "שלום",
        "a [31m that is only text",
        "",
    ],
)
def test_what_people_write_stays(text):
    assert clean(text) == text


def test_a_long_unfinished_sequence_takes_no_long_time_and_leaves_nothing():
    assert clean(f"{ESC}]" + "x" * 1_000_000) == ""
    assert clean(f"{ESC}[" * 200_000) == ""
    assert clean(ESC * 500_000) == ""


def test_one_line_collapses_blanks_and_cuts():
    assert one_line("  a\n\n b\t c ") == "a b c"
    assert one_line("abcdef", 4) == "abc…"
    assert one_line("abcd", 4) == "abcd"
    assert one_line("ab cdef", 4) == "ab…"


def test_every_control_character_but_newline_and_tab_goes():
    controls = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cc"]
    left = {char for char in controls if char in clean(f"a{char}b")}
    assert left == {"\n", "\t"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("plain café.py", "plain café.py"),
        (f"a{ESC}[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("a\x00\x07\x7fb", "a\\x00\\x07\\x7fb"),
        (f"a{CSI}2Jb", "a\\x9b2Jb"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("a\u2028b\ufeffc", "a\\u2028b\\ufeffc"),
        ("a\U000e0041b", "a\\U000e0041b"),
        ("a\udcff\ud800b", "a\\xff\\ud800b"),
        ("", ""),
    ],
)
def test_a_name_hides_nothing(name, said):
    assert spelled(name) == said
    assert clean(said) == one_line(said) == said


def test_no_character_of_a_name_is_lost_to_be_safe():
    hidden = [chr(code) for code in range(0x110000) if f"a{chr(code)}b" != clean(f"a{chr(code)}b")]
    assert all(spelled(char).startswith("\\") for char in hidden)
