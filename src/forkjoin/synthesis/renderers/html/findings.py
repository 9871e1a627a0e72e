"""The findings of the page, each with its witnesses and both sides of what they differ in, and what filters them."""

from __future__ import annotations

from collections.abc import Iterator

from forkjoin.model import Dispute, Finding, Report, Source
from forkjoin.model.text import spelled
from forkjoin.synthesis.renderers.html.element import NOTHING, Markup, anchor, element, joined, worded
from forkjoin.synthesis.words import agents_of, counted, place, total

_BYTES = 2_400_000
_TASKS = 200
_WITNESSES = 50
_MANY = 500  # findings, from which on a browser lays out only those that are in sight


def findings(report: Report) -> Markup:
    """Return the section; findings beyond what a page bears are counted."""
    found = total(report)
    if not found:
        said = "No findings." if any(task.finds for task in report.tasks) else "No task was asked for findings."
        return element("section", element("h2", "Findings"), element("p", said, class_="hint"), id="findings")
    kinds = {id_: (number, len(group.findings)) for number, group in enumerate(report.groups) for id_ in group.findings}
    shown, used = list[Markup](), 0
    for finding in report.findings:
        one = _finding(finding, *kinds.get(finding.id, (0, 1)))
        used += len(one)
        if used > _BYTES:
            break
        shown.append(one)
    left = found - len(shown)
    rest = element("p", f"{counted(left, 'more finding')}, none worse: all are in the JSON report.", class_="hint")
    return element(
        "section",
        element("h2", "Findings ", element("span", f"{found:,}", class_="count")),
        _filters(report),
        _filtered(),
        element("div", shown, id="list", class_="many" if len(shown) > _MANY else None),
        rest if left else None,
        id="findings",
    )


def _filters(report: Report) -> Markup:
    """Return the controls; they are shown by the script that they need."""
    severities = [
        element("button", f"{severity} ", element("b", f"{count:,}"), type="button", aria_pressed="true",
                data_severity=severity, class_=f"chip chip-{severity}")
        for severity, count in report.counts
    ]  # fmt: skip
    named = [task.id for task in report.tasks if task.findings][:_TASKS]
    tasks = [element("option", "every task", value="")] + [element("option", task, value=task) for task in named]
    return element(
        "div",
        element("div", severities, class_="chips", role="group", aria_label="Severities"),
        element("input", type="search", id="text", placeholder="Search", aria_label="Search in findings"),
        element("input", type="search", id="path", placeholder="Path", aria_label="Part of a path"),
        element("select", tasks, id="task", aria_label="Task"),
        element("button", "Open all", type="button", id="open", class_="quiet"),
        class_="filters js",
    )


def _filtered() -> Markup:
    """Return the line that says what the filters leave, and which keys there are."""
    keys = [(("/",), "search"), (("j", "k"), "next, previous"), (("Enter",), "open"), (("Esc",), "clear")]
    named = [joined(*(joined(element("kbd", key), " ") for key in some), f"{what}  ") for some, what in keys]
    return element(
        "div",
        element("span", id="shown", aria_live="polite"),
        element("button", "Clear filters", type="button", id="clear", class_="pill", hidden=True),
        element("span", named, class_="keys"),
        class_="hint filtered js",
    )


def _finding(finding: Finding, kind: int, of_kind: int) -> Markup:
    agents = agents_of(finding)
    said_by = agents[0] if len(agents) == 1 else counted(len(agents), "agent")
    prose = all(source.form == "prose" for source in finding.sources)
    marks = [element("span", f"{finding.severity}", class_=f"badge back-{finding.severity}")]
    after = [element("span", said_by, class_="pill strong" if len(agents) > 1 else "pill", title=", ".join(agents))]
    after += [element("span", "disputed", class_="pill warn")] if finding.disputes else []
    after += [element("span", "from prose", class_="pill warn")] if prose and finding.sources else []
    if of_kind > 1:
        after.append(
            element("button", f"{of_kind:,} of this kind", type="button", class_="pill kind js", data_kind=kind)
        )
    rule = element("span", finding.rule, class_="rule") if finding.rule else None
    head = element(
        "summary",
        marks,
        element("span", element("span", worded(finding.title), class_="title"), rule, class_="what"),
        element("code", place(finding), class_="place") if finding.path else NOTHING,
        element("span", after, class_="pills"),
    )
    tasks = dict.fromkeys(source.task for source in finding.sources)
    return element(
        "details",
        head,
        element("div", _inside(finding), class_="inside"),
        class_=f"finding edge-{finding.severity}", id=anchor(finding.id), data_severity=finding.severity,
        data_path=spelled(finding.path), data_tasks="\n".join(tasks), data_kind=kind,
    )  # fmt: skip


def _inside(finding: Finding) -> Iterator[Markup]:
    if finding.message and finding.message != finding.title:
        yield element("p", worded(finding.message), class_="message")
    if finding.evidence:
        yield element("pre", finding.evidence, class_="evidence", tabindex=0)
    if finding.remedy:
        yield element("p", element("b", "Remedy. "), worded(finding.remedy), class_="remedy")
    for dispute in finding.disputes:
        yield _dispute(dispute)
    yield element("h3", counted(len(finding.sources), "witness"))
    yield element("ul", [_witness(source, finding) for source in finding.sources[:_WITNESSES]], class_="witnesses")
    left = len(finding.sources) - _WITNESSES
    if left > 0:
        yield element("p", f"and {left:,} more", class_="hint")
    views = f" · {', '.join(finding.perspectives)}" if finding.perspectives else ""
    yield element("p", element("a", finding.id, href=f"#{anchor(finding.id)}"), views, class_="hint")


def _dispute(dispute: Dispute) -> Markup:
    sides = [
        element(
            "div",
            element("p", element("b", side.says), " holds" if side.says == dispute.holds else ""),
            element("p", ", ".join(side.agents), class_="hint"),
            [element("p", worded(words), class_="words") for words in side.words],
            class_="side held" if side.says == dispute.holds else "side",
        )
        for side in dispute.sides
    ]
    decided = f"{dispute.holds} holds: {dispute.rule}." if dispute.holds else f"Neither holds: {dispute.rule}."
    name = "Severities differ" if dispute.about == "severity" else "Advice differs"
    return element(
        "div",
        element("h3", name),
        element("div", sides, class_="sides"),
        element("p", decided, class_="hint"),
        class_="dispute",
    )


def _witness(source: Source, finding: Finding) -> Markup:
    words = source.message if source.message not in (finding.message, finding.title) else ""
    own = "" if source.line in (0, finding.line) else f" at line {source.line}"
    prose = ", read from prose" if source.form == "prose" else ""
    said = f"{source.severity}, {source.confidence} confidence{own}{prose}"
    task = element("a", source.task, href=f"#task-{anchor(source.task)}")
    return element(
        "li",
        element("b", source.agent),
        element("span", source.rule, class_="rule") if source.rule else None,
        element("span", f" {said} · task ", task, class_="hint"),
        element("p", worded(words), class_="words") if words else None,
        element("p", "Advice: ", worded(source.remedy), class_="words")
        if source.remedy not in ("", finding.remedy)
        else None,
    )
