"""Landing reads no more than it must, and what goes wrong at its edges is told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from landing.desk import Desk, LandAsk, branch_of, landed, left, shell

from forkjoin.engine import resolving, settings_from
from forkjoin.engine.attempts.overlapping import Overlaps
from forkjoin.engine.landing import export_patches, land, suspecting
from forkjoin.engine.resolving import land_and_resolve
from forkjoin.errors import CannotHere, NoRoom, RunOwned
from forkjoin.model import Place, Task, TaskId
from forkjoin.testing import FakeDialect
from forkjoin.workspaces import changes
from forkjoin.workspaces.git import Git
from forkjoin.workspaces.landing import patches, replay
from forkjoin.workspaces.landing.passing import passing_commit


def test_what_is_too_big_to_be_looked_through_is_counted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run = desk.run(shell("a", "echo 'def new(): pass' >> app.py"), shell("b", "echo 'new()' > use.py; touch empty"))
    monkeypatch.setattr(suspecting, "_LARGEST", 40)
    made = run.land(LandAsk(dry_run=True))
    assert made.notes == ("a Python file was too big or too many to be looked through for changes that may not fit",)
    monkeypatch.setattr(suspecting, "_TOTAL", 0)
    assert "2 Python files were" in run.land(LandAsk(dry_run=True)).notes[0]


def test_both_sides_of_a_big_file_are_not_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run = desk.run(shell("de", "sed -i s/two/zwei/ notes.txt"), shell("fr", "sed -i s/two/deux/ notes.txt"))
    assert "zwei" in run.land(LandAsk(dry_run=True)).left_out[0].files[0].text
    monkeypatch.setattr(replay, "_MOST", 10)
    made = run.land(LandAsk(dry_run=True))
    assert left(made) == {"fr": "conflict"}
    assert (made.left_out[0].files[0].path, made.left_out[0].files[0].text) == ("notes.txt", "")


def test_a_file_too_big_for_a_patch_is_named_before_any_is_written(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = desk.run(shell("a", "echo 0123456789 > 'b ig'"))
    monkeypatch.setattr(patches, "LARGEST", 10)
    with pytest.raises(CannotHere, match=r"b ig: too big for a patch.*forkjoin land"):
        export_patches(run, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))
    assert landed(run.land(LandAsk())) == ["a"]


def test_nobody_else_lands_a_run_while_its_conflicts_are_resolved(desk: Desk) -> None:
    run = desk.run(shell("one", "echo one >> notes.txt"), shell("two", "echo two >> notes.txt"))
    refused = []

    def say(line: str) -> None:
        if line.startswith("resolving two"):
            with pytest.raises(RunOwned) as caught:
                run.land(LandAsk())
            refused.append(caught.value)

    settings = settings_from(os.environ, desk.tree)
    made = land_and_resolve(run, LandAsk(), agent="same", settings=settings, say=say)
    assert (len(refused), landed(made)) == (1, ["one", "two"])
    assert run.land(LandAsk()).before == ("one", "two")


def test_who_is_not_here_to_resolve_is_said_before_anything_is_landed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = desk.run(shell("one", "echo one >> notes.txt"), shell("two", "echo two >> notes.txt"))
    settings = settings_from(os.environ, desk.tree)
    monkeypatch.setattr(resolving, "dialect", lambda name: FakeDialect(name=name, found=False))
    with pytest.raises(CannotHere, match="claude is not here; install claude"):
        land_and_resolve(run, LandAsk(), agent="claude", settings=settings, say=print)
    assert desk.git("branch", "--list", branch_of(run)) == ""


def test_what_was_landed_is_told_though_a_conflict_could_not_be_resolved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = desk.run(shell("one", "echo one >> notes.txt"), shell("two", "echo two >> notes.txt"))

    def launch(*_: object, **__: object) -> None:
        raise NoRoom("no room for one more run")

    monkeypatch.setattr(resolving, "launch", launch)
    made = land_and_resolve(run, LandAsk(), agent="same", settings=settings_from(os.environ, desk.tree), say=print)
    assert (landed(made), left(made)) == (["one"], {"two": "conflict"})
    assert made.left_out[0].reason.endswith("; resolving it could not be tried: no room for one more run")
    assert desk.subjects(branch_of(run)) == ["Do one"]


def test_what_was_not_saved_is_asked_for_once_however_many_do_not_merge(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = desk.run(*(shell(f"t{n}", f"echo {n} >> notes.txt") for n in range(4)))
    asked: list[str] = []

    def unsaved(*_: object) -> frozenset[str]:
        asked.append("asked")
        return frozenset()

    monkeypatch.setattr(land, "unsaved", unsaved)
    made = run.land(LandAsk(dry_run=True))
    assert (len(left(made)), asked) == (3, ["asked"])


def test_a_look_for_overlaps_that_goes_wrong_is_followed_by_the_next() -> None:
    looks = []

    class Broken:
        def submit(self, job) -> None:
            job()

        def changed(self, task: Task, place: Place) -> frozenset[str]:
            looks.append(task.id)
            raise ValueError(f"odd: {task.id}")

    place = Place(kind="clone", root="/", cwd="/", level="audited")
    living = [(Task(id=TaskId(name), task="x"), 1, place) for name in "ab"]
    overlaps = Overlaps(Broken(), Broken(), lambda _: living, then="note")
    for _ in range(2):
        overlaps._due = 0.0
        assert list(overlaps.look()) == []
    assert looks == ["a", "b", "a", "b"]


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_a_commit_written_by_hand_is_as_git_makes_it(tmp_path: Path, form: str) -> None:
    def git(*words: str, **environ: str) -> str:
        line = ("git", "-C", str(tmp_path), *words)
        return subprocess.run(line, capture_output=True, text=True, check=True, env=os.environ | environ).stdout.strip()

    git("init", "-q", f"--object-format={form}")
    who = {f"GIT_{who}_{what}": said for who in ("AUTHOR", "COMMITTER") for what, said in
           (("NAME", "forkjoin"), ("EMAIL", "forkjoin@localhost"), ("DATE", "@4000000000 +0000"))}  # fmt: skip
    tree = git("mktree")
    first = passing_commit(tmp_path / ".git/objects", tree, ())
    assert first == git("commit-tree", tree, "-m", "passing", **who)
    second = passing_commit(tmp_path / ".git/objects", tree, (first, first))
    assert passing_commit(tmp_path / ".git/objects", tree, (first, first)) == second
    assert git("rev-list", "--parents", second).split("\n")[0] == f"{second} {first} {first}"
    assert git("fsck", "--strict", "--no-dangling") == ""


def test_big_files_that_both_changed_are_a_conflict_without_a_look_at_their_lines(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("b ig", "0123456789\n" * 9)
    desk.commit("Big")
    monkeypatch.setattr(changes, "LARGEST", 50)
    de, fr = (
        "sed -i '1s/0/de/' 'b ig'; sed -i s/two/zwei/ notes.txt",
        "sed -i '9s/0/fr/' 'b ig'; sed -i s/two/deux/ notes.txt",
    )
    run = desk.run(
        shell("de", de), shell("fr", fr), shell("same", de), shell("only", "sed -i '9s/0/x/' 'b ig'", after=["de"]),
        shell("both", "true", after=["de", "fr"]), shell("gone", "rm 'b ig'"),
    )  # fmt: skip
    assert {task.id: task.state for task in run.view().tasks}["both"] == "blocked"
    made = run.land(LandAsk())
    assert landed(made) == ["de", "same", "only"]
    assert left(made) == {"fr": "conflict", "both": "state", "gone": "conflict"}
    (fr_left,) = (one for one in made.left_out if one.task == "fr")
    assert [(file.path, file.how, file.beside) for file in fr_left.files] == [
        ("b ig", "over 128 MiB, changed on both sides", ("de",)),
        ("notes.txt", "contents", ("de",)),
    ]


def test_a_landing_looks_no_further_back_than_what_its_tasks_stand_on(desk: Desk) -> None:
    oldest = desk.git("rev-parse", "HEAD").strip()
    for name in ("later", "latest"):
        desk.write("app.py", f"{name} = 1\n")
        desk.commit(name)
    run = desk.run(shell("one", "echo one > one.txt"), shell("two", "echo two > two.txt"))
    hidden = desk.tree / ".git/objects" / oldest[:2] / oldest[2:]
    hidden.rename(desk.tree.parent / "hidden")
    assert landed(run.land(LandAsk(dry_run=True))) == ["one", "two"]
    (desk.tree.parent / "hidden").rename(hidden)
    assert landed(run.land(LandAsk())) == ["one", "two"]


def test_a_git_that_fails_is_named_by_its_command_not_by_our_settings(desk: Desk) -> None:
    git = Git(folder=desk.tree, environ=dict(os.environ))
    with pytest.raises(CannotHere, match=r"^git rev-parse failed in "):
        git.out("-c", "core.fsync=none", "rev-parse", "no-such")
