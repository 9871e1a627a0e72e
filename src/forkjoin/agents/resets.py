"""When a limit is over, where its provider says so in words: `resets at 3pm (Europe/Berlin)`, `Oct 9th, 8:05 AM`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_JUST_NOW = timedelta(minutes=10)  # a time so little ago is that of today: what was said is a little old
_YEAR = timedelta(days=366)

_BEGINS = r"(?:resets?|reset time|(?:try|available|use it) again|renews?|retry)\b[^\n]{0,20}?\s"
_DATED = re.compile(
    _BEGINS + r"(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::\d\d(?:\.\d+)?)?"
    r" ?(?P<zone>Z\b|UTC|GMT|[+-]\d\d:?\d\d|\([A-Za-z_]+(?:/[A-Za-z0-9_+-]+){0,2}\))?",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    _BEGINS + r"(?:on |at )?(?:(?P<tomorrow>tomorrow)\b[, ]*|(?P<weekday>mon|tue|wed|thu|fri|sat|sun)[a-z]*[, ]+)?"
    r"(?:(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?"
    r"(?:,? (?P<year>20\d\d))?[, ]+)?(?:at )?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))? ?(?P<half>[ap]\.?m\b\.?)?"
    r" ?(?P<zone>\(?(?:UTC|GMT)\b\)?|\([A-Za-z_]+(?:/[A-Za-z0-9_+-]+){0,2}\))?",
    re.IGNORECASE,
)


def reset_at(message: str, *, now: float, local: tzinfo | None = None) -> float | None:
    """Return the Unix time that *message* names as the one when a limit is over, None where it names none.

    A time without a day is the next such time after *now* (Unix time). One without a zone is of the zone *local*
    (None: this machine's), where the program that says it runs.
    """
    if found := _DATED.search(message):
        return _dated(found, local)
    for found in _SPOKEN.finditer(message):
        if (at := _spoken(found, now, local)) is not None:
            return at
    return None


def _dated(found: re.Match[str], local: tzinfo | None) -> float | None:
    year, month, day, hour, minute = (int(found[part]) for part in ("year", "month", "day", "hour", "minute"))
    try:
        return _in_zone(datetime(year, month, day, hour, minute), _zone(found["zone"], local)).timestamp()  # noqa: DTZ001 - its zone comes next
    except (ValueError, KeyError):
        return None


def _spoken(found: re.Match[str], now: float, local: tzinfo | None) -> float | None:
    if not found["half"] and not found["minute"]:
        return None  # "try again 3 times": a number is no time
    try:
        zone = _zone(found["zone"], local)
        today = datetime.fromtimestamp(now, UTC).astimezone(zone)
        at = today.replace(hour=_hour(found), minute=int(found["minute"] or 0), second=0, microsecond=0, tzinfo=None)
        return _next(_on_day(found, at), found, today, zone).timestamp()
    except (ValueError, KeyError, OverflowError, OSError):
        return None


def _on_day(found: re.Match[str], at: datetime) -> datetime:
    if found["month"]:
        month = _MONTHS.index(found["month"].lower()) + 1
        return at.replace(year=int(found["year"] or at.year), month=month, day=int(found["day"]))
    if found["weekday"]:
        return at + timedelta(days=(_DAYS.index(found["weekday"].lower()) - at.weekday()) % 7)
    return at + timedelta(days=1 if found["tomorrow"] else 0)


def _next(at: datetime, found: re.Match[str], now: datetime, zone: tzinfo | None) -> datetime:
    """Return the time in its zone; where it is over and was not dated in full, the next of its kind."""
    there = _in_zone(at, zone)
    if there > now - _JUST_NOW or found["year"]:
        return there
    if found["month"]:
        later = _in_zone(at.replace(year=at.year + 1), zone)
        # A date of some weeks ago has passed; it is not of next year.
        return later if later - now < _YEAR / 2 else there
    return _in_zone(at + timedelta(days=7 if found["weekday"] else 1), zone)


def _hour(found: re.Match[str]) -> int:
    hour, half = int(found["hour"]), (found["half"] or "").lower()[:1]
    if half and not 1 <= hour <= 12:
        raise ValueError("no such hour")
    return hour % 12 + (12 if half == "p" else 0) if half else hour


def _zone(said: str | None, local: tzinfo | None) -> tzinfo | None:
    """Return the zone of that name, *local* where none is said; raise KeyError or ValueError for one nobody knows."""
    name = (said or "").strip("() ")
    if not name:
        return local
    if name.upper() in ("Z", "UTC", "GMT"):
        return UTC
    if name[0] in "+-":
        return datetime.strptime(name, "%z").tzinfo
    return ZoneInfo(name)


def _in_zone(at: datetime, zone: tzinfo | None) -> datetime:
    return at.astimezone() if zone is None else at.replace(tzinfo=zone)
