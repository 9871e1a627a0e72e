"""What people are told: rows that fit, marks that say how it went, and the next step of a refusal."""

from __future__ import annotations

import io
import json
import signal
from pathlib import Path

import pytest

from forkjoin.interfaces.cli.board import Frame, board
from forkjoin.interfaces.cli.listing import command_lines, task_lines
from forkjoin.interfaces.cli.talk import hung
from forkjoin.interfaces.cli.verbs.ls import _run_line, _unlanded_first
from forkjoin.interfaces.cli.verbs.run import standard_input
from forkjoin.interfaces.cli.words import doing
from forkjoin.model import Change, Changes, Task, TaskId, TaskView

pytestmark = pytest.mark.slow
NOW = 1_700_000_062.0


@pytest.mark.parametrize("width", [76, 80, 100, 120])
def test_a_run_is_one_row_of_the_terminal(a_task, a_run, width: int) -> None:
    tasks = [
        a_task(name, state) for name, state in zip("abcd", ("completed", "failed", "running", "queued"), strict=True)
    ]
    view = a_run(tasks, run="20261122-230506-ab12", name="a name of a run that is longer than there is room for it")
    for alone in (True, False):
        row = _run_line(view, alone=alone, width=width)
        assert len(row) <= width
        assert row.startswith("20261122-230506-ab12  ")
        assert ("nobody" in row) == alone
    if width >= 80:
        assert "a name" in row
        assert "running" in row


def test_of_thirty_runs_those_with_unlanded_changes_come_first_and_none_is_nameless(a_task, a_run) -> None:
    changed = Changes(files=(Change(path="a.py", how="modified"),), commit="c" * 40)
    kinds = [
        [a_task("fix", "completed", changes=changed)], [a_task("fix", "completed", changes=changed, landed="b")],
        [a_task("a", "failed")], [a_task("a", "running")], [a_task("true", "completed"), a_task("b"), a_task("c")],
    ]  # fmt: skip
    views = [a_run(kinds[n % 5], run=f"r{n:02}", name="" if n % 5 == 4 else "n") for n in range(30)]
    ordered = _unlanded_first(views)
    assert [view.run for view in ordered[:7]] == ["r00", "r05", "r10", "r15", "r20", "r25", "r01"]
    rows = [_run_line(view, alone=False, width=120) for view in ordered]
    assert all("not landed: fix" in row for row in rows[:6])
    assert not any("not landed" in row for row in rows[6:])
    assert "  true, b and 1 more  " in next(row for row in rows if row.startswith("r04"))


def test_a_row_that_nobody_reads_on_a_terminal_is_whole(a_task, a_run) -> None:
    row = _run_line(a_run([a_task("a", "completed")], name="n" * 32), alone=True, width=0)
    assert "n" * 32 in row
    assert "nobody drives it: forkjoin resume k3f9x2" in row


def test_a_task_is_cut_to_its_row_on_a_terminal_alone(a_task, a_run) -> None:
    view = a_run([a_task("a", "failed", why="because " * 40 + "of 漢字"), a_task("b", "completed")])
    whole, short = task_lines(view.tasks), task_lines(view.tasks, width=60)
    assert whole[0].endswith("because of 漢字")
    assert [len(line) for line in short] == [60, len(whole[1])]
    assert short[0].endswith("…")


def test_a_run_without_an_owner_is_said_to_have_none(forkjoin, ended: str) -> None:
    assert "nobody" not in forkjoin("ls")[1]
    run = forkjoin("run", "--detach", "-a", "shell", "-t", "sleep 60")[1].splitlines()[0]
    assert "nobody" not in forkjoin("ls")[1].splitlines()[0]
    assert forkjoin("stop", "--kill", run)[0] == 0


def test_commands_that_do_not_fit_in_a_line_have_one_each() -> None:
    assert command_lines("Next: ", ["a b", "c d"], 80) == ["Next: a b   c d"]
    assert command_lines("Next: ", ["a" * 40, "b" * 40], 80) == [f"Next: {'a' * 40}", f"      {'b' * 40}"]


