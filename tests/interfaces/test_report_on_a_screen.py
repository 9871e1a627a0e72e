"""`forkjoin report` where somebody looks at it: one screen, in words and colour, and where the rest is."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from interfaces.conftest import Door
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console
from synthesis.hostile import payloads
from synthesis.sample import a_report, result

from forkjoin.interfaces.cli.reported import Paper, screen
from forkjoin.interfaces.cli.verbs import report as verb
from forkjoin.model import Report
from forkjoin.synthesis import report, summary_lines
from forkjoin.testing import a_view

MORE = ("All of it: forkjoin report --format markdown | less",)


def _lines(of: Report, columns: int = 80, lines: int = 24) -> list[str]:
    found = screen(of, summary_lines(of, width=columns), MORE, Paper(columns=columns, lines=lines))
    return [line.plain.rstrip() for line in found]


def test_it_reads_like_this(golden: Callable[[str, str], None]) -> None:
    golden("report-screen-80x32.txt", "".join(f"{line}\n" for line in _lines(a_report(), lines=32)))


@pytest.mark.parametrize("lines", [30, 40, 120])
def test_the_rest_of_the_screen_is_for_the_worst_findings(lines: int) -> None:
    whole = a_report()
    many = tuple(replace(whole.findings[n % 12], id=f"F{n}") for n in range(400))
    drawn = _lines(replace(whole, findings=many, left_out=100), lines=lines)
    assert len(drawn) < lines
    shown = sum("services/" in line and line.startswith("  ") for line in drawn[len(summary_lines(whole)) :])
    assert f"  … and {500 - shown:,} more findings, none worse" in drawn


def test_on_a_low_terminal_what_to_do_next_is_all_there_is_room_for() -> None:
    drawn = _lines(a_report(), lines=24)
    assert len(drawn) <= 24
    assert "more findings" not in "".join(drawn)


def test_without_findings_it_says_how_each_task_ended_and_what_it_answered() -> None:
    results = [
        result("good", output="text", answer="Two lines.\nOf it."),
        result("bad", output="text", state="failed", reason="exit code 4: oops"),
    ]
    drawn = _lines(report(a_view(name="two"), results))
    assert [line for line in drawn if line.startswith("  ")] == [
        "  ✗ bad   failed       exit code 4: oops",
        "  ✓ good  completed    Two lines.",
    ]


def test_severities_are_words_and_have_colours_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    drawn = screen(a_report(), summary_lines(a_report()), MORE, Paper(columns=80, lines=40))
    console = Console(file=StringIO(), force_terminal=True, color_system="standard", width=80)
    with console.capture() as captured:
        for line in drawn:
            console.print(line)
    for colour, word in (("1;31", "high"), ("33", "medium"), ("36", "low")):
        assert f"\x1b[{colour}m{word}" in captured.get()
    assert all(cell_len(line.plain) <= 80 for line in drawn)


def test_no_text_of_somebody_steers_the_terminal() -> None:
    whole, evil = a_report(), "\x1b[2J\x1b]0;t\x07\u202e\r\n" + " ".join(payloads("http://x"))
    findings = tuple(replace(one, title=evil, path=evil, rule=evil) for one in whole.findings)
    tasks = tuple(replace(one, answer=evil, reason=evil) for one in whole.tasks)
    for of in (replace(whole, findings=findings, name=evil), replace(whole, findings=(), tasks=tasks, name=evil)):
        for line in _lines(of, columns=120):
            assert not set(line) & set("\x1b\x07\u202e\r\n")
            assert cell_len(line) <= 120


def test_a_terminal_gets_the_screen_and_a_pipe_or_a_named_format_markdown(
    forkjoin: Door, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert forkjoin("report")[1].startswith("# three\n")
    monkeypatch.setattr(verb, "on_terminal", lambda _: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    code, said, _ = forkjoin("report")
    assert code == 0
    assert said.startswith(f"three  run {ended}\n")
    assert "✗ bad" in said
    assert "forkjoin report --format markdown | less" in said
    assert len(said.splitlines()) <= 24
    for argv in (("--format", "markdown"), ("--max-findings", "5"), ("--all",)):
        assert forkjoin("report", *argv)[1].startswith("# three\n")
    assert forkjoin("report", "--json")[1].startswith("{")
