"""A report on one screen of a terminal: counts, coverage, what to do next, the worst findings, where the rest is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from forkjoin.interfaces.cli.words import STATES, padded, spell
from forkjoin.model import Finding, Report, TaskSummary
from forkjoin.model.text import one_line, spelled

STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}
_WORDS = "|".join(STYLES)
_SEVERITY = re.compile(rf"(?<=\d )(?:{_WORDS})\b|(?<=^ \d\. )(?:{_WORDS})(?=:)")
_HERE = " in the report: forkjoin report"  # as the end of a run says it, where the report is not what is looked at
_HEAD = re.compile(r"^(?:Looked at|Not looked at|Do next[^:]*|Time|Ideal|Lost|Note|Known by [^:]*):")
_FEWEST = 3  # rows of findings that are worth it; of tasks a low terminal has them all the same
_PLACE, _LONGEST_ID = 32, 24  # cells


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The terminal it is for: its cells and lines."""

    columns: int
    lines: int


def screen(report: Report, summary: Sequence[str], more: Sequence[str], paper: Paper) -> list[Text]:
    """Return lines no wider than the terminal, and no more than it has unless *summary* alone takes them.

    *summary* is what the end of the run said, *more* the commands that show the rest.
    """
    lines = [_title(report), *(_coloured(line) for line in summary)]
    room = paper.lines - len(lines) - len(more) - 3  # an empty line before and after, and the prompt
    if not report.findings:
        lines += [Text(), *_tasks(report, max(_FEWEST, room))]
    elif room >= _FEWEST:  # on a low terminal what to do next has named the worst already
        lines += [Text(), *_findings(report, room)]
    lines += [Text(), *(Text(line, style="dim") for line in more)]
    for line in lines:
        line.no_wrap = True
        line.truncate(paper.columns, overflow="ellipsis")
    return lines


def _title(report: Report) -> Text:
    line = Text(one_line(report.name or report.run, 60), style="bold")
    line.append(f"  run {report.run}" if report.name else "", style="not bold dim")
    return line


def _coloured(said: str) -> Text:
    line = Text(said.removesuffix(_HERE))  # clean already, and its indent says where it belongs
    for found in _SEVERITY.finditer(line.plain):
        line.stylize(STYLES[found[0]], *found.span())
    if head := _HEAD.match(line.plain):
        line.stylize("bold", *head.span())
    return line


def _findings(report: Report, room: int) -> Iterator[Text]:
    """Yield the worst findings, a line each, and how many there are beside them."""
    everything = len(report.findings) + report.left_out
    shown = report.findings[: room if everything <= room else room - 1]
    places = [_place(finding) for finding in shown]
    width = min(_PLACE, max(map(len, places), default=0))
    for finding, place in zip(shown, places, strict=True):
        line = Text("  ")
        line.append(f"{finding.severity:8}", style=STYLES[finding.severity])
        line.append(f"  {padded(place, width)}  ", style="dim")
        line.append(one_line(f"{finding.rule} {finding.title}".strip()))
        agents = dict.fromkeys(source.agent for source in finding.sources)
        line.append(f" ({', '.join(map(one_line, agents))})", style="dim")
        yield line
    if everything > len(shown):
        yield Text(f"  … and {everything - len(shown):,} more findings, none worse", style="dim")


def _place(finding: Finding) -> str:
    """Where it is; of a long path the end, for that is what tells files apart."""
    place = spelled(finding.path) + (f":{finding.line}" if finding.line else "")
    return place if len(place) <= _PLACE else f"…{place[1 - _PLACE :]}"


def _tasks(report: Report, room: int) -> Iterator[Text]:
    """Yield how each task ended and how its answer begins; those that did not complete first."""
    tasks = sorted(report.tasks, key=lambda task: task.state == "completed")
    shown = tasks[: room if len(tasks) <= room else room - 1]
    width = min(_LONGEST_ID, max((len(task.id) for task in shown), default=0))
    for task in shown:
        symbol, _, style = STATES[task.state]
        line = Text(f"  {symbol} {padded(one_line(task.id), width)}  ")
        line.append(f"{spell(task.state):11}", style=style)
        line.append(f"  {one_line(_said(task))}")
        yield line
    if len(tasks) > len(shown):
        yield Text(f"  … and {len(tasks) - len(shown):,} more tasks", style="dim")


def _said(task: TaskSummary) -> str:
    return task.reason or task.answer.strip().partition("\n")[0] or task.description