def test_only_what_completed_is_ticked(forkjoin, ended: str) -> None:
    lines = forkjoin("todo")[1].splitlines()
    assert [line[:3] for line in lines] == ["[x]", "[!]", "[x]", "[x]"]
    assert lines[1].endswith("(failed)")
    assert {line["status"] for line in forkjoin.json("todo")["todos"]} == {"completed"}


def test_a_declared_order_is_no_conflict(forkjoin) -> None:
    plan = forkjoin.plan(
        {"id": "first", "shell": "true", "writes": []},
        {"id": "then", "shell": "true", "writes": [], "after": ["first"]},
    )
    code, out, _ = forkjoin("check", plan)
    assert code == 0
    assert "conflict" not in out
    assert "out of after" not in out
    assert "order: first before then" in out
    assert forkjoin("check", "--policy", "strict", plan)[0] == 6


@pytest.mark.parametrize("ending", ["yaml", "yml", "json", "JSON"])
def test_a_saved_plan_reads_back_in_the_form_its_name_says(forkjoin, ending: str) -> None:
    name = str(forkjoin.tree.parent / f"saved.{ending}")
    assert forkjoin("run", "-n", "-a", "shell", "-t", "echo 'é: {x}'", "-t", "b", "--save", name)[0] == 0
    text = Path(name).read_text(encoding="utf-8")
    assert text.startswith("{") == (ending.lower() == "json")
    if ending.lower() == "json":
        assert len(json.loads(text)["tasks"]) == 2
    assert "echo 'é: {x}'" in forkjoin("check", name)[1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x.md", "end its name in .yaml or .json"),
        ("x", "end its name in"),
        ("no/such/x.yaml", "there is no folder no/such"),
    ],
)
def test_a_plan_that_cannot_be_saved_there_starts_nothing(forkjoin, name: str, said: str) -> None:
    code, _, err = forkjoin("run", "-a", "shell", "-t", "true", "--save", name)
    assert code == 2
    assert said in err
    assert forkjoin.json("ls")["runs"] == []
    assert not list(forkjoin.tree.iterdir())


def test_a_prompt_without_an_agent_is_told_to_name_one(forkjoin) -> None:
    code, _, err = forkjoin("run", "-t", "echo one")
    assert code == 7
    assert "name one with -a, or say -a shell" in err


def test_shell_is_among_the_agents(forkjoin) -> None:
    names = [line.split()[0] for line in forkjoin("agents")[1].splitlines() if line.startswith("  ")]
    assert names.index("shell") == names.index("command") + 1
    assert "shell" in [agent["name"] for agent in forkjoin.json("agents")["agents"]]


def test_the_lines_of_agents_fit(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert all(len(line) <= 80 for line in forkjoin("agents")[1].splitlines())


def test_a_long_answer_is_shown_to_its_fortieth_line(forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", "seq 1 100")
    out = forkjoin("show", "1")[1]
    assert "\n40\n" in out
    assert "\n41\n" not in out
    assert "… 60 more lines: forkjoin output " in out


def test_a_renamed_file_is_one_in_the_last_column() -> None:
    files = (Change(path="new", how="renamed", was="old"), Change(path="old", how="deleted", became="new"))
    task = Task(id=TaskId("a"), shell="git mv old new")
    view = TaskView(task=task, number=1, state="completed", changes=Changes(files=files, commit="c"))
    assert doing(view) == "1 file changed"


def test_of_a_failure_the_last_lines_are_shown(forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", "seq 1 100; exit 3")
    out = forkjoin("show", "1")[1]
    assert "\n60\n" not in out
    assert "… 60 lines before: forkjoin output " in out
    assert "\n61\n" in out
    assert "\n100\n" in out


def test_what_looks_like_a_run_is_no_task(forkjoin, ended: str) -> None:
    code, _, err = forkjoin("show", "20200101-000000-aaaa")
    assert code == 2
    assert "no run '20200101-000000-aaaa'" in err
    assert "no task 'nope'" in forkjoin("show", "nope")[2]


def test_standard_input_of_a_terminal_is_waited_for_aloud(monkeypatch, capsys) -> None:
    class Typed(io.StringIO):
        buffer = io.BytesIO(b"tasks: []")

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Typed())
    assert standard_input(["-"]) == b"tasks: []"
    assert "Ctrl-D" in capsys.readouterr().err
    assert standard_input(["plan.yaml"]) is None


@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "Ctrl-C again"), (signal.SIGTERM, "SIGTERM again")])
def test_a_stop_says_what_ends_it_now(number: int, said: str) -> None:
    from forkjoin.interfaces.cli.attending import _interrupted

    class Run:
        def stop(self, **_: object) -> None:
            return None

    told: list[str] = []
    show = type("Show", (), {"notice": staticmethod(told.append)})
    _interrupted(Run(), number, "", show)
    assert said in told[0]


