"""A report for GitHub Actions: annotations as workflow commands, and a step summary in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from forkjoin.model import Finding, Question, Severity
from forkjoin.model.text import clean, one_line, spelled
from forkjoin.synthesis.markdown import render_markdown
from forkjoin.synthesis.renderers.given import Given
from forkjoin.synthesis.words import agents_of, counted, counts_line, coverage_line, narrowing_lines, total

_OF_A_LEVEL = 10  # a step shows no more of one level; what comes after is dropped without a word
_SUMMARY_BYTES = 1024 * 1024  # a larger step summary fails its step
_TITLE_CHARS, _MESSAGE_CHARS = 200, 4_000
_LEVELS: dict[Severity, str] = {
    "critical": "error", "high": "error", "medium": "warning", "low": "notice", "info": "notice",
}  # fmt: skip


def render_annotations(given: Given) -> str:
    """Return a workflow command for the first ten findings of each level, worst first, and a line with the rest.

    Tasks that wait for an answer come first, as errors.
    """
    report = given.report
    shown = dict.fromkeys(("error", "warning", "notice"), 0)
    lines = [_asks(one) for one in report.questions[:_OF_A_LEVEL]]
    shown["error"] = asked = len(lines)
    for finding in report.findings:
        level = _LEVELS[finding.severity]
        if shown[level] < _OF_A_LEVEL:
            shown[level] += 1
            lines.append(_command(level, finding))
    left = total(report) - (len(lines) - asked)
    if left > 0:
        lines.append(f"{counted(left, 'more finding')} in the report: a step shows {_OF_A_LEVEL} of each level.")
    lines += [f"{_log_line(counts_line(report))}.", f"Looked at: {_log_line(coverage_line(report))}."]
    lines += [f"{_log_line(said)}." for said in narrowing_lines(report)]
    return "\n".join(lines) + "\n"


def render_step_summary(given: Given) -> str:
    """Return Markdown of at most 1 MiB, with as many findings as fit."""
    everything = len(given.report.findings)
    limit = everything if given.most is None else min(given.most, everything)
    while True:
        text = render_markdown(given.report, limit=limit)
        if len(text.encode()) <= _SUMMARY_BYTES:
            return text
        if not limit:
            return text.encode()[: _SUMMARY_BYTES - 64].decode(errors="ignore").rpartition("\n")[0] + "\n\n(cut)\n"
        limit //= 2


def _asks(one: Question) -> str:
    said = "\n".join((one.text or one.reason, f"Answer it: {one.command}"))
    return f"::error title={_property(f'{one.task} needs your answer')}::{_data(said)}"


def _command(level: str, finding: Finding) -> str:
    properties = ",".join(f"{name}={_property(value)}" for name, value in _properties(finding))
    return f"::{level}{f' {properties}' if properties else ''}::{_data(_message(finding))}"


def _properties(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.path:
        yield "file", spelled(finding.path)
        if finding.line:
            yield "line", str(finding.line)
            yield from [("endLine", str(finding.end_line))] if finding.end_line else []
    rule = f"{finding.rule}: " if finding.rule else ""
    yield "title", one_line(f"{rule}{finding.title}", _TITLE_CHARS)


def _message(finding: Finding) -> str:
    parts = [f"{finding.severity}: {finding.message or finding.title}"]
    parts += [f"Remedy: {finding.remedy}"] if finding.remedy else []
    parts += [finding.note] if finding.note else []
    parts.append(f"({', '.join(agents_of(finding))}) [{finding.id}]")
    text = "\n".join(parts)
    return text if len(text) <= _MESSAGE_CHARS else text[: _MESSAGE_CHARS - 1] + "…"


def _data(text: str) -> str:
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _log_line(text: str) -> str:
    """Return a text that the runner takes for no command: those begin with two colons, or are of the older form."""
    return one_line(text).replace("::", ":\u200b:").replace("##[", "#\u200b#[")
