"""A report as SARIF 2.1.0: a run for each tool that spoke, or one merged run; what failed is told in it too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from forkjoin.model import SEVERITIES, Finding, Report, Severity, Source, TaskId, TaskSummary, to_json
from forkjoin.model.text import clean, one_line
from forkjoin.synthesis.fingerprint import fingerprints
from forkjoin.synthesis.renderers.given import Given
from forkjoin.synthesis.twins import tool_of
from forkjoin.synthesis.words import coverage_line, narrowing_lines

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASE = "%SRCROOT%"
_LEVELS: dict[Severity, str] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "info": "note",
}
# As code scanning reads them: above 9.0 is critical, from 7.0 high, from 4.0 medium.
_SCORES: dict[Severity, str] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0", "info": "0.0"}
_PROBLEMS = {"error": "error", "warning": "warning", "note": "recommendation"}


class _Result(msgspec.Struct, frozen=True, kw_only=True):
    """One finding as one run tells it: by one witness, or as it was merged."""

    finding: Finding
    source: Source | None = None

    @property
    def severity(self) -> Severity:
        """As the witness says it, or as it was settled."""
        return self.source.severity if self.source else self.finding.severity

    @property
    def rule(self) -> str:
        """The rule's id; a finding without one is known by its perspective."""
        rule = (self.source.rule if self.source else self.finding.rule) or next(iter(self.finding.perspectives), "")
        return one_line(rule) or "finding"

    @property
    def message(self) -> str:
        """The words of the message."""
        said = self.source.message if self.source else self.finding.message
        title = (self.source.title if self.source else self.finding.title) or ""
        again = title.rstrip(".") == said.rstrip(".")
        return (said if again else "\n".join(filter(None, (title, said)))) or self.finding.title

    @property
    def lines(self) -> tuple[int, int]:
        """The first and last line, 0 = none."""
        return (self.source or self.finding).line, (self.source or self.finding).end_line


def render_sarif(given: Given) -> str:
    """Return the log as JSON; paths are relative to the base %SRCROOT%."""
    made = fingerprints(given.report.findings)  # of a report that was joined without its tree
    known = {finding.id: finding.fingerprint or made[finding.id] for finding in given.report.findings}
    runs = [_run(tool, results, tasks, given, known) for tool, results, tasks in _by_tool(given)]
    return to_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}).decode() + "\n"


def _by_tool(given: Given) -> Iterator[tuple[str, list[_Result], list[TaskSummary]]]:
    """Yield each tool with its results and the tasks it answers for, also one whose task failed."""
    report = given.report
    if given.merged:
        yield "forkjoin", [_Result(finding=finding) for finding in report.findings], list(report.tasks)
        return
    results: dict[str, list[_Result]] = {}
    for finding in report.findings:
        for source in _once(finding.sources):
            results.setdefault(tool_of(source.agent), []).append(_Result(finding=finding, source=source))
    tasks: dict[str, list[TaskSummary]] = {tool: [] for tool in results}
    spoke = _spoke(report)
    for task in report.tasks:
        if task.finds:
            for tool in spoke.get(task.id) or (tool_of(task.agent),):
                tasks.setdefault(tool, []).append(task)
    for tool in sorted(tasks):
        yield tool, results.get(tool, []), tasks[tool]


def _spoke(report: Report) -> dict[TaskId, dict[str, None]]:
    """Return the tools that spoke in each task: a command may have answered in another's SARIF."""
    spoke: dict[TaskId, dict[str, None]] = {}
    for finding in report.findings:
        for source in finding.sources:
            spoke.setdefault(source.task, {})[tool_of(source.agent)] = None
    return spoke


def _once(sources: Sequence[Source]) -> Iterator[Source]:
    """Yield one witness for each tool."""
    seen: set[str] = set()
    for source in sources:
        tool = tool_of(source.agent)
        if tool not in seen:
            seen.add(tool)
            yield source


def _run(
    tool: str, results: Sequence[_Result], tasks: Sequence[TaskSummary], given: Given, known: Mapping[str, str]
) -> dict[str, Any]:
    rules = _rules(results)
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    driver: dict[str, Any] = {"name": tool or "unknown", "rules": rules}
    driver |= {"version": given.version} if tool == "forkjoin" and given.version else {}
    base = {"uri": f"file://{quote(given.tree.rstrip('/'))}/"} if given.tree.startswith("/") else {}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        # Several runs of one tool in one commit are told apart by this.
        "automationDetails": {"id": f"forkjoin/{quote(tool) or 'unknown'}/"},
        "originalUriBaseIds": {_BASE: base | {"description": {"text": "The folder that was looked at."}}},
        "invocations": [_invocation(tasks, {one.task: one.command for one in given.report.questions})],
        "columnKind": "unicodeCodePoints",
        "results": [_result(result, numbers, known) for result in results],
        "properties": {"run": given.report.run, "coverage": coverage_line(given.report)},
    }
    if left_out := narrowing_lines(given.report):
        run["properties"]["narrowing"] = left_out
    if given.report.left_out:
        run["properties"]["leftOut"] = given.report.left_out
    if given.merged and given.report.coverage.not_looked_at:
        run["properties"]["notLookedAt"] = list(given.report.coverage.not_looked_at)
    return run


