"""What heads the page where somebody has to answer, and what several agents made of one task."""

from __future__ import annotations

from collections.abc import Iterator

from forkjoin.model import Comparison, Question, Report
from forkjoin.synthesis.comparing import comparison_rows
from forkjoin.synthesis.renderers.html.element import NOTHING, Markup, anchor, element, worded
from forkjoin.synthesis.words import counted

_QUESTIONS = 100
_ROWS = 60


def questions(report: Report) -> Markup:
    """Return the tasks that rest until somebody answers, each with the command that does."""
    if not report.questions:
        return NOTHING
    left = len(report.questions) - _QUESTIONS
    return element(
        "section",
        element("h2", "Needs your answer"),
        element("ul", [_question(one) for one in report.questions[:_QUESTIONS]], class_="plain"),
        element("p", f"and {counted(left, 'more task')}", class_="hint") if left > 0 else None,
        id="questions",
        class_="asks",
    )


def _question(one: Question) -> Markup:
    return element(
        "li",
        element("a", element("b", one.task), href=f"#task-{anchor(one.task)}"),
        element("span", f" {one.reason}", class_="hint"),
        element("p", worded(one.text)) if one.text else None,
        element("pre", one.command, tabindex=0),
    )


def comparisons(report: Report) -> Markup:
    """Return a table for each task that several agents did: an agent a column, a file a row."""
    if not report.comparisons:
        return NOTHING
    return element("section", element("h2", "Compared"), list(_compared(report)), id="compared")


def _compared(report: Report) -> Iterator[Markup]:
    for one in report.comparisons:
        yield element("h3", one.task, f": {one.description}" if one.description else "")
        yield element("div", _table(one), class_="wide", tabindex=0)
        if commands := [f"forkjoin diff {each.task}" for each in one.alternatives if each.files]:
            yield element("pre", "\n".join(commands), tabindex=0)


def _table(one: Comparison) -> Markup:
    _, *rows = comparison_rows(one)
    head = [
        element("th", element("a", each.agent, href=f"#task-{anchor(each.task)}"), scope="col")
        for each in one.alternatives
    ]
    lines = [
        element("tr", element("th", name, scope="row"), [element("td", cell) for cell in cells])
        for name, *cells in rows[:_ROWS]
    ]
    left = len(rows) - _ROWS
    more = element("tr", element("td", f"and {counted(left, 'more file')}", colspan=len(head) + 1))
    return element(
        "table",
        element("thead", element("tr", element("td", ""), head)),
        element("tbody", lines, more if left > 0 else None),
    )
