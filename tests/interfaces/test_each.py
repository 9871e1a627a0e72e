"""`forkjoin each`, perspectives by `review -a`, and what `agents` lists of them; on real runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
FOUND = '{"title": "weak hash", "severity": "high", "path": "src/b.py", "line": 1, "message": "m"}'
SEES = f"""echo '{{"findings": [{FOUND}]}}'"""


@pytest.fixture
def tree(forkjoin) -> Path:
    """A repository of three folders, one of them with an odd name, and a file that git ignores."""
    for name, text in {
        "src/a/one.py": "x = 1\n" * 50, "src/b/two.py": "y = 2\n", "src/od d; touch pwned/three.py": "z\n" * 20,
        "src/top.py": "t\n", "build/out.txt": "made\n", ".gitignore": "build/\n",
    }.items():  # fmt: skip
        path = forkjoin.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=forkjoin.tree, check=True)
    return forkjoin.tree


def test_a_dry_run_shows_tasks_claims_and_sizes_and_starts_nothing(forkjoin, tree: Path) -> None:
    code, out, _ = forkjoin("each", "-n", "Upgrade {{ dir }}", "--dirs", "src/*")
    assert code == 0
    rows = [line.split() for line in out.splitlines() if "[writes" in line]
    assert [row[1] for row in rows] == ["a", "od-d-touch-pwned", "b"]
    assert "Upgrade src/a  [writes src/a/**]  1 file, 300 bytes" in out
    assert "All 3 tasks are independent." in out
    assert forkjoin.json("ls")["runs"] == []


def test_a_dry_run_for_programs_has_the_shares(forkjoin, tree: Path) -> None:
    said = forkjoin.json("each", "-n", "x", "--dirs", "src/*", "--at-most", "2", "-k", "a or od")
    assert [task["id"] for task in said["tasks"]] == ["a", "od-d-touch-pwned"]
    assert said["shares"][1] == {
        "task": "od-d-touch-pwned", "of": ["src/od d; touch pwned", "src/b"], "files": 2, "bytes": 46,
    }  # fmt: skip


def test_a_shell_line_is_run_in_each_and_nothing_in_a_name_is(forkjoin, tree: Path) -> None:
    run = forkjoin.json("each", "-a", "shell", "wc -l {{ dir }}/*.py", "--dirs", "src/*", "--read-only", "-j", "2")
    assert [task["answer"].split() for task in run["tasks"]] == [
        ["50", "src/a/one.py"], ["20", "src/od", "d;", "touch", "pwned/three.py"], ["1", "src/b/two.py"],
    ]  # fmt: skip
    assert not (tree / "pwned").exists()


def test_writers_change_their_own_folder_and_are_caught_elsewhere(forkjoin, tree: Path) -> None:
    line = "echo new > {{ dir }}/NEW; test {{ dir }} != src/b || echo x > stray"
    run = forkjoin.json("each", "-a", "shell", line, "--dirs", "src/a", "--dirs", "src/b", code=3)
    states = {task["id"]: (task["state"], task["changes"]["files"]) for task in run["tasks"]}
    assert states["a"] == ("completed", ["src/a/NEW"])
    assert states["b"][0] == "failed"
    assert not (tree / "src" / "a" / "NEW").exists()


def test_files_are_fanned_out_and_findings_are_joined(forkjoin, tree: Path) -> None:
    line = f"test -f {{{{ file }}}} && {SEES}"
    run = forkjoin.json("each", "-a", "shell", line, "--files", "src/*/*.py", "--findings", "--read-only")
    assert [task["findings"] for task in run["tasks"]] == [1, 1, 1]
    assert len(forkjoin.json("report")["findings"]) == 1


def test_common_flags_work_as_in_run(forkjoin, tree: Path) -> None:
    base = ("each", "-a", "shell", "--dirs", "src/*", "--read-only")
    code, out, _ = forkjoin(*base, "exit 3", "-x", "-j", "1", "-q")
    assert (code, "skipped" in out) == (4, True)
    code, out, _ = forkjoin(*base, "ls {{ dir }}", "--detach")
    assert code == 0
    assert len(out.splitlines()) == 4
    assert forkjoin("wait", "--timeout", "60s")[0] == 0
    code, _, err = forkjoin(*base, "ls {{ dir }}", "-n", "--save", "saved.yaml")
    assert "saved the plan" in err
    assert forkjoin("run", "-q", "saved.yaml")[0] == 0
    assert [task["id"] for task in forkjoin.json("ls", forkjoin.json("ls")["runs"][0]["run"])["tasks"]] == [
        "a", "od-d-touch-pwned", "b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("x",), 2, "for each of what?; say --dirs"),
        (("x", "--dirs", "src/*", "--files", "*"), 2, "give either --dirs or --files"),
        (("x", "src/a", "src/b", "--dirs", "src/*"), 2, "put the prompt and each glob in quotes"),
        (("x", "--dirs", "scr/*"), 2, "no folder matches 'scr/*'; near ones: src"),
        (("x", "--dirs", "build"), 2, "no folder matches 'build'"),
        (("x {{ file }}", "--dirs", "src/*"), 2, "{{ file }} stands for nothing here"),
        (("x", "--dirs", "src/*", "--at-most", "0"), 2, "at_most is 0"),
        (("x", "--dirs", "src/*"), 7, "say -a shell (PROMPT is a shell line)"),
        (("", "--dirs", "src/*"), 2, "says no work"),
        (("x", "--dirs", "src/*", "-a", "nobody"), 2, "no agent 'nobody'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(forkjoin, tree: Path, argv, code: int, said: str) -> None:
    done = forkjoin("each", *argv)
    assert (done[0], said in done[2]) == (code, True), done
    assert forkjoin.json("ls", "--all")["runs"] == []


def test_outside_git_and_in_an_empty_repository(forkjoin) -> None:
    assert "the tree holds no folder at all" in forkjoin("each", "x", "--dirs", "*")[2]
    (forkjoin.tree / "a").mkdir()
    (forkjoin.tree / "a" / "f").write_text("x")
    assert forkjoin("each", "-a", "shell", "ls {{ dir }}", "--dirs", "*", "-q")[0] == 0


def test_an_agent_reviews_from_perspectives_and_gets_its_brief(forkjoin, tree: Path) -> None:
    (tree / "look.sh").write_text(f'grep -q "^You are a .* engineer" && {SEES}\n')
    run = forkjoin.json("review", "-a", "shell", "-t", "sh look.sh", "-p", "security,testing", "src")
    assert [(task["id"], task["findings"], task["changes"]["files"]) for task in run["tasks"]] == [
        ("security", 1, []), ("testing", 1, []),
    ]  # fmt: skip
    (finding,) = forkjoin.json("report")["findings"]
    assert [source["task"] for source in finding["sources"]] == ["security", "testing"]
    code, out, _ = forkjoin("review", "-n", "-a", "command", "-t", "sh look.sh", "src/a/one.py")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines() if "[writes" in line] == [
        "security", "performance", "testing", "architecture",
    ]  # fmt: skip


def test_a_perspective_of_the_project_is_listed_and_used(forkjoin, tree: Path) -> None:
    folder = tree / ".forkjoin" / "perspectives"
    folder.mkdir(parents=True)
    (folder / "names.md").write_text("---\ndescription: What names hide\n---\nLook at names.\n")
    listed = {one["name"]: one for one in forkjoin.json("agents")["perspectives"]}
    assert listed["names"]["description"] == "What names hide"
    assert Path(listed["names"]["origin"]).samefile(folder / "names.md")
    assert listed["security"]["origin"] == "built in"
    assert "What names hide" in forkjoin("agents")[1]
    assert forkjoin("review", "-q", "-a", "shell", "-t", f"grep -q 'Look at names' && {SEES}", "-p", "names")[0] == 0


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("-p", "secrity"), "no perspective 'secrity'; known: security"),
        (("-p", "secrity", "-a", "shell", "-t", "x"), "no perspective 'secrity'; known: security"),
        (("-a", "shell"), "-a shell needs the program that looks"),
        (("-t", "x"), "the analysers take no line; say who runs it: -a shell"),
        (("-a", "nobody", "-t", "x"), "has its own prompt"),
        (("-a", "command", "-t", "'"), "is no command line"),
    ],
)
def test_a_review_that_cannot_be_is_refused(forkjoin, tree: Path, argv: tuple[str, ...], said: str) -> None:
    code, _, err = forkjoin("review", *argv)
    assert (code, said in err) == (2, True), err


def test_a_perspective_no_analyser_has_needs_an_agent(forkjoin, tree: Path) -> None:
    folder = tree / ".forkjoin" / "perspectives"
    folder.mkdir(parents=True)
    (folder / "names.md").write_text("Look at names.\n")
    assert "no analyser looks from 'names'; name who does: -a AGENT" in forkjoin("review", "-p", "names")[2]


def test_a_saved_plan_of_perspectives_is_the_same_plan(forkjoin, tree: Path) -> None:
    plan = forkjoin.plan(perspectives=["security"], shell=SEES)
    assert forkjoin("run", "-q", plan, "--save", "saved.json")[0] == 0
    saved = json.loads((tree / "saved.json").read_text())
    assert forkjoin("run", "-q", "saved.json", "--save", "again.json")[0] == 0
    assert json.loads((tree / "again.json").read_text()) == saved
    assert saved["tasks"][0]["role"] == "security engineer"
