"""The end of a run: the summary is true, and each command it names is run here and works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
GOOD = {"id": "good", "shell": "echo fine", "writes": []}
BAD = {"id": "bad", "shell": "echo why >&2; exit 1", "writes": []}
WRITER = {"id": "writer", "shell": "echo x > made.txt", "writes": ["made.txt"]}


def _named(text: str) -> list[str]:
    """Return the commands that a text names."""
    return [part.strip() for part in re.findall(r"forkjoin ([^;\n]*?)(?=   |;|\n|\)|$)", text)]


@pytest.mark.parametrize(
    ("tasks", "last"),
    [
        ([GOOD], "output good"),
        ([GOOD, BAD], "log bad"),
        ([BAD, GOOD], "log bad"),
        ([WRITER, GOOD], "diff writer"),
        ([{"id": "lint", "agent": "static", "task": "ruff-correctness", "writes": []}], "show"),
    ],
)
def test_each_next_command_works(forkjoin, tasks, last: str) -> None:
    _, _, err = forkjoin("run", forkjoin.plan(*tasks))
    named = _named(err.partition("Next: ")[2])
    assert named[:2] == ["report", "show"]
    assert named[-1] == last
    for command in named:
        code, shown, _ = forkjoin(*command.split())
        assert code == 0
        assert shown or command.startswith("log")


@pytest.mark.parametrize("before", [True, False], ids=["after another run here", "without a run here"])
def test_the_next_commands_of_a_run_elsewhere_name_it(forkjoin, tmp_path: Path, before: bool) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "app.py").write_text("import os\n")
    if before:
        forkjoin("run", "-q", "-a", "shell", "-t", "true")
    for argv in (("run", "-C", str(other), forkjoin.plan(GOOD, BAD)), ("review", "-p", "correctness", str(other))):
        code, _, err = forkjoin(*argv)
        assert code in (0, 3)
        named = _named("   ".join(err.partition("Next: ")[2].splitlines()))
        newest = forkjoin.json("ls", "--all")["runs"][0]["run"]
        assert len(named) >= 2
        for command in named:
            assert newest in command
            assert forkjoin(*command.split())[0] == 0


def test_the_commands_of_show_work(forkjoin, ended: str) -> None:
    for name in ("", "good", "bad", "writer"):
        shown = forkjoin("show", *filter(None, [name]))[1]
        named = re.split(r"\s{2,}", shown.rpartition("next: ")[2].strip())
        assert named
        for command in named:
            assert ended in command
            assert forkjoin(*command.split()[1:])[0] == 0, command
            forkjoin("wait")


def test_the_commands_of_a_detached_run_work_and_keep_what_to_fail_on(forkjoin) -> None:
    (forkjoin.tree / "app.py").write_text("import os\n")
    plan = forkjoin.plan({"id": "lint", "agent": "static", "task": "ruff-correctness", "writes": []})
    code, out, err = forkjoin("run", "--detach", "--fail-on", "info", plan)
    run = out.splitlines()[0]
    assert code == 0
    watch, wait = _named(err)
    assert (watch, wait) == (f"watch --fail-on info {run}", f"wait {run}")
    assert forkjoin(*wait.split())[0] == 0
    assert forkjoin(*watch.split())[0] == 1


def test_what_did_not_complete_is_shown_first_where_there_is_much(forkjoin) -> None:
    many = [{"id": f"t{n}", "shell": "true" if n != 7 else "exit 9", "writes": []} for n in range(20)]
    code, out, _ = forkjoin("run", forkjoin.plan(*many))
    lines = [line for line in out.splitlines() if re.match(r" +\d+  t", line)]
    assert code == 3
    assert len(lines) == 1
    assert "t7" in lines[0]
    assert "19 of 20 tasks ok" in out


def test_more_failures_than_fit_are_counted_and_the_rest_named(forkjoin) -> None:
    many = [{"id": f"t{n}", "shell": "exit 9", "writes": []} for n in range(15)]
    code, out, _ = forkjoin("run", forkjoin.plan(*many))
    assert code == 4
    assert len(re.findall(r"exit code 9", out)) == 12
    (more,) = re.findall(r"… 3 more did not complete: forkjoin (show \S+)", out)
    assert forkjoin(*more.split())[1].count("exit code 9") == 15


def test_a_line_is_cut_for_a_terminal_and_whole_in_a_file(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    plan = forkjoin.plan({"id": "long", "shell": f"echo {'x' * 300} >&2; exit 1", "writes": []}, GOOD)
    out = forkjoin("run", plan)[1]
    assert "x" * 150 in out
    monkeypatch.setattr("forkjoin.interfaces.cli.talk.on_terminal", lambda _: True)
    rows = [line for line in forkjoin("show")[1].splitlines() if re.match(r" +\d+  ", line)]
    assert max(map(len, rows)) == 60


def test_a_name_of_many_lines_is_one_line_everywhere(forkjoin) -> None:
    task = {"id": "a", "description": "one\ntwo\x1b[31m three", "shell": "true", "writes": []}
    plan = forkjoin.plan(task, name="p.json", goal="g1\ng2")
    Path(plan).write_text(Path(plan).read_text().replace('{"tasks"', '{"name": "n1\\nn2\\u001b[2J", "tasks"'))
    _, _, err = forkjoin("run", plan)
    assert "(n1 n2)" in err.splitlines()[0]
    assert "[x] one two three" in forkjoin("todo")[1]
    assert len(forkjoin("ls")[1].splitlines()) == 1
    assert forkjoin("check", plan)[1].splitlines()[0] == "n1 n2: 1 task, policy isolate"
    assert "goal: g1 g2" in forkjoin("show")[1]
    assert "\x1b" not in forkjoin("show", "a")[1]


def test_a_review_says_what_to_do_about_agents_only_to_people(forkjoin) -> None:
    (forkjoin.tree / "app.py").write_text("x = 1\n")
    for flags in (("-q",), ("--json",), ("--jsonl",), ("-n",)):
        assert "agent" not in forkjoin("review", "-p", "correctness", *flags)[2]
    assert "agent" in forkjoin("review", "-p", "correctness")[2].splitlines()[-1]


def test_the_review_of_nothing_says_so(forkjoin) -> None:
    code, out, err = forkjoin("review", ".")
    assert code == 0
    assert "Not looked at" in out
    assert "Traceback" not in err
