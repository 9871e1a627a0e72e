"""A report for programs, and its end for a terminal."""

from __future__ import annotations

import unicodedata
from textwrap import wrap
from typing import Any

from forkjoin.model import Account, Action, Report, spoken, to_builtins
from forkjoin.model.text import one_line
from forkjoin.synthesis.words import counted, counts_line, coverage_line

_ACTIONS = 5
_IDS = 3
_NARROWEST = 40


def render_json(report: Report) -> dict[str, Any]:
    """Return the report as dicts, lists and plain types, with the number of this contract."""
    return {"forkjoin": 1, **to_builtins(report)}


def summary_lines(report: Report, *, width: int = 80) -> list[str]:
    """Return the end of a run for a terminal: counts, coverage, what to do next, time; at most 15 lines of *width*."""
    lines = [f"{counts_line(report)}.", f"Looked at: {coverage_line(report.coverage)}."]
    if report.coverage.not_looked_at:
        lines.append(f"Not looked at: {'; '.join(report.coverage.not_looked_at)}.")
    lines += _next(report, width)
    if report.account is not None:
        lines.append(account_line(report.account))
    return [fitted(line, max(_NARROWEST, width)) for line in lines]


def _next(report: Report, width: int) -> list[str]:
    if not report.actions:
        return []
    shown = report.actions[:_ACTIONS]
    lines = ["Do next, worst first:"]
    for number, action in enumerate(shown, start=1):
        lines += _two_lines(f" {number}. {action.severity}: ", action.text, _cited(action), width)
    left = len(report.actions) - len(shown)
    return [*lines, f" and {counted(left, 'more action')} in the report: forkjoin report"] if left else lines


def _two_lines(head: str, text: str, cited: str, width: int) -> list[str]:
    """Return the text over at most two lines, the second indented; the ids always fit."""
    indent = " " * 4
    room = max(_NARROWEST, width)
    wrapped = wrap(text, room, initial_indent=head, subsequent_indent=indent, break_on_hyphens=False)
    first = fitted(wrapped[0], room)
    if len(wrapped) == 1 and _wide(first) + 1 + _wide(cited) <= room:
        return [f"{first} {cited}"]
    rest = " ".join(line.strip() for line in wrapped[1:])
    return [first, f"{indent}{fitted(rest, room - len(indent) - _wide(cited) - 1)} {cited}" if rest else indent + cited]


def _cited(action: Action) -> str:
    more = f" +{len(action.findings) - _IDS}" if len(action.findings) > _IDS else ""
    return f"[{' '.join(action.findings[:_IDS])}{more}]"


def account_line(account: Account) -> str:
    """Return `Time: 31 s for 2 m 30 s of work, 4.8x ...`."""
    return (
        f"Time: {spoken(account.wall_s)} for {spoken(account.sum_s)} of work:"
        f" {account.speedup:.1f}× against one after another."
    )


def fitted(text: str, width: int) -> str:
    """Return *text* in one line of at most *width* columns of a terminal, its indent kept, cut with an ellipsis."""
    line = " " * (len(text) - len(text.lstrip(" "))) + one_line(text)
    if _wide(line) <= width:
        return line
    kept, used = 0, 1  # the ellipsis
    while used + _columns(line[kept]) <= width:
        used += _columns(line[kept])
        kept += 1
    return f"{line[:kept].rstrip()}…" if width > 0 else ""


def _wide(text: str) -> int:
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
