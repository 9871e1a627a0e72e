"""Sizes as people write them."""

from __future__ import annotations

import re

_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?", re.IGNORECASE)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_UNIT = ("bytes", "KiB", "MiB", "GiB", "TiB")


def size(text: str) -> int:
    """Return the bytes of `2GiB`, `500MB`, `64k` or `1048576` (`GB` is 1000^3, all others 1024^n); or a ValueError."""
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise ValueError(f"{text!r} is no size; write bytes as a number, or 500MiB, 2GiB")
    base = 1000 if (form[3] or "").lower() == "b" else 1024
    return int(float(form[1]) * base ** _POWER[form[2].lower()])


def spoken_size(count: float) -> str:
    """Return bytes for people: `512 bytes`, `1.5 KiB`, `812 MiB`."""
    if count < 1024:
        return f"{count:.0f} bytes"
    power = next((power for power in (1, 2, 3) if count < 1024 ** (power + 1)), 4)
    shown = count / 1024**power
    return f"{shown:.0f} {_UNIT[power]}" if shown >= 100 or shown == int(shown) else f"{shown:.1f} {_UNIT[power]}"
