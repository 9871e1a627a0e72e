"""The page as somebody uses it, in Chromium: filters are clicked, keys pressed, paper and phones held beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from synthesis.browser import CHROMIUM, DRIVER, Browser, browser
from synthesis.sample import a_report, given, result

from forkjoin.model import Account
from forkjoin.synthesis import report
from forkjoin.synthesis.renderers import rendered
from forkjoin.testing import a_view

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None, reason="no Chromium with its driver here: the page was not clicked"
    ),
]
DESK, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Callable[..., Browser]:
    """Load a page on a screen of a desk: the sample's, or another."""

    def load(text: str = "", **device: object) -> Browser:
        file = tmp_path / "page.html"
        file.write_text(text or rendered(given(), "html"), encoding="utf-8")
        chromium.device(*DESK, **device)
        chromium.open(file)
        return chromium

    return load


def _shown(on: Browser) -> list[str]:
    return on.run("return [...document.querySelectorAll('details.finding')].filter(f => f.offsetParent).map(f => f.id)")


def _said(on: Browser) -> str:
    return on.run("return document.getElementById('shown').textContent")


def _focused(on: Browser) -> str:
    return on.run("return document.activeElement.parentElement.id")


def test_a_click_on_a_severity_hides_its_findings_and_the_next_click_brings_them_back(page):
    on, everything = page(), [finding.id for finding in a_report().findings]
    assert _shown(on) == everything
    on.click(".chip-low")
    assert _shown(on) == [finding.id for finding in a_report().findings if finding.severity != "low"]
    assert _said(on) == "5 of 12 shown"
    on.click(".chip-low")
    assert _shown(on) == everything
    assert _said(on) == ""


def test_findings_of_one_kind_are_a_click_away_and_clear_brings_all_back(page):
    on = page()
    on.click("button.kind")
    assert len(_shown(on)) == 7
    assert on.run("return document.querySelectorAll('details.finding[open]').length") == 0  # the click opened nothing
    on.click("#clear")
    assert len(_shown(on)) == 12


def test_search_path_and_task_narrow_together_and_nothing_left_says_so(page):
    on = page()
    on.press("/", "shell")
    assert len(_shown(on)) == 2
    on.click("#path")
    on.press("billing")
    assert _shown(on) == []
    assert _said(on) == "Nothing fits the filters."
    on.press("escape")
    assert len(_shown(on)) == 12
    assert on.run("return document.getElementById('text').value + document.getElementById('path').value") == ""


def test_the_keyboard_goes_from_finding_to_finding_and_opens_one(page):
    on, ids = page(), [finding.id for finding in a_report().findings]
    on.press("j", "j", "k", "j")
    assert _focused(on) == ids[1]
    on.press("enter")
    assert on.run("return document.activeElement.parentElement.open")
    on.press("tab")
    assert on.run("return document.activeElement.tagName") != "BODY"


def test_a_link_to_a_finding_that_a_filter_hides_shows_it(page):
    on, low = page(), a_report().findings[-1]
    assert low.severity == "low"
    on.click(".chip-low")
    assert low.id not in _shown(on)
    on.run(f"location.hash = '#{low.id}'")
    on.run("return new Promise(done => setTimeout(done, 100))")
    assert low.id in _shown(on)
    assert on.run(f"return document.getElementById('{low.id}').open")


def test_the_log_and_the_diff_of_a_task_open_by_a_click(page):
    on = page()
    on.click("#task-harden-auth > summary")
    on.run("document.querySelectorAll('#task-harden-auth details.fold').forEach(f => f.open = true)")
    said = on.run("return document.getElementById('task-harden-auth').innerText")
    for part in ("hashlib.scrypt", "20 passed in 3.1s", "services/auth/hashing.py"):
        assert part in said
    assert on.run("return document.querySelectorAll('#task-harden-auth .add').length") > 1


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [DESK, PHONE, (320, 568)])
def test_nothing_stands_out_of_the_screen_and_words_can_be_read_on_it(page, size, dark):
    on = page()
    on.device(*size, dark=dark)
    on.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert on.run("return document.documentElement.scrollWidth <= window.innerWidth")
    assert _faint(on) == []


def test_paper_is_white_whatever_the_screen_is(page):
    on = page()
    on.device(794, 1123, dark=True, media="print")
    assert on.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert on.run("return getComputedStyle(document.querySelector('section')).backgroundColor") == "rgb(255, 255, 255)"
    on.run("window.dispatchEvent(new Event('beforeprint'))")
    assert on.run("return [...document.querySelectorAll('details')].every(d => d.open)")
    assert on.run("return document.querySelector('.filters').offsetParent") is None
    assert _faint(on) == []


def test_two_thousand_findings_are_all_there_and_filtered(page):
    whole, sample = a_report(), a_report().findings
    many = [replace(sample[n % len(sample)], id=f"F{n}", line=n + 1) for n in range(2_000)]
    on = page(rendered(given(report=replace(whole, findings=tuple(many), groups=())), "html"))
    assert on.run("return document.querySelectorAll('details.finding').length") == 2_000
    on.click(".chip-low")
    assert _said(on) == f"{sum(one.severity != 'low' for one in many)} of 2000 shown"


def test_without_findings_or_a_timeline_the_page_stands(page):
    view = a_view(name="empty")
    account = Account(wall_s=2.0, sum_s=3.0, speedup=1.5, ideal_s=2.0, critical_path=(), lost=())
    nothing = report(view, [result("ruff"), result("bandit")], account=account)
    on = page(rendered(given(report=nothing, timeline=None, details={}), "html"))
    said = on.run("return document.body.innerText")
    for part in ("No findings.", "from 2 of 2 tasks", "2 of 2 tasks ok"):
        assert part in said
    on.press("/", "j", "escape")  # no key is an error where there is nothing to filter
    assert on.run("return document.documentElement.className") == "scripted"


# Of each text its colour against what is behind it, by the formula of WCAG 2; large or bold text needs 3, other 4.5.
_CONTRAST = """
function light(c) { return c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, at) => sum + v * [.2126, .7152, .0722][at], 0); }
function parts(text) { const p = (text.match(/[\\d.]+/g) || []).map(Number); return p.length < 4 ? [...p, 1] : p; }
function behind(e) {
  for (; e; e = e.parentElement) {
    const c = parts(getComputedStyle(e).backgroundColor);
    if (c[3] > .99) { return c; }
  }
  return [255, 255, 255, 1];
}
const found = [];
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.offsetParent || e.closest('svg')) { continue; }
  const style = getComputedStyle(e), big = parseInt(style.fontWeight) >= 600 || parseFloat(style.fontSize) >= 18;
  const [a, b] = [light(parts(style.color).slice(0, 3)), light(behind(e).slice(0, 3))].sort((x, y) => y - x);
  const ratio = (a + .05) / (b + .05);
  if (ratio < (big ? 3 : 4.5)) { found.push(`${e.tagName}.${e.className} ${e.textContent.slice(0, 30)} ${ratio}`); }
}
return found;
"""


def _faint(on: Browser) -> list[str]:
    """Return the texts that are too faint to be read."""
    return on.run(_CONTRAST)
