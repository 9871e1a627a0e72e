"""Nothing an agent says reaches a terminal raw: 200 sequences through every door that prints text of an agent."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("doors.py")
MARK = "pwned"
ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"
STRINGS = ("]0;", "]2;", "]8;;http://x.example/", "]52;c;", "]4;1;", "]1337;File=", "P$q", "P+q", "_G", "^", "X")
FINALS = (BEL, ST, "\x9c", "")
CSI = ("6n", "c", ">c", "2J", "H", "1;1H", "?1049h", "?25l", "31m", "5i", "4i", "21t", "?1000h", "20l", "3J", "!p")
SHORT = ("c", "7", "8", "D", "E", "H", "M", "N", "O", "Z", "=", ">", "(0", "#8", "%G", "kname" + ST)
BIDI = tuple(chr(code) for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
C0 = tuple(chr(code) for code in (0, 5, 7, 8, 11, 12, 14, 15, 24, 26, 28, 31, 127))
C1 = tuple(chr(code) for code in range(0x80, 0xA0))
SEQUENCES = (
    *(f"{ESC}{start}{MARK}{end}" for start in STRINGS for end in FINALS),
    *(f"\x9d52;c;{MARK}{end}" for end in FINALS),
    *(f"{ESC}[{csi}" for csi in CSI),
    *(f"\x9b{csi}" for csi in CSI),
    *(f"{ESC}{short}" for short in SHORT),
    *(f"{ESC}{ESC}[{csi}" for csi in CSI),
    *BIDI,
    *C0,
    *C1,
)
# Raw C1 bytes are no UTF-8: terminals in an eight-bit mode take them for sequences.
RAW = b"".join(b"raw \x9b6n \x9d52;c;eA==\x07 \x90q\x9c \x85 %c\n" % code for code in range(0x80, 0xA0))
FOUL = f"x{ESC}]52;c;{MARK}{BEL}\x9b6n\u202ey"
DOORS = (
    ("output", "t"),
    ("log", "t"),
    ("log", "t", "--stderr"),
    ("show",),
    ("show", "t"),
    ("show", "--json"),
    ("report",),
    ("todo",),
    ("explain",),
    ("explain", "t"),
    ("ls",),
    ("ls", "--json"),
    ("log",),
    ("log", "--jsonl"),
    ("log", "--brief", "t"),
    ("watch",),
    ("wait",),
    ("resume",),
    ("stop",),
    ("doctor",),
    ("agents",),
    ("check", "plan.json"),
    ("run", "-n", "plan.json"),
    ("diff", "t"),
    ("path", "t"),
    ("rm", "-n"),
)
# Complaints that quote what they were given: no task, no run, no file, no setting may speak to a terminal.
COMPLAINTS = (
    ("output", FOUL),
    ("log", FOUL),
    ("show", FOUL),
    ("retry", FOUL),
    ("stop", FOUL),
    ("path", FOUL),
    ("run", FOUL),
    ("check", f"{FOUL}.yaml"),
    ("review", FOUL),
    ("run", "-a", FOUL, "-t", "x"),
    ("run", "-k", FOUL, "plan.json"),
    ("check", "--policy", FOUL, "plan.json"),
    ("report", "--format", FOUL),
    ("output", "--mode", FOUL, "t"),
    (FOUL,),
    ("check", "bad.json"),
)
_BAD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def test_there_are_more_than_two_hundred_sequences() -> None:
    assert len(set(SEQUENCES)) + RAW.count(b"\n") >= 200


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a state folder with a run that said all of it: as an answer, as errors, as its name and as a failure."""
    home = tmp_path_factory.mktemp("terminal")
    said = "".join(f"a{one}b\n" for one in SEQUENCES).encode() + RAW
    (home / "said").write_bytes(said)
    short = f"x {ESC}]52;c;{MARK}{BEL} \x9b6n \u202e y"
    tasks = [
        {"id": "t", "description": short, "shell": f"cat {home}/said; cat {home}/said >&2"},
        {"id": "u", "description": short, "shell": f"tail -c 300 {home}/said >&2; exit 3"},
    ]
    (home / "plan.json").write_text(json.dumps({"goal": short, "tasks": tasks}))
    (home / "bad.json").write_text(json.dumps({"tasks": [{"id": FOUL, FOUL: FOUL, "shell": "true"}]}))
    return home


def on_terminals(home: Path, commands: Sequence[Sequence[str]]) -> list[bytes]:
    """Return every byte that each command writes to a terminal, without colours."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FORKJOIN")}
    environ |= {"FORKJOIN_HOME": str(home / "home"), "NO_COLOR": "1", "TERM": "xterm", "PAGER": "cat"}
    asked = json.dumps([list(words) for words in commands])
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], cwd=home, env=environ, input=asked, capture_output=True, text=True, check=True
    )
    return [text.encode("latin-1") for text in json.loads(done.stdout)]


def foul(written: bytes) -> list[str]:
    """Return what of the written is no text, each with what stands around it: without colours no ESC is ours."""
    text = written.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    bad = [text[max(0, found.start() - 20) : found.end() + 20] for found in _BAD.finditer(text)]
    return bad + [line for line in text.split("\n") if any("\udc80" <= char <= "\udcff" for char in line)]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
def test_no_door_lets_a_sequence_through(home: Path) -> None:
    """One test, for the doors look at one run, and the first of them makes it."""
    doors = {"run": ("run", "plan.json", "-q"), **{" ".join(door): door for door in DOORS}}
    doors |= {f"no {door}": door for door in COMPLAINTS}
    written = dict(zip(doors, on_terminals(home, [*doors.values()]), strict=True))
    assert {door: bad[:3] for door, data in written.items() if (bad := foul(data))} == {}
    assert b"ab" in written["output t"].replace(b"a b", b"ab")
    assert [door for door, data in written.items() if not data and door != "run"] == []
    assert [door for door, data in written.items() if b"Traceback" in data] == []


@pytest.mark.parametrize("one", [*SEQUENCES, *RAW.splitlines()], ids=lambda one: ascii(one)[1:30])
def test_each_sequence_would_be_seen_if_it_came_through(one: str | bytes) -> None:
    assert foul(one if isinstance(one, bytes) else f"a{one}b".encode())
