from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from forkjoin.model import Account, Claimed, LostTime, Report, RunId, Task, TaskId, to_json
from forkjoin.synthesis import TaskResult, render_json, render_markdown, report, summary_lines
from forkjoin.testing import a_view

GOLDEN = Path(__file__).parents[1] / "golden" / "reports"
SECTIONS = {"Do next", "Findings", "Disagreements", "Tasks", "Not looked at", "Time", "Notes", "Changed side by side"}
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
EVIL = (
    "# Owned\n## Findings\n---\n- [x](javascript:alert(1))\n![i](http://evil.example/p.png)\n<script>alert(1)</script>\n"
    "```\n~~~\n| a | b |\n| - | - |\n> quote\n</details>&lt;b&gt; **bold** __init__ `code` ``two`` `open"
    "\x1b]0;t\x07\u202e"
)


def result(
    name: str, *claims: Claimed, agent: str = "", state: str = "completed", output: Any = "findings", **given: Any
) -> TaskResult:
    given = {"value": to_json({"findings": claims}) if output == "findings" else b""} | given
    task = Task(id=TaskId(name), description=f"{name} review", task=name, output=output)
    return TaskResult(task=task, agent=agent or name, state=state, **given)


def joined(*results: TaskResult, **given: Any) -> Report:
    beside = {name: given.pop(name) for name in ("account", "not_looked_at") if name in given}
    return report(a_view(**{"run": RunId("r1"), "name": "review"} | given), results, **beside)


def a_review() -> Report:
    """Two analysers and an agent look at one small file; one analyser failed, one task did not start."""
    shell = {"path": "app.py", "perspective": "security"}
    return joined(
        result(
            "ruff-security",
            Claimed(title="Use of `subprocess` with `shell=True`", severity="high", line=3, rule="S602", **shell),
            Claimed(title="Use of `subprocess` with `shell=True`", severity="high", line=9, rule="S602", **shell),
            Claimed(title="Starting a process with a partial path", severity="low", line=3, rule="S607", **shell),
            seconds=0.2,
        ),
        result(
            "bandit",
            Claimed(
                title="subprocess call with shell=True identified", severity="high", line=3, end_line=5, rule="B602",
                confidence="high", evidence="subprocess.run(command, shell=True)",
                remedy="give the arguments as a list, without shell=True", **shell,
            ),
            Claimed(title="Use of assert detected", severity="low", line=20, rule="B101", confidence="high", **shell),
            seconds=3.4,
        ),
        result(
            "auth",
            Claimed(
                title="Shell injection through subprocess with shell=True", severity="critical", line=4,
                message="`command` comes from the request.", remedy="Remove shell=True.", rule="command-injection",
                path="app.py", perspective="security", confidence="medium",
            ),
            agent="claude", answer="One serious hole.\n\n# Details\nSee `app.py`.", seconds=31.0,
        ),
        result("vulture", state="failed", reason="exit: vulture ended with exit code 2", value=b"", seconds=0.4),
        result("docs", state="skipped", reason="the run was stopped", value=b""),
        result("fix", output="text", agent="command", answer="ok", files=2, violations=1, seconds=1.0),
        goal="Make the service safe to expose",
        account=Account(wall_s=31.2, sum_s=36.0, speedup=36.0 / 31.2, critical_path=(TaskId("auth"),),
                        lost=(LostTime(cause="cap", seconds=2.0),)),
        not_looked_at=["JavaScript (3 files): no analyser for it is here"],
        notes=["2 asserts in tests not counted"],
    )  # fmt: skip


def clean_review() -> Report:
    return joined(result("ruff", seconds=0.1), result("bandit", seconds=1.0), name="clean", notes=[])


def empty_review() -> Report:
    return joined(name="empty", not_looked_at=["everything: the folder holds no files"])


def failed_review() -> Report:
    return joined(result("ruff", value=b"oops"), name="failed")


def hostile_review() -> Report:
    claims = [
        Claimed(title=EVIL, message=EVIL, evidence=EVIL, remedy=EVIL, rule=EVIL[:40], path="a|b`c.py\n# x", line=1)
    ]
    return joined(
        result("evil", *claims, agent=EVIL, answer=EVIL + "\n" + "`" * 9 + "\n# Owned", reason=EVIL),
        name=EVIL, goal=EVIL, not_looked_at=[EVIL], notes=[EVIL],
    )  # fmt: skip


