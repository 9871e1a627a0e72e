"""`forkjoin transcripts`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forkjoin.errors import PlanError
from forkjoin.interfaces.cli.asking import Asked
from forkjoin.interfaces.cli.codes import WORDS
from forkjoin.interfaces.cli.talk import data, data_json
from forkjoin.model import spoken, to_builtins
from forkjoin.model.text import one_line, spelled

if TYPE_CHECKING:
    from forkjoin.model import TranscriptFile, TranscriptFinding, TranscriptReport

EXAMPLES = (
    ("forkjoin transcripts ~/.claude/projects", "all sessions of Claude Code"),
    ("forkjoin transcripts --json session.jsonl", "for a program"),
    ("forkjoin transcripts --save fan-out.yaml session.jsonl", "the costliest fan-out as a plan"),
)


@dataclass(frozen=True, kw_only=True)
class Ask(Asked):
    """Say where agents fanned out badly: tasks that ran one after another though none needed another's result,
    results that were never retrieved, two tasks that wrote one file; what it cost, and how forkjoin does it.

    Reads session files and JSON streams of Claude Code, Codex, OpenCode (its export too) and Pi. Files of one session,
    those of its subagents too, are read together. In doubt tasks count as dependent.

    Exit codes: 0 nothing found; 1 findings.
    """

    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files, folders of them, or - (standard input).")
    ]
    save: Annotated[
        str, typer.Option("--save", metavar="FILE", help="Write the costliest fan-out as a plan (.yaml, .json).")
    ] = ""


def act(ask: Ask) -> int:
    """Read them, and print what they show."""
    from forkjoin.engine import read_transcripts
    from forkjoin.interfaces.cli.saving import refuse_ending

    if ask.save:
        refuse_ending(ask.save)
    report = read_transcripts(ask.files)
    code = 1 if report.findings else 0
    if ask.save:
        _save(report, ask.save)
    if ask.json:
        data_json({"forkjoin": 1, **_as_dict(report), "exit": WORDS[code]})
        return code
    for line in _lines(report, ask.files):
        data(line)
    return code


def _as_dict(report: TranscriptReport) -> dict[str, Any]:
    found = to_builtins(report)
    assert isinstance(found, dict)  # noqa: S101 - a struct gives nothing else
    return found


def _save(report: TranscriptReport, name: str) -> None:
    from forkjoin.engine import read_plan
    from forkjoin.interfaces.cli.saving import save
    from forkjoin.model import to_json

    fan_out = next((one for one in report.findings if one.rule == "serial-fan-out"), None)
    if fan_out is None:
        raise PlanError("no fan-out was found that ran one after another", where=f"--save {name}")
    save(read_plan(["-"], stdin=to_json(fan_out.plan)), name)


def _lines(report: TranscriptReport, files: list[str]) -> Iterator[str]:
    for finding in report.findings:
        yield from _finding_lines(finding)
    if report.findings:
        yield ""
    yield _sum(report)
    yield from filter(None, map(_trouble, report.files))
    if any(one.rule == "serial-fan-out" for one in report.findings):
        named = " ".join(shlex.quote(file) for file in files)
        yield f"next: forkjoin transcripts --save plan.yaml {named}   forkjoin run --detach plan.yaml"


def _finding_lines(finding: TranscriptFinding) -> Iterator[str]:
    lost = "" if finding.lost_s == 0 else f" ({_lost(finding.lost_s)})"
    yield f"{spelled(finding.path)}:{finding.line}  {finding.rule}: {one_line(finding.message)}{lost}"
    for task in finding.tasks:
        took = "" if task.seconds is None else spoken(task.seconds)
        yield f"    line {task.line:<6} {took:>8}  {one_line(task.description)}".rstrip()


def _lost(seconds: float | None) -> str:
    return "time not told" if seconds is None else f"{spoken(seconds)} lost"


def _sum(report: TranscriptReport) -> str:
    known = [file for file in report.files if file.agent]
    tasks = sum(file.tasks for file in known)
    lost = sum(finding.lost_s or 0.0 for finding in report.findings)
    head = (
        f"{_counted(len(known), 'transcript')}, {_counted(tasks, 'task')}, {_counted(len(report.findings), 'finding')}"
    )
    return f"{head}, {spoken(lost)} lost" if lost else head


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _trouble(file: TranscriptFile) -> str:
    unknown = sum(file.unknown.values())
    said = [file.why] if file.why else []
    said += [f"{_counted(file.damaged, 'damaged line')} of {file.lines:,}"] if file.damaged and not file.why else []
    said += [f"{_counted(unknown, 'unknown event')} ({', '.join(list(file.unknown)[:5])})"] if unknown else []
    return f"{spelled(file.path)}: {'; '.join(said)}" if said else ""
