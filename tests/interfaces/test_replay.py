"""`run --demo` and `run -a replay`: recordings from the command line."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_the_demo_needs_nothing_but_us(forkjoin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    code, out, err = forkjoin("run", "--demo", "--speed", "0")
    assert code == 0, err
    assert "Looked at: 5 of 5 tasks ok." in out
    assert "Note: recorded: this replays run" in out
    assert "(recorded)" in err
    assert "(recorded)" in forkjoin("ls")[1]
    assert "(recorded)" in forkjoin("show")[1]
    assert "(recorded)" in forkjoin("report")[1].splitlines()[0]
    assert list(forkjoin.tree.iterdir()) == []


def test_a_run_and_its_bundle_play_alike_detached_too(forkjoin) -> None:
    plan = forkjoin.plan({"id": "a", "shell": "echo hello", "writes": []}, {"id": "b", "shell": "exit 4", "writes": []})
    run = forkjoin.json("run", plan, code=3)["run"]
    assert forkjoin("export", "--bundle", "run.tar.zst")[0] == 0
    for source in (run, "run.tar.zst"):
        played = forkjoin.json("run", "-a", "replay", "--from", source, "--speed", "0", code=3)
        assert [(task["state"], task["answer"]) for task in played["tasks"]] == [
            ("completed", "hello\n"), ("failed", ""),
        ]  # fmt: skip
    assert forkjoin("run", "--detach", "-a", "replay", "--from", "run.tar.zst")[0] == 0
    assert forkjoin("wait")[0] == 3
    assert forkjoin("output", "a")[1] == "hello\n"


def test_what_cannot_be_meant_is_said(forkjoin) -> None:
    code, _, err = forkjoin("run", "-a", "replay")
    assert (code, "name it: --from RUN" in err) == (2, True)
    code, _, err = forkjoin("run", "--demo", "-t", "x")
    assert (code, "as it was recorded" in err) == (2, True)
    assert forkjoin("run", "-a", "replay", "--from", "nothing")[0] == 2
    assert forkjoin("run", "-a", "replay", "--from", "nothing.tar.gz")[0] == 2
    assert forkjoin("run", "--demo", "--speed", "-1")[0] == 2


def test_a_dry_run_of_a_recording_starts_nothing(forkjoin) -> None:
    assert "the little shop (recorded): 5 tasks" in forkjoin("run", "--demo", "-n")[1]
    assert forkjoin.json("ls")["runs"] == []


def test_the_verbs_that_do_something_say_that_a_bundle_can_only_be_read(forkjoin) -> None:
    plan = forkjoin.plan({"id": "a", "shell": "echo hello", "writes": []})
    assert forkjoin("run", "-q", plan)[0] == 0
    assert forkjoin("export", "--bundle", "run.tar.gz")[0] == 0
    for words in (
        "stop", "retry", "retry --force", "resume", "resume --detach", "watch", "land", "land -n",
        "rm", "rm -n", "rm --discard", "path", "path {}/a", "send {}/a more",
    ):  # fmt: skip
        verb, *more = words.format("run.tar.gz").split()
        given = more if any("run.tar.gz" in word for word in more) else [*more, "run.tar.gz"]
        code, out, err = forkjoin(verb, *given)
        assert (code, out, "run.tar.gz: is a bundle, which can only be read" in err) == (2, "", True), (words, out, err)
    for verb in ("show", "report", "explain", "log", "diff", "ls", "todo", "wait"):
        assert forkjoin(verb, "run.tar.gz")[0] == 0, verb
    assert forkjoin("output", "run.tar.gz/a")[1] == "hello\n"
