"""A report as JUnit XML, as CI systems read it: a case for each task, and a failure for each finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape

from forkjoin.model import Finding, Question, Report, TaskSummary
from forkjoin.model.text import clean, one_line, spelled
from forkjoin.synthesis.comparing import comparison_rows
from forkjoin.synthesis.renderers.given import Given
from forkjoin.synthesis.words import agents_of, coverage_line, narrowing_lines, place

_NEVER_RAN = frozenset(("queued", "limited", "starting", "running", "blocked", "skipped"))
# XML 1.0 has no way to write these, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(given: Given) -> str:
    """Return the XML. A finding is a failure, an `info` one passes; a task is an error if it failed, or skipped.

    It holds no more than the schema of Jenkins' xUnit plugin allows, which refuses what it does not know: the file is
    the class of a case, and stands with its line in the text of the failure.
    """
    report = given.report
    asked = {one.task: one for one in report.questions}
    tasks = [line for task in report.tasks for line in _task(task, asked.get(task.id))]
    findings = [line for finding in report.findings for line in _finding(finding)]
    failed = sum(finding.severity != "info" for finding in report.findings)
    errors = len(report.coverage.failed)
    skipped = len(report.coverage.missing)
    wall = report.account.wall_s if report.account else 0.0
    counts = {"tests": len(report.tasks) + len(report.findings), "failures": failed, "errors": errors}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        _tag("testsuites", {"name": report.name or report.run, **counts, "time": _s(wall)}),
        _tag("testsuite", {
            "name": "tasks", "tests": len(report.tasks), "failures": 0, "errors": errors, "skipped": skipped,
            "time": _s(sum(task.seconds for task in report.tasks)),
        }),
        *_properties(
            {
                "needs your answer": "; ".join(f"{one.task}: {one.command}" for one in report.questions),
                "coverage": coverage_line(report),
                "not looked at": "; ".join(report.coverage.not_looked_at),
                "left out": "; ".join(narrowing_lines(report)),
            }
        ),
        *tasks,
        *_compared(report),
        "</testsuite>",
        _tag("testsuite", {
            "name": "findings", "tests": len(report.findings), "failures": failed, "errors": 0, "skipped": 0,
            "time": _s(0),
        }),
        *_properties({"left out": report.left_out or ""}),
        *findings,
        "</testsuite>",
        "</testsuites>",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _task(task: TaskSummary, asks: Question | None) -> Iterator[str]:
    case = {"classname": "tasks", "name": f"{task.id}: {task.description}" if task.description else task.id}
    yield _tag("testcase", case | {"time": _s(task.seconds)})
    said = one_line(task.reason) or task.state
    if task.state in _NEVER_RAN:
        yield _tag("skipped", {"message": f"{task.state}: {said}"}, end="/")
    elif task.state != "completed":
        told = "\n".join(filter(None, (asks.text, f"Answer it: {asks.command}\n"))) if asks else ""
        yield f"{_tag('error', {'type': task.state, 'message': said})}{_text(told + task.answer)}</error>"
    yield "</testcase>"


def _compared(report: Report) -> Iterator[str]:
    """Yield what several agents made of one task, as the output of the suite."""
    said = []
    for one in report.comparisons:
        said.append(f"Compared: {one.task}{f' {one.description}' if one.description else ''}")
        said += [" | ".join(row).strip() for row in comparison_rows(one)]
    if said:
        yield f"<system-out>{_text(chr(10).join(said))}</system-out>"


def _finding(finding: Finding) -> Iterator[str]:
    where = f"line {finding.line}: " if finding.line else ""
    named = " ".join(filter(None, (finding.rule, finding.title)))
    case = {"classname": spelled(finding.path) or "findings", "name": f"{where}{named} [{finding.id}]"}
    yield _tag("testcase", case | {"time": _s(0)})
    said = "\n".join(_said(finding))
    if finding.severity == "info":
        yield f"<system-out>{_text(said)}</system-out>"
    else:
        about = {"type": finding.rule or finding.severity, "message": f"{finding.severity}: {finding.title}"}
        yield f"{_tag('failure', about)}{_text(said)}</failure>"
    yield "</testcase>"


def _said(finding: Finding) -> Iterator[str]:
    if finding.path:
        yield place(finding)
    yield f"{finding.severity} {finding.title}"
    yield from filter(None, (finding.message, finding.note))
    if finding.evidence:
        yield f"Evidence: {finding.evidence}"
    if finding.remedy:
        yield f"Remedy: {finding.remedy}"
    yield f"Seen by: {', '.join(agents_of(finding))}"


def _properties(given: Mapping[str, object]) -> list[str]:
    lines = [_tag("property", {"name": name, "value": value}, end="/") for name, value in given.items() if value]
    return ["<properties>", *lines, "</properties>"] if lines else []


def _tag(name: str, given: Mapping[str, object], *, end: str = "") -> str:
    said = "".join(f' {key}="{_attribute(str(value))}"' for key, value in given.items())
    return f"<{name}{said}{end}>"


def _attribute(text: str) -> str:
    return escape(_NO_XML.sub("", one_line(text)))


def _text(text: str) -> str:
    return escape(_NO_XML.sub("", clean(text)), quote=False)


def _s(seconds: float) -> str:
    return f"{seconds:.3f}"
