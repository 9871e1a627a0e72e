"""A report for programs, and its end for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Any

from forkjoin.model import Account, Report, spoken, to_builtins
from forkjoin.model.text import one_line
from forkjoin.synthesis.words import counts_line, coverage_line

_ACTIONS = 5
_IDS = 3
_NARROWEST = 20


def render_json(report: Report) -> dict[str, Any]:
    """Return the report as dicts, lists and plain types, with the number of this contract."""
    return {"forkjoin": 1, **to_builtins(report)}


def summary_lines(report: Report, *, width: int = 80) -> list[str]:
    """Return the end of a run for a terminal: counts, coverage, what to do next, time; at most 15 lines of *width*."""
    lines = [f"{counts_line(report)}.", f"Looked at: {coverage_line(report.coverage)}."]
    if report.coverage.not_looked_at:
        lines.append(f"Not looked at: {'; '.join(report.coverage.not_looked_at)}.")
    if report.actions:
        lines.append("Do next, worst first:")
    for number, action in enumerate(report.actions[:_ACTIONS], start=1):
        more = f" +{len(action.findings) - _IDS}" if len(action.findings) > _IDS else ""
        cited = f" [{' '.join(action.findings[:_IDS])}{more}]"
        head = f" {number}. {action.severity}: "
        lines.append(head + fitted(action.text, max(_NARROWEST, width - len(head) - len(cited))) + cited)
    if len(report.actions) > _ACTIONS:
        lines.append(f" and {len(report.actions) - _ACTIONS} more in the report")
    if report.account is not None:
        lines.append(account_line(report.account))
    return [fitted(line, max(_NARROWEST, width)) for line in lines]


def account_line(account: Account) -> str:
    """Return `Time: 31 s for 2 m 30 s of work, 4.8x ...`."""
    return (
        f"Time: {spoken(account.wall_s)} for {spoken(account.sum_s)} of work:"
        f" {account.speedup:.1f}× against one after another."
    )


def fitted(text: str, width: int) -> str:
    """Return *text* in one line of at most *width* columns of a terminal, cut with an ellipsis."""
    line = one_line(text)
    used = 0
    for at, char in enumerate(line):
        used += _columns(char)
        if used > width:
            return _cut(line[:at], width)
    return line


def _cut(line: str, width: int) -> str:
    while line and sum(map(_columns, line)) > width - 1:
        line = line[:-1]
    return f"{line.rstrip()}…"


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