REPORTS = {
    "review": a_review, "clean": clean_review, "empty": empty_review, "failed": failed_review,
    "hostile": hostile_review,
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_reads_as_it_did(name):
    made = REPORTS[name]()
    text = render_markdown(made) + "\n---- summary ----\n" + "\n".join(summary_lines(made)) + "\n"
    golden = GOLDEN / f"{name}.md"
    assert text == golden.read_text(encoding="utf-8"), f"if meant, write the new text into {golden}"


def test_the_json_is_the_report_and_carries_the_contracts_number():
    made = render_json(a_review())
    assert made["forkjoin"] == 1
    again = msgspec.convert(json.loads(json.dumps({k: v for k, v in made.items() if k != "forkjoin"})), Report)
    assert again == a_review()


@pytest.mark.parametrize(
    "text", [EVIL, EVIL[::-1], EVIL.replace("\n", " "), "`" * 30, "*" * 30 + "_a_", "1. a", "+ b", "\\"]
)
def test_no_text_of_an_agent_becomes_structure(text):
    made = joined(
        result("t1", Claimed(title=text, message=text, remedy=text, evidence=text, path="a.py", line=1), answer=text),
        result("t2", output="text", agent=text, answer=text, reason=text),
        goal=text, notes=[text], not_looked_at=[text],
    )  # fmt: skip
    tokens = PARSER.parse(render_markdown(made))
    headings = [tokens[n + 1].content for n, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings[0] == "review"
    assert set(headings[1:]) <= SECTIONS
    assert len(headings) == len(set(headings))
    inside = [child for token in tokens for child in token.children or []]
    kinds = {token.type for token in tokens} | {child.type for child in inside}
    assert not kinds & {
        "html_block",
        "html_inline",
        "link_open",
        "image",
        "table_open",
        "hr",
        "blockquote_open",
        "s_open",
    }


def test_escaped_text_shows_as_it_was():
    text = "a*b* _c_ __init__ x_y [l](u) <b> & | ~~s~~ \\ 1. #h `code *x*` end"
    tokens = PARSER.parse(render_markdown(joined(result("t", Claimed(title=text)))))
    (shown,) = [
        t for t in tokens if t.type == "inline" and t.content.startswith("**medium**") and "Fix" not in t.content
    ]
    words = "".join(child.content for child in shown.children if child.type in ("text", "code_inline"))
    assert text.replace("`", "") in words


def test_a_run_that_asked_for_no_findings_does_not_claim_there_are_none():
    made = joined(result("a", output="text", answer="Done."), result("b", output="none"))
    assert "No task was asked for findings." in render_markdown(made)
    mixed = joined(result("a", output="text"), result("b"))
    assert summary_lines(mixed)[0] == "0 findings from 1 of 1 task."


def test_the_rest_beyond_the_limit_is_counted():
    made = joined(
        result("t", *(Claimed(title=f"Thing {n}", path="a.py", line=n * 10, rule=f"X{n:03}") for n in range(1, 8)))
    )
    assert "and 4 more findings, none worse; all are in the JSON report." in render_markdown(made, limit=3)
    assert "and 1 more finding, none worse; all are in the JSON report." in render_markdown(made, limit=6)
    assert "\n7 findings in the JSON report." in render_markdown(made, limit=0)
    assert "JSON report" not in render_markdown(made, limit=7)


def test_of_a_kind_three_stand_in_full_and_the_rest_in_a_line():
    claims = [Claimed(title="Weak hash", path="a.py", line=n * 10, rule="S324") for n in range(1, 16)]
    other = Claimed(title="Old call", path="b.py", line=1, rule="UP001", severity="low")
    made = joined(result("t", *claims, other))
    text = render_markdown(made)
    section = text[text.index("## Findings") : text.index("## Tasks")]
    assert section.count("- **medium**") == 3
    assert "  - and 12 more of this kind: `a.py:40`, `a.py:50`," in section
    assert "`a.py:110` and 4 more [F" in section
    assert "Old call" in section
    assert "JSON report" not in text
    assert "and 1 more finding, none worse" in render_markdown(made, limit=3)


@pytest.mark.parametrize("name", REPORTS)
def test_zero_findings_are_never_said_alone(name):
    for text in (render_markdown(REPORTS[name]()), "\n".join(summary_lines(REPORTS[name]()))):
        assert "Looked at: " in text
        for line in text.split("\n"):
            assert not re.search(r"\b0 findings\b(?! from \d+ of)", line)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("name", REPORTS)
def test_the_summary_fits_the_terminal(name, width):
    lines = summary_lines(REPORTS[name](), width=width)
    assert 1 < len(lines) <= 15
    assert all(len(line) <= width for line in lines)
    assert not any(char in line for line in lines for char in "\x1b\x9b\n\u202e")


def test_wide_letters_count_as_the_terminal_counts_them():
    lines = summary_lines(joined(result("t", Claimed(title="漢字" * 60, path="a.py", line=1))), width=60)
    assert all(sum(2 if "\u4e00" <= char <= "\u9fff" else 1 for char in line) <= 60 for line in lines)


def test_the_top_of_the_markdown_fits_a_screen():
    claims = [Claimed(title=f"Thing {n}", path="a.py", line=n * 10, rule=f"X{n:03}") for n in range(1, 99)]
    text = render_markdown(joined(result("t", *claims), goal="g", not_looked_at=["x: y"]))
    assert text[: text.index("## Findings")].count("\n") <= 24


def test_a_place_is_a_path_and_a_line_that_a_terminal_links():
    assert "`app.py:3`" in render_markdown(a_review())
