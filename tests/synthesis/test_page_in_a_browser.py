"""The page in a browser, where one is installed: no text of somebody runs, no request leaves, our own script works."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from msgspec.structs import replace
from synthesis.browser import CHROMIUM, SWITCHES
from synthesis.hostile import MARK, hostile, payloads
from synthesis.sample import a_report, given

from forkjoin.model import TaskId
from forkjoin.synthesis.renderers import rendered

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """Listen on this machine; yield the address and what was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/leak", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., str]:
    """Return the document as the browser holds it after its scripts have run."""

    def load(text: str, at: str = "") -> str:
        page = tmp_path / "page.html"
        page.write_text(text, encoding="utf-8")
        assert CHROMIUM is not None
        argv = [
            CHROMIUM, *SWITCHES, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000",
            "--dump-dom", f"{page.as_uri()}{at}",
        ]  # fmt: skip
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        assert "</html>" in done.stdout, done.stderr[-2_000:]
        return done.stdout

    return load


def hostile_page(address: str) -> str:
    """Return one page with every payload in every field of a finding, an answer, a log and a diff of its own."""
    whole, parts = given(), [hostile(text) for text in payloads(address)]
    findings, tasks, details = [], [], {}
    for number, part in enumerate(parts):
        task = TaskId(f"t{number}")
        findings.append(replace(part.report.findings[1], id=f"F{number}"))
        tasks.append(replace(part.report.tasks[2], id=task))
        details[task] = part.details[part.report.tasks[2].id]
    report = replace(
        a_report(), findings=tuple(findings), tasks=tuple(tasks), actions=tuple(p.report.actions[0] for p in parts),
        notes=tuple(payloads(address)), name=" ".join(payloads(address)), goal=" ".join(payloads(address)),
    )  # fmt: skip
    return rendered(replace(whole, report=report, details=details), "html")


@pytest.mark.parametrize("policy", ["with its policy", "without"])
def test_no_text_runs_and_nothing_is_asked_for(loaded, policy):
    """The escaping holds by itself: also where the policy, the second wall, is taken away."""
    with listener() as (address, asked):
        text = hostile_page(address)
        if policy == "without":
            text, taken = POLICY.subn("", text)
            assert taken == 1
        document = loaded(text)
    assert not re.search(r"<body[^>]* data-pwned", document)
    assert "<title>PWNED" not in document
    assert 'class="scripted"' in document
    assert asked == []


def test_the_look_out_sees_what_does_run_and_what_is_asked_for(loaded):
    with listener() as (address, asked):
        document = loaded(f"<html><body><img src='{address}'><script>{MARK}</script></body></html>")
    assert re.search(r"<body[^>]* data-pwned", document)
    assert "<title>PWNED" in document
    assert asked == ["/leak"]


def test_the_policy_alone_stops_what_escaping_would_have_let_through(loaded):
    with listener() as (address, asked):
        text = rendered(given(), "html").replace("<main>", f"<main><img src='{address}'><script>{MARK}</script>")
        document = loaded(text)
    assert not re.search(r"<body[^>]* data-pwned", document)
    assert asked == []
    assert 'class="scripted"' in document


def test_a_link_to_a_finding_opens_it_and_only_it(loaded):
    wanted = a_report().findings[1].id
    document = loaded(rendered(given(), "html"), at=f"#{wanted}")
    opened = [tag for tag in re.findall(r"<details[^>]*>", document) if " open" in tag and "finding" in tag]
    assert len(opened) == 1
    assert f'id="{wanted}"' in opened[0]
