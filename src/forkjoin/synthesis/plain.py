"""A report for programs, and its end for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from forkjoin.model import Account, Action, Report, spoken, to_builtins
from forkjoin.model.text import one_line
from forkjoin.synthesis.comparing import comparison_rows
from forkjoin.synthesis.words import (
    comparable,
    counted,
    counts_line,
    coverage_line,
    narrowing_lines,
    not_looked_at_lines,
    total,
)

_RECORDED = "recorded: "  # how the note of a replay begins: its results are nobody's of today
_ACTIONS = 5
_IDS = 3
_NARROWEST, _ENDLESS = 40, 10**9
_NOTES = 3
_QUESTIONS, _COMPARED = 5, 3
_LOSSES = 3  # causes named at the end of a run
_ENDS = 3  # tasks of a long critical path named at either end
_MORE = "; more: forkjoin explain"
_NOTABLE_S, _NOTABLE = 0.5, 0.05  # seconds, and share of the wall: less is not worth a line


def render_json(report: Report) -> dict[str, Any]:
    """Return the report as dicts, lists and plain types, with the number of this contract."""
    return {"forkjoin": 1, **to_builtins(report)}


def summary_lines(report: Report, *, width: int = 80) -> list[str]:
    """Return the end of a run: counts, coverage, what to do next, time, in lines of *width* (0: each as long as it is).

    At most 15 lines, and as many more as it takes to name who asks, what is left out, nothing looked at, what was
    changed side by side, or compared.
    """
    room = max(_NARROWEST, width) if width else _ENDLESS
    asked = total(report) or not report.tasks or any(task.finds for task in report.tasks)
    lines = _questions(report, room)
    lines += [f"{counts_line(report)}."] if asked else []
    lines += _wrapped(f"Looked at: {coverage_line(report)}.", room)
    lines += [line for note in report.notes if note.startswith(_RECORDED) for line in _wrapped(f"Note: {note}.", room)]
    lines += [line for said in narrowing_lines(report) for line in _wrapped(f"{one_line(said)}.", room)]
    lines += _not_looked_at(report, room)
    lines += _next(report, room)
    lines += _side_by_side(report, room)
    lines += _compared(report, room)
    lines += [f"Spent: {report.spent.said}."] if report.spent.tasks else []
    if report.account is not None and report.tasks:
        lines += account_lines(report.account, tasks=len(report.tasks), room=room)
    return [fitted(line, room) for line in lines]


def _questions(report: Report, room: int) -> list[str]:
    """Return who waits for an answer, first of all: nothing else goes on by being asked."""
    lines = []
    for one in report.questions[:_QUESTIONS]:
        asked = f": {one_line(one.text)}" if one.text else f": {one_line(one.reason)}"
        lines += [*_wrapped(f"{one.task} needs your answer{asked}", room), f"  {one.command}"]
    left = len(report.questions) - _QUESTIONS
    return [*lines, f"{counted(left, 'more task')} like that in the report."] if left > 0 else lines


def _compared(report: Report, room: int) -> list[str]:
    """Return for each task with alternatives a line an agent: state, time, cost, changes."""
    lines = []
    for comparison in report.comparisons[:_COMPARED]:
        lines.append(f"Compared: {one_line(comparison.task)}")
        rows = list(comparison_rows(comparison))[:5]
        columns = [cells for cells in zip(*rows, strict=True) if cells[0]]
        lines += [f"  {one_line(cells[0])}: {', '.join(map(one_line, cells[1:]))}" for cells in columns]
    left = len(report.comparisons) - _COMPARED
    return [*lines, f"{counted(left, 'more comparison')} in the report: forkjoin report"] if left > 0 else lines


def _not_looked_at(report: Report, room: int) -> list[str]:
    """Return all of it, wrapped: what is cut off here would be taken for looked at."""
    groups = [one_line(line) for line in not_looked_at_lines(report.coverage.not_looked_at)]
    return [line for group in groups for line in _wrapped(f"Not looked at: {group}.", room)]


def _side_by_side(report: Report, room: int) -> list[str]:
    """Return the first notes about files that two tasks changed: they are news that only the end of a run can tell."""
    notes = report.overlaps
    lines = [line for note in notes[:_NOTES] for line in _wrapped(f"Note: {one_line(note)}.", room)]
    left = len(notes) - _NOTES
    return [*lines, f"Note: {counted(left, 'more file')} like that in the report."] if left > 0 else lines


def _wrapped(text: str, room: int) -> list[str]:
    """Return *text* in lines of at most *room* columns, later ones indented; also where letters are two wide."""
    lines, indent = [], "  "
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if line and _wide(joined) > room:
            lines.append(line)
            joined = indent + word
        while _wide(joined) > room:  # a word that is longer than a line goes on in the next
            part = fitted(joined, room + 1)[:-1]
            part = part if len(part) > len(indent) else joined[: len(indent) + 1]
            lines.append(part)
            joined = indent + joined[len(part) :]
        line = joined
    return [*lines, line]


def _next(report: Report, room: int) -> list[str]:
    if not report.actions:
        return []
    shown = report.actions[:_ACTIONS]
    lines = ["Do next, worst first:"]
    for number, action in enumerate(shown, start=1):
        lines += _two_lines(f" {number}. {action.severity}: ", action.text, _cited(action), room)
    left = len(report.actions) - len(shown)
    return [*lines, f" and {counted(left, 'more action')} in the report: forkjoin report"] if left else lines


def _two_lines(head: str, text: str, cited: str, room: int) -> list[str]:
    """Return the text over at most two lines, the second indented; the ids always fit."""
    indent = " " * 4
    wrapped = wrap(text, room, initial_indent=head, subsequent_indent=indent, break_on_hyphens=False)
    first = fitted(wrapped[0], room)
    if len(wrapped) == 1 and _wide(first) + 1 + _wide(cited) <= room:
        return [f"{first} {cited}"]
    rest = " ".join(line.strip() for line in wrapped[1:])
    return [first, f"{indent}{fitted(rest, room - len(indent) - _wide(cited) - 1)} {cited}" if rest else indent + cited]


def _cited(action: Action) -> str:
    more = f" +{len(action.findings) - _IDS}" if len(action.findings) > _IDS else ""
    return f"[{' '.join(action.findings[:_IDS])}{more}]"


def account_lines(account: Account, *, tasks: int, room: int = _ENDLESS) -> list[str]:
    """Return `Time: 31 s for 2 m 30 s of work: 4.8× ...`, the chain that made it, and what was lost, in three lines.

    The time alone where there is nothing to compare; a loss that nobody would notice is not said. Where not all losses
    fit into *room* columns, the last are left to `explain`.
    """
    if not comparable(account, tasks=tasks):
        return [f"Time: {spoken(account.wall_s)}."]
    lines = [
        f"Time: {spoken(account.wall_s)} for {spoken(account.sum_s)} of work:"
        f" {account.speedup:.1f}× against one after another.",
    ]
    if account.critical_path and account.ideal_s:
        lines.append(
            f"Ideal: {spoken(account.ideal_s)}, the longest task; critical path: {_chain(account.critical_path)}."
        )
    lost = sum(one.seconds for one in account.lost)
    if lost >= max(_NOTABLE_S, _NOTABLE * account.wall_s):
        lines.append(_lost_line(account, lost, room))
    return lines


def _lost_line(account: Account, lost: float, room: int) -> str:
    head = f"Lost: {spoken(lost)}: "
    told = [f"{spoken(one.seconds)} {one.said}" for one in account.lost[:_LOSSES] if one.seconds >= _NOTABLE * lost]
    for count in range(len(told), 0, -1):
        line = head + "; ".join(told[:count]) + (_MORE if count < len(account.lost) else "")
        if _wide(line) <= room:
            return line
    more = _MORE if room >= 3 * len(_MORE) else ""
    return fitted(head + "; ".join(told[:1]), room - len(more)) + more


def _chain(tasks: Sequence[str]) -> str:
    if len(tasks) <= 2 * _ENDS:
        return " → ".join(tasks)
    return " → ".join((*tasks[:_ENDS], f"({len(tasks) - 2 * _ENDS} more)", *tasks[-_ENDS:]))


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
