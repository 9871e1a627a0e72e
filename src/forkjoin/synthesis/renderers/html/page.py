"""One self-contained page: numbers, coverage, what to do next, the timeline, findings with both sides, the tasks.

It loads nothing, its policy forbids everything but its own style and script by their hashes, and without a script it
still shows all there is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256

from forkjoin.model import Report, spoken
from forkjoin.model.text import spelled
from forkjoin.synthesis.renderers.given import Given
from forkjoin.synthesis.renderers.html.asked import comparisons, questions
from forkjoin.synthesis.renderers.html.element import NOTHING, Markup, anchor, element, joined, worded
from forkjoin.synthesis.renderers.html.findings import findings
from forkjoin.synthesis.renderers.html.script import SCRIPT
from forkjoin.synthesis.renderers.html.style import STYLE
from forkjoin.synthesis.renderers.html.tasks import tasks
from forkjoin.synthesis.renderers.html.timeline import lost, timeline
from forkjoin.synthesis.words import comparable, counted, coverage_line, narrowing_lines, not_looked_at_lines, total

_IDS = 8
_CLASHES = 100


def render_html(given: Given) -> str:
    """Return the page."""
    report = given.report
    title = report.name or report.run
    body = [
        _header(given),
        element(
            "main",
            questions(report),
            _numbers(report),
            _coverage(report),
            _next(report),
            timeline(given),
            lost(report),
            findings(report),
            comparisons(report),
            _clashes(report),
            tasks(given),
            _notes(report),
        ),
        element("footer", _footer(given)),
    ]
    head = joined(
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{title}: report"),
        element("style", Markup(STYLE)),
    )
    script = element("script", Markup(SCRIPT))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{joined(body)}{script}</body></html>\n'


def _policy() -> str:
    return (
        f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _header(given: Given) -> Markup:
    report, parts = given.report, [f"Run {given.report.run}"]
    if given.timeline is not None and given.timeline.started > 0:
        began = datetime.fromtimestamp(given.timeline.started, tz=UTC)
        parts.append(f"{began:%Y-%m-%d %H:%M} UTC")
    states = {task.state for task in report.tasks}
    if states & {"queued", "starting", "running"}:
        parts.append("still running")
    return element(
        "header",
        element("p", " · ".join(parts), class_="eyebrow"),
        element("h1", report.name or report.run),
        element("p", report.goal, class_="goal") if report.goal else None,
        element("nav", _contents(given), aria_label="Sections"),
    )


def _contents(given: Given) -> Iterator[Markup]:
    report = given.report
    sections = {
        "questions": ("Needs your answer", bool(report.questions)),
        "next": ("Do next", bool(report.actions)),
        "timeline": ("Timeline", given.timeline is not None),
        "findings": (f"Findings {total(report):,}", True),
        "compared": ("Compared", bool(report.comparisons)),
        "clashes": ("Changed side by side", bool(report.clashes)),
        "tasks": (f"Tasks {len(report.tasks):,}", bool(report.tasks)),
    }
    for id_, (name, there) in sections.items():
        if there:
            yield element("a", name, href=f"#{id_}")


def _numbers(report: Report) -> Markup:
    found = total(report)
    worst = report.counts[0][0] if report.counts else ""
    ok, everything = len(report.coverage.ok), len(report.tasks)
    tiles = [
        _tile("Findings", f"{found:,}", f"worst: {worst}" if worst else _nothing_found(report)),
        _tile("Tasks completed", f"{ok:,} of {everything:,}", _untold(report), bad=ok < everything),
    ]
    account = report.account
    if account is not None and report.tasks:
        tiles.append(_tile("Wall time", spoken(account.wall_s), f"{spoken(account.sum_s)} of work"))
        if comparable(account, tasks=everything):
            tiles.append(_tile("Speed-up", f"{account.speedup:.1f}×", "against one after another"))
    return element(
        "section", element("dl", tiles, class_="tiles"), _by_severity(report), class_="numbers", id="numbers"
    )


def _nothing_found(report: Report) -> str:
    looked = [task for task in report.tasks if task.finds]
    if not looked:
        return "no task was asked for findings"
    ok = sum(task.state == "completed" for task in looked)
    return f"from {ok} of {counted(len(looked), 'task')}"


def _untold(report: Report) -> str:
    said = [f"{len(report.coverage.failed):,} failed"] if report.coverage.failed else []
    said += [f"{len(report.coverage.missing):,} missing"] if report.coverage.missing else []
    return ", ".join(said) or "nothing failed, nothing missing"


def _tile(name: str, number: str, about: str, *, bad: bool = False) -> Markup:
    return element(
        "div",
        element("dt", name),
        element("dd", number, class_="number"),
        element("dd", about, class_="about bad" if bad else "about"),
        class_="tile",
    )


def _by_severity(report: Report) -> Markup:
    """Return one bar with a piece for each severity, and its legend with the numbers."""
    found = total(report)
    if not found:
        return NOTHING
    pieces, at = [], 0.0
    for severity, count in report.counts:
        width = 100 * count / found
        pieces.append(element("rect", x=f"{at:.3f}%", y=0, width=f"{width:.3f}%", height=10, class_=f"fill-{severity}"))
        at += width
    legend = [
        element("li", _dot(severity), element("b", f"{count:,}"), f" {severity}") for severity, count in report.counts
    ]
    return joined(
        element("svg", pieces, class_="bar", width="100%", height=10, aria_hidden="true"),
        element("ul", legend, class_="legend"),
    )


def _dot(severity: str) -> Markup:
    return element("span", class_=f"dot back-{severity}")


def _coverage(report: Report) -> Markup:
    """Return what the report stands on; whole, for what is not said here would be taken for looked at."""
    coverage = report.coverage
    lacking = not_looked_at_lines(coverage.not_looked_at)
    whole = not coverage.failed and not coverage.missing and not lacking
    lines = [element("p", element("b", "Looked at: "), f"{coverage_line(report)}.")]
    lines += [element("p", f"{said}.") for said in narrowing_lines(report)]
    if lacking:
        lines.append(element("p", element("b", "Not looked at: "), "; ".join(lacking), "."))
    return element("section", lines, class_="coverage whole" if whole else "coverage", id="coverage")


def _next(report: Report) -> Markup:
    if not report.actions:
        return NOTHING
    shown = {finding.id for finding in report.findings}
    items = [
        element("li", badge(action.severity), element("span", worded(action.text), " ", _cited(action.findings, shown)))
        for action in report.actions
    ]
    return element("section", element("h2", "Do next"), element("ol", items, class_="actions"), id="next")


def badge(severity: str) -> Markup:
    """Return a severity as a word on its colour."""
    return element("span", severity, class_=f"badge back-{severity}")


def _cited(ids: Iterable[str], shown: set[str]) -> Markup:
    """Return ids of findings as links where these are on the page; of many the first."""
    known = list(ids)
    links = [
        element("a", id_, href=f"#{anchor(id_)}") if id_ in shown else element("span", id_) for id_ in known[:_IDS]
    ]
    more = element("span", f"+{len(known) - _IDS:,}") if len(known) > _IDS else None
    return element("span", links, more, class_="cited")


def _clashes(report: Report) -> Markup:
    if not report.clashes:
        return NOTHING
    shown = {finding.id for finding in report.findings}
    items = [
        element("li", element("code", path), f" by {' and '.join(clash.tasks)} ", _cited(clash.findings, shown))
        for clash in report.clashes[:_CLASHES]
        for path in [spelled(clash.path)]
    ]
    left = len(report.clashes) - _CLASHES
    return element(
        "section",
        element("h2", "Changed side by side"),
        element("p", "Nothing ordered these tasks: their changes to one file may not land together.", class_="hint"),
        element("ul", items, class_="plain"),
        element("p", f"and {counted(left, 'more file')}", class_="hint") if left > 0 else None,
        id="clashes",
    )


def _notes(report: Report) -> Markup:
    if not report.notes:
        return NOTHING
    items = [element("li", worded(note)) for note in report.notes]
    return element("section", element("h2", "Notes"), element("ul", items, class_="plain"), id="notes")


def _footer(given: Given) -> str:
    by = f"forkjoin {given.version}".strip()
    return (
        f"Made by {by} from run {given.report.run}. What agents said is quoted, not checked. This page loads nothing."
    )
