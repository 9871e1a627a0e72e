"""The formats a report comes in: a visible table. A new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from forkjoin.model import to_json
from forkjoin.synthesis.join import limited
from forkjoin.synthesis.markdown import render_markdown
from forkjoin.synthesis.plain import render_json
from forkjoin.synthesis.renderers.github import render_annotations, render_step_summary
from forkjoin.synthesis.renderers.given import Given
from forkjoin.synthesis.renderers.html.page import render_html
from forkjoin.synthesis.renderers.junit import render_junit
from forkjoin.synthesis.renderers.sarif import render_sarif
from forkjoin.synthesis.renderers.trace import render_trace


class Renderer(msgspec.Struct, frozen=True, kw_only=True):
    """How one format is made, and what it is for.

    `most` findings are told where nobody says how many (None: all). One that `folds` is given every finding, and tells
    those of one kind together.
    """

    render: Callable[[Given], str]
    about: str
    most: int | None = None
    folds: bool = False


def _markdown(given: Given) -> str:
    return render_markdown(given.report, limit=len(given.report.findings) if given.most is None else given.most)


def _json(given: Given) -> str:
    return to_json(render_json(given.report)).decode() + "\n"


RENDERERS: Final = MappingProxyType({
    "markdown": Renderer(render=_markdown, most=50, folds=True, about="for people"),
    "json": Renderer(render=_json, about="for programs"),
    "sarif": Renderer(render=render_sarif, about="SARIF 2.1.0, for code scanning"),
    "html": Renderer(render=render_html, most=2_000, about="one page that needs no network"),
    "junit": Renderer(render=render_junit, about="JUnit XML, for CI"),
    "github": Renderer(render=render_annotations, about="GitHub annotations, as workflow commands"),
    "github-summary": Renderer(render=render_step_summary, most=200, folds=True, about="a GitHub step summary"),
    "trace": Renderer(render=render_trace, about="Chrome trace of the run, for Perfetto"),
})  # fmt: skip


def rendered(given: Given, form: str, *, most: int | None = None) -> str:
    """Return the report in that format with at most *most* findings (None: as many as suit it); the rest is counted.

    The same values give the same text. Raises KeyError for a format that is not in the table.
    """
    renderer = RENDERERS[form]
    limit = renderer.most if most is None else most
    report = given.report if renderer.folds else limited(given.report, limit)
    return renderer.render(replace(given, report=report, most=limit))
