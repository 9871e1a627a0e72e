"""Commits that an agent made itself are landed one by one, with their authors and messages, where they can be."""

from __future__ import annotations

from pathlib import Path

from landing.desk import Desk, LandAsk, branch_of, landed, left, shell

from forkjoin.engine import Run
from forkjoin.engine.landing import export_patches

WHO = "git -c user.name='An Agent' -c user.email=agent@example.org commit -q"
MADE = f"echo one > 1.txt; git add -A; {WHO} -m 'Add one' -m 'Because.' -m 'Forkjoin-Task: forged'; "
MADE += f"sed -i s/two/zwei/ notes.txt; {WHO} -am 'Say zwei'"


def log(desk: Desk, run: Run, form: str) -> list[str]:
    return desk.git("log", "--reverse", f"--format={form}", f"main..{branch_of(run)}").splitlines()


def test_each_keeps_author_date_and_message_and_gets_our_trailers(desk: Desk) -> None:
    run = desk.run(shell("other", "sed -i s/sub/minus/ app.py"), shell("made", f"{MADE}; echo rest > rest.txt"))
    made = run.land(LandAsk())
    assert landed(made) == ["other", "made"]
    assert [one.commits for one in made.landed] == [1, 3]
    assert made.landed[1].commit == made.commit
    assert log(desk, run, "%an %cn %s") == [
        "A User A User Do other", "An Agent A User Add one", "An Agent A User Say zwei", "A User A User Do made",
    ]  # fmt: skip
    trailers = desk.git("log", "-1", "--format=%(trailers:only)", f"{branch_of(run)}~2").strip().split("\n")
    assert trailers == [f"Forkjoin-Run: {run.id}", "Forkjoin-Task: made", "Agent: command"]
    assert "Because." in desk.git("log", "-1", "--format=%b", f"{branch_of(run)}~2")
    (kept, _) = run.task("made").changes.commits
    assert desk.git("log", "-1", "--format=%at", f"{branch_of(run)}~2").strip() == str(int(kept.at))
    assert desk.git("ls-tree", "-r", "--name-only", f"{branch_of(run)}~2").split() == ["1.txt", "app.py", "notes.txt"]
    assert desk.show(branch_of(run), "notes.txt") == "one\nzwei\nthree\n"
    assert not made.notes
    assert run.land(LandAsk()).before == ("other", "made")


def test_what_was_committed_and_taken_back_is_in_no_commit(desk: Desk) -> None:
    line = f"echo secret > key; git add -A; {WHO} -m 'Oh'; git rm -q key; echo 1 > 1.txt; git add -A; {WHO} -m 'Better'"
    run = desk.run(shell("made", line))
    made = run.land(LandAsk())
    assert log(desk, run, "%an %s") == ["A User Do made"]
    assert made.notes == ("what made committed itself does not land one by one; it was made one commit",)
    assert desk.git("log", "--format=%H", branch_of(run), "--", "key") == ""


def test_a_merge_a_conflict_on_the_way_or_a_set_up_make_one_commit(desk: Desk) -> None:
    merge = f"git switch -q -c side; echo s > s; git add -A; {WHO} -m s; git switch -q main; echo m > m; git add -A; "
    merge += f"{WHO} -m m; git -c user.name=x -c user.email=x@y merge -q --no-edit side"
    there_and_back = f"sed -i s/two/2/ notes.txt; {WHO} -am to; sed -i s/2/two/ notes.txt; sed -i s/sub/minus/ app.py; "
    there_and_back += f"{WHO} -am fro"
    run = desk.run(
        shell("de", "sed -i s/two/zwei/ notes.txt"),
        shell("merge", merge),
        shell("back", there_and_back),
        shell("ready", f"echo r > r.txt; git add -A; {WHO} -m 'With all'", setup="echo s > made-by-set-up"),
    )
    made = run.land(LandAsk())
    assert landed(made) == ["de", "merge", "back", "ready"], left(made)
    assert log(desk, run, "%s") == ["Do de", "Do merge", "Do back", "Do ready"]
    assert len(made.notes) == 3
    assert "made-by-set-up" not in desk.git("ls-tree", "-r", "--name-only", branch_of(run))


def test_an_author_that_git_would_not_take_becomes_the_user(desk: Desk) -> None:
    line = "echo 1 > 1.txt; git add -A; tree=$(git write-tree); printf 'tree %s\\nparent %s\\nauthor . <> 5 +0000\\n"
    line += "committer c <c@d> 5 +0000\\n\\n\\033[31mred\\n' $tree $(git rev-parse HEAD) | git hash-object -t commit "
    line += "-w --stdin --literally > id; git update-ref HEAD $(cat id); rm id"
    run = desk.run(shell("odd", line))
    assert landed(run.land(LandAsk())) == ["odd"]
    said = desk.git("log", "-1", "--format=%an|%s", branch_of(run))
    assert said.startswith("A User|")
    assert "\x1b" not in said


def test_patches_are_one_for_each_of_them_too(desk: Desk, tmp_path: Path) -> None:
    run = desk.run(shell("made", MADE))
    made = export_patches(run, tmp_path / "out")
    assert made.files == ("0001-Add-one.patch", "0002-Say-zwei.patch")
    assert "From: An Agent <agent@example.org>" in (tmp_path / "out" / made.files[0]).read_text()
