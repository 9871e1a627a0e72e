"""File names as text: any bytes a file system allows, in a form that JSON can carry and that can be turned back."""

from __future__ import annotations

import re
from typing import Final

_ESCAPED: Final = re.compile(rb'\\([0-7]{3}|["\\])')
_FORM: Final = re.compile(rb'"(?:[^"\\]|\\[0-7]{3}|\\["\\])*"')


def path_text(raw: bytes) -> str:
    r"""Return a path as text: as it is, or, where it is not UTF-8 or begins with `"`, quoted as git does: `"a\377"`."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _quoted(raw)
    return _quoted(raw) if text.startswith('"') else text


def path_bytes(text: str) -> bytes:
    """Return the bytes of a path that `path_text` made text of; any other text stands for its own UTF-8."""
    raw = text.encode("utf-8", "surrogateescape")
    if _FORM.fullmatch(raw) is None:
        return raw
    return _ESCAPED.sub(lambda form: form[1] if form[1] in b'"\\' else bytes([int(form[1], 8) & 255]), raw[1:-1])


def _quoted(raw: bytes) -> str:
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03o}" for b in raw)
    return f'"{"".join(plain)}"'
