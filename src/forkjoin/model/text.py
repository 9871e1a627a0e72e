"""Text of agents and files, made safe to show: it may move no cursor, hide no letter and reverse no line."""

from __future__ import annotations

import re

# Sequences go whole, so that no "[31m" is left behind; then whatever single characters are still there.
_STRING = r"(?:\x1b[PX\]^_k]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x9c|\x1b\\)?"  # DCS SOS OSC PM APC, titles
_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
_ESCAPE = r"\x1b[ -/]*[0-~]?"
_SEQUENCE = re.compile(f"{_STRING}|{_CSI}|{_ESCAPE}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Marks that reorder or hide text: bidi, zero width (the joiners stay: scripts and emoji need them), line and paragraph
# separators, tags, variation selectors that carry data, interlinear notes, the byte order mark.
_UNSEEN = re.compile(
    "[\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]",
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSEEN_IN_NAMES = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff]|{_UNSEEN.pattern}")
_HALVES = (  # in JSON: an escaped backslash, a pair, or a half
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_PLAIN = re.compile(r"[\t\n\x20-\x7e\xa0-\xff]*")


def clean(text: str) -> str:
    """Return *text* with terminal sequences, control characters and bidi marks gone; newlines and tabs stay.

    Other line ends become newlines; a lone surrogate, as a file name that is no UTF-8 has it, is spelled `\\xff` or
    `\\ud800`. The result encodes as UTF-8, and is clean: `clean(clean(x)) == clean(x)`.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = _SEQUENCE.sub("", _BREAK.sub("\n", text))
    # What is left of a broken sequence must not become a new one, so the characters go last and ESC goes with them.
    return _SURROGATE.sub(_spelled, _UNSEEN.sub("", _CONTROL.sub("", text)))


def one_line(text: str, width: int = 0) -> str:
    """Return *text* clean and in one line, its blanks collapsed; longer than *width* characters (0 = any) is cut."""
    if not text:
        return ""
    line = " ".join((text if text.isascii() and text.isprintable() else clean(text)).split())
    return line if not width or len(line) <= width else line[: max(0, width - 1)].rstrip() + "…"


def without_halves(line: bytes) -> bytes:
    """Return JSON in which no half of a UTF-16 pair (`\\ud83d`) stands alone: U+FFFD stands there instead.

    Programs that cut texts by UTF-16 leave such halves, and strict readers refuse all of a line for one.
    """
    return re.sub(_HALVES, _mended, line) if b"\\ud" in line or b"\\uD" in line else line


def _mended(found: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if found["half"] else found[0]


def spelled(name: str) -> str:
    """Return the name of a file in one clean line that hides nothing of it: `a\\x1b[31mb`, `a\\nb`, `txt\\u202egpj`.

    What another text loses to be safe is what tells one file from another; a value for programs holds the name itself.
    """
    return _UNSEEN_IN_NAMES.sub(_spelled, name)


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return found[0].encode("unicode_escape").decode()
