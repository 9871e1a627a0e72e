"""The run in time: a row for each task, what it waited for, and what the wall time went to."""

from __future__ import annotations

from collections.abc import Sequence

from forkjoin.model import Report, TaskId, Timeline, spoken
from forkjoin.synthesis.renderers.given import Given
from forkjoin.synthesis.renderers.html.element import NOTHING, Markup, anchor, element, joined
from forkjoin.synthesis.renderers.phases import Phase, phases
from forkjoin.synthesis.words import counted

_ROWS = 120
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400)
_MOST_TICKS = 6
_NOTABLE_S = 0.05  # less of a loss would be shown as none
_THIN = 0.25  # percent of the width that a stretch has at least, to be seen


def timeline(given: Given) -> Markup:
    """Return the section; of very many tasks the first that began, the rest is counted."""
    line = given.timeline
    if line is None or not line.spans:
        return NOTHING
    end = given.now if line.ended is None else line.ended
    of_task = phases(line, now=given.now)
    last = max([end, *(phase.ended for found in of_task.values() for phase in found)])
    width = max(last - line.started, 0.001)
    began = [span for span in line.spans if of_task[span.task]]
    shown = (began if began and len(line.spans) > _ROWS else line.spans)[:_ROWS]
    rows = [_row(span.task, of_task[span.task], given, line, width) for span in shown]
    left = len(line.spans) - len(shown)
    more = f"and {counted(left, 'more task')}: forkjoin report --format trace" if left > 0 else ""
    return element(
        "section",
        element("h2", "Timeline"),
        element("div", _axis(width), rows, class_="chart"),
        element("p", more, class_="hint") if more else None,
        _legend([phase for span in shown for phase in of_task[span.task]], given.report),
        id="timeline",
    )  # fmt: skip


def lost(report: Report) -> Markup:
    """Return what wall time was lost to, longest first, each with its cause."""
    account = report.account
    if account is None or not account.lost:
        return NOTHING
    most = max(one.seconds for one in account.lost)
    told = [one for one in account.lost if one.seconds >= _NOTABLE_S] or account.lost[:1]
    items = [
        element(
            "li",
            element("span", spoken(one.seconds), class_="seconds"),
            element("svg", element("rect", x=0, y=0, width=f"{100 * one.seconds / max(most, 1e-9):.2f}%", height=8,
                                   rx=4, class_=f"wait-{_slug(one.cause)}"), width="100%", height=8, class_="bar",
                    aria_hidden="true"),
            element("span", one.said.rstrip(": ")),
        )
        for one in sorted(told, key=lambda one: -one.seconds)
    ]  # fmt: skip
    chain = " → ".join(account.critical_path)
    path = element("p", "Critical path: ", chain, class_="hint") if chain else None
    return element(
        "section", element("h2", "Where time was lost"), element("ul", items, class_="lost"), path, id="lost"
    )


def _row(task: TaskId, found: Sequence[Phase], given: Given, line: Timeline, width: float) -> Markup:
    state = next((summary.state for summary in given.report.tasks if summary.id == task), "")
    bars = [_bar(phase, state, line.started, width) for phase in found]
    svg = element("svg", bars, width="100%", height=18, role="img", aria_label=_told(task, found))
    return element(
        "div",
        element("a", f"✗ {task}" if _ending(state) == "bad" and found else task, href=f"#task-{anchor(task)}",
                class_="label", title=task),
        svg,
        class_="row",
    )  # fmt: skip


def _bar(phase: Phase, state: str, began: float, width: float) -> Markup:
    at, wide = 100 * (phase.started - began) / width, 100 * (phase.ended - phase.started) / width
    kind = f"run-{_ending(state)}" if phase.kind == "running" else f"wait-{_slug(phase.cause or 'overhead')}"
    thin = phase.kind != "running"
    return element(
        "rect",
        element("title", _long(phase) + (f"; {phase.detail}" if phase.detail else "")),
        x=f"{max(0.0, min(at, 100 - _THIN)):.3f}%", y=6 if thin else 2, width=f"{max(wide, _THIN):.3f}%",
        height=6 if thin else 14, rx=2 if thin else 3, class_=kind,
    )  # fmt: skip


def _told(task: TaskId, found: Sequence[Phase]) -> str:
    return f"{task}: " + ", ".join(map(_long, found))


def _long(phase: Phase) -> str:
    name = f"waiting ({phase.cause})" if phase.kind == "waiting" else phase.kind
    return f"{name} {spoken(phase.ended - phase.started)}"


def _axis(width: float) -> Markup:
    step = next((tick for tick in _TICKS if width / tick <= _MOST_TICKS), None) or width / _MOST_TICKS
    if width < 1:
        step = width / 4
    ticks, at = list[Markup](), 0.0
    while at <= width * 1.0001:
        x = f"{100 * at / width:.3f}%"
        side = "end" if at > width * 0.9 else "start" if at == 0 else "middle"
        ticks.append(element("text", spoken(at) if at else "0", x=x, y=12, text_anchor=side))
        at += step
    axis = element("svg", ticks, width="100%", height=18)
    return element("div", element("span", class_="label"), axis, class_="row axis", aria_hidden="true")


def _legend(found: Sequence[Phase], report: Report) -> Markup:
    states = {task.state for task in report.tasks}
    items = [("run-good", "ran")] if states & {"completed"} else []
    items += [("run-bad", "✗ ran and did not complete")] if any(_ending(state) == "bad" for state in states) else []
    items += [("run-live", "runs")] if "running" in states else []
    causes = dict.fromkeys(str(phase.cause) for phase in found if phase.cause is not None)
    items += [(f"wait-{_slug(cause)}", _said(cause)) for cause in causes]
    swatches = (
        joined(element("svg", element("rect", width=12, height=12, rx=3, class_=kind), width=12, height=12), f" {name}")
        for kind, name in items
    )
    return element("ul", [element("li", one) for one in swatches], class_="legend", aria_hidden="true")


def _said(cause: str) -> str:
    return cause if cause in ("set-up", "overhead", "retry") else f"waited: {cause}"


def _ending(state: str) -> str:
    if state == "completed":
        return "good"
    return "live" if state in ("running", "starting", "queued", "") else "bad"


def _slug(cause: str) -> str:
    return cause.replace(" ", "-")
