"""What `run` takes: plans, folders, standard input, prompts, and each flag."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
GOOD = {"id": "good", "shell": "echo fine", "writes": []}


def _ids(said) -> list[str]:
    return [task["id"] for task in said["tasks"]]


def test_several_plans_are_one_run_in_the_order_said(forkjoin) -> None:
    plans = [forkjoin.plan({**GOOD, "id": name}, name=f"{name}.json") for name in ("b", "a", "c")]
    assert _ids(forkjoin.json("run", *plans)) == ["b", "a", "c"]


def test_the_same_id_in_two_plans_is_refused_by_name(forkjoin) -> None:
    plans = [forkjoin.plan(GOOD, name=name) for name in ("one.json", "two.json")]
    code, _, err = forkjoin("run", *plans)
    assert code == 2
    assert "good" in err
    assert forkjoin.json("ls")["runs"] == []


def test_a_folder_stands_for_its_markdown_tasks_in_order(forkjoin, tmp_path: Path) -> None:
    folder = tmp_path / "tasks"
    folder.mkdir()
    for name in ("b", "a"):
        (folder / f"{name}.md").write_text(f"---\nid: {name}\nagent: shell\nwrites: []\n---\necho {name}\n")
    (folder / "notes.txt").write_text("no task")
    said = forkjoin.json("run", str(folder))
    assert [(task["id"], task["answer"].strip()) for task in said["tasks"]] == [("a", "a"), ("b", "b")]


def test_a_folder_without_tasks_is_named(forkjoin, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = forkjoin("run", str(tmp_path / "empty"))
    assert code == 2
    assert "holds no Markdown task" in err


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('{"tasks": [{"id": "a", "shell": "true", "writes": []}]}', ["a"]),
        ("tasks:\n  - {id: b, shell: 'true', writes: []}\n", ["b"]),
        ("---\nid: c\nagent: shell\n---\necho c\n", ["c"]),
    ],
)
def test_standard_input_is_json_yaml_or_markdown(forkjoin, text: str, ids: list[str]) -> None:
    done = forkjoin.shell(f"cat <<'END' | forkjoin run --json - | grep '\"id\"'\n{text}\nEND\n")
    assert [line.split('"')[3] for line in done.stdout.splitlines()] == ids


def test_lines_are_prompts_and_blank_ones_are_none(forkjoin, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("echo one\n\n   \necho two\n")
    said = forkjoin.json("run", "-a", "shell", "--lines", str(tmp_path / "lines.txt"))
    assert [task["answer"].strip() for task in said["tasks"]] == ["one", "two"]
    done = forkjoin.shell("printf 'echo three\\n' | forkjoin run -q -a shell --lines -")
    assert done.returncode == 0
    assert forkjoin("output", "1")[1] == "three\n"


@pytest.mark.parametrize(
    "prompt",
    ["echo one", "echo 'a: b # c'", 'echo "x\ty"', "printf 'l1\\nl2\\n'", "echo ünï 検査", "echo ' - [x]: {y}'"],
)
def test_a_saved_plan_runs_as_what_it_was_saved_from(forkjoin, tmp_path: Path, prompt: str) -> None:
    saved = tmp_path / "saved.yaml"
    first = forkjoin.json("run", "-a", "shell", "-t", prompt, "-t", "exit 0", "--save", str(saved))
    again = forkjoin.json("run", str(saved))
    assert [(task["id"], task["answer"]) for task in first["tasks"]] == [
        (task["id"], task["answer"]) for task in again["tasks"]
    ]
    assert saved.read_text() == saved.read_text().replace("\r", "")


def test_a_plan_is_saved_with_what_was_chosen_of_it(forkjoin, tmp_path: Path) -> None:
    plan = forkjoin.plan(GOOD, {**GOOD, "id": "other"})
    assert forkjoin("run", "-n", "-k", "other", "--save", str(tmp_path / "s.yaml"), plan)[0] == 0
    assert _ids(forkjoin.json("check", str(tmp_path / "s.yaml"))) == ["other"]


def test_a_save_into_no_folder_starts_nothing(forkjoin) -> None:
    code, _, err = forkjoin("run", "-a", "shell", "-t", "true", "--save", "no/such/folder/x.yaml")
    assert code != 0
    assert "no/such/folder" in err
    assert forkjoin.json("ls")["runs"] == []


def test_one_at_a_time_is_one_at_a_time(forkjoin) -> None:
    many = [{"id": f"t{n}", "shell": "sleep 0.2", "writes": []} for n in range(3)]
    said = forkjoin.json("run", "-j", "1", forkjoin.plan(*many))
    assert said["account"]["wall_s"] >= 0.6
    assert {task["state"] for task in said["tasks"]} == {"completed"}


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", ""])
def test_a_number_at_a_time_is_a_whole_one_above_nothing(forkjoin, value: str) -> None:
    assert forkjoin("run", "-j", value, "-a", "shell", "-t", "true")[0] == 2
    assert forkjoin.json("ls")["runs"] == []


def test_a_choice_of_nothing_is_an_error_that_lists_the_tasks(forkjoin) -> None:
    code, _, err = forkjoin("run", "-k", "nosuch", forkjoin.plan(GOOD))
    assert code == 2
    assert "nosuch" in err


@pytest.mark.parametrize("expression", ["and", "(a", "a or", "not", "a b"])
def test_a_choice_that_is_no_expression_is_named(forkjoin, expression: str) -> None:
    code, _, err = forkjoin("run", "-k", expression, forkjoin.plan(GOOD))
    assert (code, "Traceback" in err) == (2, False)


def test_quiet_says_nothing_and_verbose_says_starts(forkjoin) -> None:
    plan = forkjoin.plan(GOOD, {**GOOD, "id": "other"})
    assert forkjoin("run", "-q", plan)[2] == ""
    plain, verbose = forkjoin("run", plan)[2], forkjoin("run", "-v", plan)[2]
    assert "starting" not in plain
    for said in (plain, verbose):
        assert "good: completed" in said


@pytest.mark.parametrize("flag", ["--detach", "--attach"])
def test_the_flag_beats_the_surrounding_agent(forkjoin, monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    monkeypatch.setenv("CODEX_SANDBOX", "1")
    code, out, err = forkjoin("run", flag, forkjoin.plan(GOOD))
    assert code == 0
    assert "inside Codex" not in err
    assert ("completed" in out) == (flag == "--attach")
    forkjoin("wait")


@pytest.mark.parametrize(
    ("mark", "name"),
    [("CLAUDECODE", "Claude Code"), ("CODEX_THREAD_ID", "Codex"), ("OPENCODE", "OpenCode"), ("CURSOR_AGENT", "Cursor")],
)
def test_each_surrounding_agent_is_named_once_and_a_dry_run_stays(
    forkjoin, monkeypatch: pytest.MonkeyPatch, mark: str, name: str
) -> None:
    monkeypatch.setenv(mark, "1")
    code, out, err = forkjoin("run", forkjoin.plan(GOOD))
    assert (code, err.count(f"inside {name} without a terminal")) == (0, 1)
    assert out.splitlines()[1].endswith("/good")
    assert forkjoin("wait")[0] == 0
    _, out, err = forkjoin("run", "-n", forkjoin.plan(GOOD))
    assert "ideal speed-up" in out
    assert "inside" not in err
    monkeypatch.setenv(mark, "")
    assert "completed" in forkjoin("run", forkjoin.plan(GOOD))[1]


def test_a_run_inside_a_task_is_refused_with_its_names(forkjoin) -> None:
    inner = f"{forkjoin.program} run -a shell -t true 2>&1; echo code $?"
    plan = forkjoin.plan({"id": "outer", "shell": inner, "writes": []})
    answer = forkjoin.json("run", plan)["tasks"][0]["answer"]
    assert "code 7" in answer
    assert "task outer of run" in answer
    assert len(forkjoin.json("ls")["runs"]) == 1


def test_reading_inside_a_task_is_allowed(forkjoin) -> None:
    plan = forkjoin.plan({"id": "outer", "shell": f"{forkjoin.program} agents; echo code $?", "writes": []})
    assert "code 0" in forkjoin.json("run", plan)["tasks"][0]["answer"]


@pytest.mark.parametrize("verb", ["ls", "show", "wait", "todo", "report", "path"])
def test_every_verb_takes_the_tree_it_is_about(forkjoin, ended: str, verb: str, tmp_path: Path) -> None:
    here = forkjoin(verb)[1]
    (tmp_path / "elsewhere").mkdir()
    there = forkjoin(verb, "-C", str(tmp_path / "elsewhere"))
    assert here
    assert there[1] != here
    assert forkjoin(verb, "-C", str(forkjoin.tree))[0] in (0, 3)
    file = tmp_path / "a-file"
    file.touch()
    code, _, err = forkjoin(verb, "-C", str(file))
    assert (code, "is no folder" in err) == (2, True)


def test_a_dry_run_says_what_would_keep_it_from_starting_and_ends_so_where_the_plan_is_wrong(forkjoin) -> None:
    two = [{"id": name, "shell": "true", "writes": ["a.txt"]} for name in ("one", "two")]
    code, out, err = forkjoin("run", "-n", "--policy", "strict", forkjoin.plan(*two))
    assert (code, "2 tasks, policy strict" in out) == (6, True)
    assert "policy is strict, nothing was started" in err
    code, out, _ = forkjoin("run", "-n", "--json", "--policy", "strict", forkjoin.plan(*two))
    said = json.loads(out)
    assert (code, said["exit"], said["refused"]["word"]) == (6, "not-independent", "not-independent")


def test_a_dry_run_names_a_branch_in_the_way(forkjoin) -> None:
    plan = forkjoin.plan({"id": "one", "shell": "true"})
    made = "git init -q && git -c user.name=A -c user.email=a@example.org commit -q --allow-empty -m x"
    done = forkjoin.shell(f"{made} && git branch -m forkjoin && forkjoin run -n {plan}")
    assert (done.returncode, "the branch forkjoin is in the way" in done.stderr) == (2, True)


def test_a_dry_run_only_says_what_cannot_be_here(forkjoin) -> None:
    plan = forkjoin.plan({**GOOD, "id": "one"})
    looked = forkjoin.shell(f"FORKJOIN_DEPTH=1 forkjoin run -n {plan}")
    assert (looked.returncode, "one" in looked.stdout) == (0, True)
    assert "note: it would not start here: " in looked.stderr
    real = forkjoin.shell(f"FORKJOIN_DEPTH=1 forkjoin run {plan}")
    assert real.returncode == 7
    assert real.stderr.splitlines()[-1].removeprefix("error: ") in looked.stderr