def _invocation(tasks: Sequence[TaskSummary], answers: Mapping[TaskId, str]) -> dict[str, Any]:
    """Return whether the tasks came through, and why those that did not did not; *answers* are commands that answer."""
    failed = [task for task in tasks if task.state != "completed"]
    notes = [{"level": "error", "message": {"text": _told(task, answers.get(task.id, ""))}} for task in failed]
    said: dict[str, Any] = {"executionSuccessful": not failed}
    if failed:
        said["exitCodeDescription"] = one_line("; ".join(_told(task) for task in failed), 500)
        said["toolExecutionNotifications"] = notes
    return said


def _told(task: TaskSummary, answer: str = "") -> str:
    reason, next_step = f": {task.reason}" if task.reason else "", f"; answer it: {answer}" if answer else ""
    return one_line(f"task {task.id}: {task.state}{reason}{next_step}")


def _rules(results: Sequence[_Result]) -> list[dict[str, Any]]:
    by_rule: dict[str, list[_Result]] = {}
    for result in results:
        by_rule.setdefault(result.rule, []).append(result)
    return [_rule(id_, found) for id_, found in sorted(by_rule.items())]


def _rule(id_: str, results: Sequence[_Result]) -> dict[str, Any]:
    worst = min((result.severity for result in results), key=SEVERITIES.index)
    level = _LEVELS[worst]
    title = one_line(min(result.finding.title for result in results), 300)
    tags = sorted({view for result in results for view in result.finding.perspectives})
    properties: dict[str, Any] = {"problem.severity": _PROBLEMS[level]}
    properties |= {"tags": tags} if tags else {}
    properties |= {"security-severity": _SCORES[worst]} if "security" in tags else {}
    help_ = max((result.finding.remedy for result in results), default="")
    rule = {
        "id": id_,
        "shortDescription": {"text": title or id_},
        "defaultConfiguration": {"level": level},
        "properties": properties,
    }
    return rule | ({"help": {"text": _words(help_)}} if help_ else {})


def _result(result: _Result, numbers: Mapping[str, int], known: Mapping[str, str]) -> dict[str, Any]:
    finding, source = result.finding, result.source
    said: dict[str, Any] = {
        "ruleId": result.rule,
        "ruleIndex": numbers[result.rule],
        "level": _LEVELS[result.severity],
        "message": {"text": _words(result.message)},
        "partialFingerprints": {"primaryLocationLineHash": known[finding.id], "forkjoinFinding/v1": known[finding.id]},
        "properties": dict(_properties(result)),
    }
    if finding.path:
        said["locations"] = [{"physicalLocation": _place(finding.path, *result.lines, _evidence(result))}]
    if source is None and len(finding.sources) > 1:
        # What others say of the same thing, at the lines they name.
        said["relatedLocations"] = [
            {"physicalLocation": _place(finding.path, other.line, other.end_line, ""),
             "message": {"text": _words(f"{other.agent}: {other.message}")}}
            for other in finding.sources if finding.path
        ]  # fmt: skip
    return said


def _properties(result: _Result) -> Iterator[tuple[str, Any]]:
    finding, source = result.finding, result.source
    yield "id", finding.id
    yield "severity", result.severity
    tasks: list[TaskId] = [source.task] if source else list(dict.fromkeys(s.task for s in finding.sources))
    yield "tasks", tasks
    yield "confidence", source.confidence if source else min((s.confidence for s in finding.sources), key=_SURE.index)
    remedy = source.remedy if source else finding.remedy
    if remedy:
        yield "remedy", _words(remedy)
    if source is None:
        yield "agents", sorted({tool_of(witness.agent) for witness in finding.sources})
    if finding.note:
        yield "note", _words(finding.note)
    if source is not None and source.form == "prose":
        yield "form", "prose"


_SURE = ("high", "medium", "low")


def _place(path: str, line: int, end_line: int, evidence: str) -> dict[str, Any]:
    relative = not path.startswith("/") and "://" not in path
    uri = quote(path, safe="/@+=~,") if "://" not in path else quote(path, safe=":/?#[]@!$&'()*+,;=%~")
    artifact = {"uri": uri, "uriBaseId": _BASE} if relative else {"uri": uri if "://" in path else f"file://{uri}"}
    region: dict[str, Any] = {"startLine": line} if line else {}
    region |= {"endLine": end_line} if line and end_line > line else {}
    region |= {"snippet": {"text": _words(evidence)}} if line and evidence else {}
    return {"artifactLocation": artifact} | ({"region": region} if region else {})


def _evidence(result: _Result) -> str:
    return (result.source or result.finding).evidence


def _words(text: str) -> str:
    return clean(text)