def test_a_stream_whose_middle_was_cut_says_so(forkjoin) -> None:
    forkjoin("run", "-q", "-a", "shell", "-t", "yes | head -c 68000000; echo the-end")
    log = forkjoin.json("log", "-n", "0", "1")
    assert log["cut_bytes"] > 0
    assert log["text"].endswith("the-end\n")
    assert log["bytes_before"] > 60_000_000
    assert f"[forkjoin: {log['cut_bytes']} bytes cut here]\n" in forkjoin("log", "-n", "0", "1")[1]
    assert "bytes cut" not in forkjoin("log", "1")[1]
    (full,) = forkjoin.json("output", "--mode", "full", "1")["outputs"]
    assert full["cut_bytes"] == log["cut_bytes"]
    assert "cut from the middle" in forkjoin("output", "--mode", "full", "1")[2]


def test_the_agent_column_is_left_out_where_it_repeats_the_names(a_task, a_run) -> None:
    same = a_run([a_task("shell", "running", began=1, agent="shell")])
    assert "agent" not in board(same, NOW, Frame())[3].plain
    other = a_run([a_task("auth", "running", agent="shell"), a_task("docs", "running", agent="pi")])
    assert "agent" in board(other, NOW, Frame())[3].plain
    assert "agent" not in board(other, NOW, Frame(width=70))[3].plain
    alike = a_run([a_task(name, "running", agent="shell") for name in ("auth", "docs")])
    assert "agent" not in board(alike, NOW, Frame())[3].plain


def test_the_chosen_task_is_described_where_there_is_room(a_task, a_run) -> None:
    view = a_run([a_task(name, "running", began=1, description=f"what {name} does") for name in ("a", "b")])
    for height in (24, 11):
        lines = [line.plain for line in board(view, NOW, Frame(chosen=1, height=height))]
        assert "b: what b does" in lines
        assert len(lines) <= height
        assert sum(line.lstrip(" ▸")[:1] in "12" for line in lines if line.strip(" ▸")) == 2
    assert not any("b: what b does" in line.plain for line in board(view, NOW, Frame(chosen=1, height=9)))


@pytest.mark.parametrize("argv", [("run", "-j", "x", "-t", "a"), ("ls", "--limit", "many")])
def test_what_is_no_number_is_said_in_plain_words(forkjoin, argv: tuple[str, ...]) -> None:
    code, _, err = forkjoin(*argv)
    assert code == 2
    assert "takes a whole number" in err
    assert "Invalid value" not in err


def test_a_long_line_hangs_between_words_on_a_terminal_and_is_whole_elsewhere() -> None:
    said = "conflict: a and b (write-write): both write NOTES.md\n          remedy: narrow one of the two, or join them"
    lines = hung(said, 40)
    assert max(map(len, lines)) <= 40
    assert lines[1] == " " * 10 + "write NOTES.md"
    assert " ".join(" ".join(lines).split()) == " ".join(said.split())
    assert hung(said, 0) == said.split("\n")
    assert hung("", 40) == [""]


def test_what_hangs_hangs_below_what_its_line_says_and_a_name_is_never_broken() -> None:
    path = "services/authentication/hashing/with/a/long/name.py"
    assert hung(f"error: {path}:3: no key 'x'", 40) == ["error:", f"       {path}:3:", "       no key 'x'"]
    lines = hung("      4.14 s  overlap: b paused until a has ended: both changed app.py", 48)
    assert lines == ["      4.14 s  overlap: b paused until a has", " " * 14 + "ended: both changed app.py"]
    assert [len(line) - len(line.lstrip()) for line in hung("wall  " + "word " * 12, 30)] == [0, 6, 6]
    assert [len(line) - len(line.lstrip()) for line in hung("no head " + "word " * 12, 30)] == [0, 2, 2]
