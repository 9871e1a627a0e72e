"""Durations as people write them."""

from __future__ import annotations

import re

_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}


def seconds(text: str) -> float:
    """Return the seconds of `30`, `90s`, `10m`, `2h` or `500ms`; raise ValueError for anything else."""
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise ValueError(f"{text!r} is no duration; write seconds as a number, or 90s, 10m, 2h")
    return float(form[1]) * _UNIT_S[form[2]]


def spoken(duration_s: float) -> str:
    """Return a duration for people: `0.4 s`, `42 s`, `3 m 05 s`, `2 h 10 m`."""
    if duration_s < 10:
        return f"{duration_s:.1f} s"
    whole = round(duration_s)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
