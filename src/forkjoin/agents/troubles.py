"""What an error message of a model provider means: told apart by its status and its words.

The words are those that the four programs and the providers behind them were seen to use; an error nobody knows is
`other`, and never taken for one that passes by itself.
"""

from __future__ import annotations

import re
from dataclasses import replace

from forkjoin.agents.ending import one_line
from forkjoin.agents.resets import reset_at
from forkjoin.agents.said import Trouble, TroubleKind
from forkjoin.model import Limit, LimitKind

_STATUS = re.compile(r"\b(?:status(?: code)?:?|API Error:|error|rejected \(|^)\s*\(?(4\d\d|5\d\d)\b", re.IGNORECASE)
_QUOTA = re.compile(
    r"usage limit|quota|insufficient[_ ](?:funds|credit|balance)|credit balance|billing|out of credits"
    r"|limit (?:will )?resets?\b|(?:hour|day|daily|weekly|session|opus) limit"
    r"|hit your (?:\w+ )?limit|spending (?:cap|limit)|payment required",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"unauthori[sz]ed|authenticat|invalid (?:x-)?api[- ]key|not logged in|log ?in|token (?:has )?expired|forbidden"
    r"|permission_error",
    re.IGNORECASE,
)
_RATE = re.compile(r"rate.?limit|too many requests", re.IGNORECASE)
_OVERLOAD = re.compile(
    r"overload|high demand|temporarily|server.side issue|internal server|bad gateway|service unavailable|gateway time"
    r"|connection (?:error|reset|refused)|timed? ?out|fetch failed|econn|socket hang up|stream (?:disconnected|closed)",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"\|(1[6-9]\d{8}|[2-4]\d{9})\b")
_AFTER = re.compile(
    r"(?:try again|retry|resets?)(?: again)?(?: after| in)?:?\s+"
    r"((?:\d+(?:\.\d+)?\s*(?:d(?:ays?)?|h(?:ours?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?|ms)\b[ ,]*(?:and )?)+)",
    re.IGNORECASE,
)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|d|h|m|s)", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_LONGEST = 600
_CENTURY_S = 100 * 365 * 86_400.0  # who says more than that has not said when


def trouble(message: str, *, status: int | None = None, retrying: bool = False) -> Trouble:
    """Return what an error is: its kind, by its status (else the one in its text) and its words; and when it passes."""
    status = status or _status_in(message)
    epoch = _EPOCH.search(message)
    return Trouble(
        kind=_kind(message, status),
        message=one_line(message, limit=_LONGEST) or (f"status {status}" if status else "an error without a message"),
        retrying=retrying,
        after_s=_after(message),
        resets_at=float(epoch[1]) if epoch else None,
    )


def dated(trouble: Trouble, *, now: float) -> Trouble:
    """Return an error met at *now* (Unix time) with when it passes, where only the words of its message say so."""
    if trouble.kind not in _LIMITS or trouble.after_s is not None or trouble.resets_at is not None:
        return trouble
    return replace(trouble, resets_at=reset_at(trouble.message, now=now))


_LIMITS: dict[TroubleKind, LimitKind] = {"rate": "rate", "overload": "overload", "quota": "quota"}


def limit_of(trouble: Trouble) -> Limit | None:
    """Return what of an error passes by itself; None where it does not.

    What was bought and is used up does only where somebody says when: else it is for a person to pay.
    """
    kind = _LIMITS.get(trouble.kind)
    if kind is None or (kind == "quota" and trouble.after_s is None and trouble.resets_at is None):
        return None
    return Limit(kind=kind, after_s=trouble.after_s, until=trouble.resets_at, reason=trouble.message)


def _kind(message: str, status: int | None) -> TroubleKind:
    if _QUOTA.search(message) or status == 402:
        return "quota"
    if status in (401, 403):
        return "login"
    if status == 429 or (status is None and _RATE.search(message)):
        return "rate"
    if status is not None:
        return "overload" if status >= 500 else "other"
    if _LOGIN.search(message):
        return "login"
    return "overload" if _OVERLOAD.search(message) else "other"


def _status_in(message: str) -> int | None:
    found = _STATUS.search(message)
    return int(found[1]) if found else None


def _after(message: str) -> float | None:
    found = _AFTER.search(message)
    if found is None:
        return None
    said = sum(float(amount) * _SECONDS[unit.lower()] for amount, unit in _PART.findall(found[1]))
    return said if said <= _CENTURY_S else None
