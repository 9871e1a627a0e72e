"""The page: nothing that somebody wrote becomes HTML, style or script of it, and nothing is loaded."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace
from synthesis.hostile import hostile, payloads
from synthesis.sample import a_report, claim, given, result

from forkjoin.model import Claimed, LostTime, Span, TaskId, Timeline
from forkjoin.synthesis import report
from forkjoin.synthesis.renderers import Detail, Given, rendered
from forkjoin.synthesis.renderers.html.element import Markup, anchor, element, worded
from forkjoin.testing import a_view

TAGS = set(
    """
    html head meta title style script body header main footer section nav h1 h2 h3 p a b ul ol li dl dt dd div span code
    pre details summary svg rect text button input select option kbd
    """.split()  # noqa: SIM905 - a list of 38 quoted words reads worse
)
LEADING = ("href", "src", "action", "formaction", "data", "poster", "srcset", "ping", "background", "xlink:href")


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "input"):
            self.open.append(tag)
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.inside:
            self.inside[self.open[-1]][-1] += data
        else:
            self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")

    def of(self, tag: str, name: str) -> list[str]:
        return [value for t, n, value in self.attributes if (t, n) == (tag, name)]


def checked(text: str) -> Page:
    """Return the page, having looked that it is closed, loads nothing and runs nothing but its own."""
    page = Page(text)
    assert page.tags <= TAGS
    assert [len(page.inside[tag]) for tag in ("script", "style")] == [1, 1]
    policy = page.of("meta", "content")[0]
    for tag in ("script", "style"):
        assert f"{tag}-src 'sha256-{b64encode(sha256(page.inside[tag][0].encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name, value)
        assert name != "style", (tag, value)
        assert name not in LEADING or re.fullmatch(r"#[\w.-]*", value), (tag, name, value)
    assert "url(" not in page.inside["style"][0]
    assert "@import" not in page.inside["style"][0]
    return page


def test_the_page_is_whole_and_loads_nothing():
    page = checked(rendered(given(), "html"))
    assert page.inside["title"][0] == "harden: report"
    said = " ".join(page.words)
    for words in ("6 of 9", "Looked at:", "Shell injection: the recipient reaches a shell", "Changed side by side"):
        assert words in said


def test_there_are_a_hundred_payloads():
    assert len(set(payloads())) >= 100


@pytest.mark.parametrize("number", range(len(payloads())))
def test_a_hostile_text_in_every_field_stays_text(number):
    text = payloads()[number]
    page = checked(rendered(hostile(text), "html"))
    ours = Page(rendered(given(), "html"))
    assert page.inside["script"] == ours.inside["script"]
    assert page.inside["style"] == ours.inside["style"]


def test_both_sides_of_a_dispute_stand_in_the_page():
    said = " ".join(Page(rendered(given(), "html")).words)
    assert "Advice differs" in said
    assert 'claude: "Remove the loop."' in said
    assert 'codex: "Keep it: it guards a race with the session store."' in said
    assert "Severities differ" in said


def test_every_finding_and_witness_is_in_the_page_and_every_link_leads_somewhere():
    page = Page(rendered(given(), "html"))
    ids = {value for _, name, value in page.attributes if name == "id"}
    assert {finding.id for finding in a_report().findings} <= ids
    assert {f"task-{task.id}" for task in a_report().tasks} <= ids
    assert {href[1:] for href in page.of("a", "href")} <= ids


def test_ids_are_all_different():
    page = Page(rendered(given(), "html"))
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_without_a_script_all_is_there_and_what_needs_it_is_not_shown():
    text = rendered(given(), "html")
    assert ".js{display:none}" in text
    assert 'class="filters js"' in text
    assert "[hidden]" not in text.split("</style>")[1]


def many(count: int, **given_: object) -> Given:
    claims = [
        Claimed(
            title=f"Thing {n} of `{n % 7}`",
            severity="low",
            path=f"src/p{n % 400}.py",
            line=n * 5 + 1,
            rule=f"R{n % 90}",
            message="It goes wrong in a way that takes a sentence to say, more or less. " * 3,
            evidence="x = f(y)",
            remedy="Do it in another way.",
        )
        for n in range(count)
    ]
    return Given(report=report(a_view(), [result("claude", *claims)]), **given_)


def test_ten_thousand_findings_make_a_page_that_can_be_used():
    text = rendered(many(10_000), "html")
    assert len(text.encode()) < 3_000_000
    assert "8,000 more findings, none worse" in text
    everything = rendered(many(10_000), "html", most=10**9)
    assert len(everything.encode()) < 3_000_000
    assert re.search(r"[\d,]+ more findings, none worse", everything)


def test_ten_thousand_tasks_with_much_output_make_a_page_that_can_be_used():
    names = [TaskId(f"t{n}") for n in range(10_000)]
    results = [result(name, output="text", answer="words " * 700, state="failed" if n == 9_999 else "completed")
               for n, name in enumerate(names)]  # fmt: skip
    spans = tuple(Span(task=name, ready=0.0, launched=0.0, started=1.0, ended=2.0) for name in names)
    the = Given(
        report=report(a_view(), results), timeline=Timeline(started=0.0, ended=3.0, spans=spans),
        details={name: Detail(log="log\n" * 2_000, diff="+line\n" * 9_000) for name in names},
    )  # fmt: skip
    text = rendered(the, "html")
    assert len(text.encode()) < 3_000_000
    assert 'id="task-t9999"' in text
    assert "and 9,600 more tasks that completed" in text
    assert "and 9,880 more tasks: forkjoin report --format trace" in text


def test_an_empty_report_a_clean_one_and_one_without_findings_asked_for_say_what_they_are():
    empty = Given(report=report(a_view(), [], not_looked_at=["everything: the folder holds no files"]))
    assert "the folder holds no files" in rendered(empty, "html")
    clean = rendered(Given(report=report(a_view(), [result("ruff")])), "html")
    assert "No findings." in clean
    assert "from 1 of 1 task" in clean
    asked = rendered(Given(report=report(a_view(), [result("x", output="text", answer="ok")])), "html")
    assert "No task was asked for findings." in asked


def test_a_finding_in_another_task_with_the_same_words_keeps_its_place():
    page = Page(rendered(Given(report=report(a_view(), [result("ruff", claim("T", "low", "a b/é.py", 3))])), "html"))
    assert "a b/é.py:3" in page.words


@pytest.mark.parametrize("width", [0.0, 0.4, 3.0, 59.0, 3_601.0, 200_000.0])
def test_the_axis_has_few_ticks_whatever_the_length(width):
    line = Timeline(started=5.0, ended=5.0 + width, spans=(Span(task=TaskId("a"), ready=5.0, launched=5.0, started=5.0,
                                                               ended=5.0 + width),))  # fmt: skip
    text = rendered(given(timeline=line), "html")
    assert 1 <= text.count("<text ") <= 8


def test_what_was_lost_to_nothing_is_drawn_too():
    the = a_report()
    account = replace(the.account, lost=(LostTime(cause="cap", seconds=0.0),))
    checked(rendered(given(report=replace(the, account=account)), "html"))


class TestElements:
    def test_text_is_escaped_and_markup_is_not(self):
        assert element("p", "<b>", element("b", "&")) == "<p>&lt;b&gt;<b>&amp;</b></p>"
        assert element("p", title="\"'<") == '<p title="&quot;&#x27;&lt;"></p>'

    @pytest.mark.parametrize(
        "attribute", [{"onclick": "x"}, {"style": "x"}, {"href": "http://x"}, {"src": "x"}, {"href": "//x"}]
    )
    def test_an_attribute_that_runs_or_leads_away_is_refused(self, attribute):
        with pytest.raises(ValueError, match="the page has no attribute"):
            element("a", **attribute)

    def test_what_is_between_backticks_is_code(self):
        assert worded("a `b<` ``c`` `d") == "a <code>b&lt;</code> ``c`` `d"
        assert isinstance(worded("a"), Markup)

    def test_an_anchor_holds_nothing_special(self):
        assert re.fullmatch(r"[\w.-]*", anchor("a b\"'<>#&/é\n"))
