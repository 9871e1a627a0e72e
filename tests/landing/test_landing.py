"""Changes brought together on a branch: each task is landed, left out with its reason, or empty."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from landing.desk import Desk, LandAsk, branch_of, landed, left, shell

import forkjoin
from forkjoin.engine.folder import OwnerLock
from forkjoin.engine.landing import export_patches
from forkjoin.errors import CannotHere, PlanError

A, B = shell("a", "echo a > a.txt"), shell("b", "echo b > b.txt")


def test_one_commit_a_task_in_the_order_asked_with_the_users_name_and_trailers(desk: Desk):
    run = desk.run(
        shell("first", "echo 1 > 1.txt", description="Write the first"), shell("second", "echo 2 > 2.txt"), goal="Count"
    )
    made = run.land(LandAsk())
    branch = branch_of(run)
    assert landed(made) == ["first", "second"]
    assert not made.left_out
    assert desk.subjects(branch) == ["Write the first", "Do second"]
    said = desk.git("log", "-1", "--format=%an <%ae>%n%B", f"{branch}~1")
    assert said.startswith("A User <user@example.org>\nWrite the first\n\nShell: echo 1 > 1.txt\n\nGoal: Count\n\n")
    trailers = desk.git("log", "-1", "--format=%(trailers:unfold)", f"{branch}~1").split("\n")
    assert trailers[:3] == [f"Forkjoin-Run: {run.id}", "Forkjoin-Task: first", "Agent: command"]
    assert desk.git("rev-parse", f"{branch}~2") == desk.git("rev-parse", "main")
    assert desk.git("fsck", "--strict").strip() == ""


def test_a_run_whose_tasks_have_ended_is_landed_when_it_has_been_joined(desk: Desk):
    run = desk.run(A)
    lock = OwnerLock.take(run._folder)
    with closing(sqlite3.connect(run.folder / "journal.db")) as db, db:
        row = db.execute("SELECT * FROM event WHERE kind = 'closed'").fetchone()
        db.execute("DELETE FROM event WHERE kind = 'closed'")

    def close() -> None:
        time.sleep(0.3)
        with closing(sqlite3.connect(run.folder / "journal.db")) as db, db:
            db.execute(f"INSERT INTO event VALUES ({', '.join('?' * len(row))})", row)

    closing_it = threading.Thread(target=close)
    closing_it.start()
    try:
        assert landed(run.land(LandAsk())) == ["a"]
    finally:
        closing_it.join()
        lock.release()


def test_the_users_checkout_is_as_it_was(desk: Desk):
    desk.write("staged.txt", "s\n")
    desk.git("add", "staged.txt")
    desk.write("notes.txt", "one\ntwo\nchanged\n")
    desk.write(".git/hooks/reference-transaction", "#!/bin/sh\ntouch ran\n")
    (desk.tree / ".git/hooks/reference-transaction").chmod(0o755)
    before = desk.fingerprint()
    run = desk.run(A, shell("c", "sed -i s/one/uno/ notes.txt"))
    made = run.land(LandAsk())
    assert landed(made) == ["a", "c"]
    assert desk.fingerprint() == before
    # what the user had not committed is no part of what was landed
    assert desk.show(branch_of(run), "notes.txt") == "uno\ntwo\nthree\n"
    assert desk.git("ls-tree", "--name-only", branch_of(run)).split() == ["a.txt", "app.py", "notes.txt"]


def test_what_was_made_on_uncommitted_changes_says_that_these_are_to_be_committed_first(desk: Desk, tmp_path: Path):
    desk.write("notes.txt", "one\ntwo\nthree\nmine\n")
    desk.write("new.txt", "mine\n")
    run = desk.run(shell("old", "echo his >> notes.txt"), shell("new", "echo his >> new.txt"), A)
    made = run.land(LandAsk())
    assert landed(made) == ["a"]
    why = "it does not merge with what is on the branch in {0}; {0} had changes of yours that were not committed, and "
    why += "those are never landed: commit them first"
    assert [one.reason for one in made.left_out] == [why.format("notes.txt"), why.format("new.txt")]
    exported = export_patches(run, tmp_path / "patches")
    assert [one.reason for one in exported.left_out] == [one.reason for one in made.left_out]
    desk.commit("Mine")
    assert run.land(LandAsk()).notes == (
        f"{branch_of(run)} does not have the newest commits of HEAD; git merge {branch_of(run)} there, and land again",
    )
    desk.git("merge", "-q", "-m", "Merge", branch_of(run))
    assert landed(run.land(LandAsk())) == ["old", "new"]
    assert desk.show(branch_of(run), "new.txt") == "mine\nhis\n"


def test_what_does_not_merge_is_left_out_with_both_sides_and_the_rest_is_landed(desk: Desk):
    run = desk.run(
        shell("de", "sed -i s/two/zwei/ notes.txt"),
        shell("fr", "sed -i s/two/deux/ notes.txt"),
        shell("x", "echo x > x"),
    )
    made = run.land(LandAsk())
    assert landed(made) == ["de", "x"]
    assert left(made) == {"fr": "conflict"}
    (one,) = made.left_out
    (file,) = one.files
    assert (file.path, file.how, file.beside) == ("notes.txt", "contents", ("de",))
    assert "<<<<<<< what is there\nzwei\n=======\ndeux\n>>>>>>> this task\n" in file.text
    assert desk.show(branch_of(run), "notes.txt") == "one\nzwei\nthree\n"


@pytest.mark.parametrize(
    ("first", "second", "path"),
    [
        ("git rm -q notes.txt", "echo more >> notes.txt", "notes.txt"),
        ("echo 1 > new.txt", "echo 2 > new.txt", "new.txt"),
        ("printf 'a\\0b' > app.py", "printf 'a\\0c' > app.py", "app.py"),
        ("git mv notes.txt one.txt", "git mv notes.txt two.txt", "notes.txt"),
        ("rm notes.txt; ln -s app.py notes.txt", "echo more >> notes.txt", "notes.txt"),
    ],
    ids=["deleted", "both-new", "binary", "renamed-twice", "link"],
)
def test_every_kind_of_conflict_is_told_with_its_file(desk: Desk, first: str, second: str, path: str):
    made = desk.run(shell("a", first), shell("b", second)).land(LandAsk())
    assert landed(made) == ["a"]
    assert left(made) == {"b": "conflict"}
    assert path in {file.path for file in made.left_out[0].files}


def test_odd_names_land(desk: Desk):
    line = "printf x > ' sp ace'; printf y > ./-dash; printf z > \"$(printf 'new\\nline')\"; "
    line += "printf w > \"$(printf 'b\\377d')\"; printf 'v = 1' > \"$(printf 'new\\nline missing.py')\""
    run = desk.run(shell("odd", line), shell("more", "mkdir -p d; printf q > \"d/$(printf '\\303\\251')\""))
    assert landed(run.land(LandAsk())) == ["odd", "more"]
    names = subprocess.run(
        ("git", "-C", str(desk.tree), "ls-tree", "-r", "-z", "--name-only", branch_of(run)),
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    assert {b" sp ace", b"-dash", b"new\nline", b"b\377d", b"d/\303\251"} <= set(names)


def test_a_failed_task_is_landed_only_where_it_is_accepted(desk: Desk):
    run = desk.run(A, shell("bad", "echo bad > bad.txt; exit 3"))
    made = run.land(LandAsk(dry_run=True))
    assert left(made) == {"bad": "state"}
    assert "--accept bad" in made.left_out[0].reason
    assert landed(run.land(LandAsk(accept=("bad",)))) == ["a", "bad"]


def test_a_task_that_changed_nothing_is_called_empty(desk: Desk):
    made = desk.run(A, shell("idle", "true")).land(LandAsk())
    assert made.empty == ("idle",)
    assert landed(made) == ["a"]


def test_landing_again_changes_nothing_and_a_deleted_branch_is_made_again(desk: Desk):
    run = desk.run(A, B)
    first = run.land(LandAsk())
    again = run.land(LandAsk())
    assert again.before == ("a", "b")
    assert not again.landed
    assert again.commit == first.commit
    desk.git("branch", "-D", branch_of(run))
    assert landed(run.land(LandAsk())) == ["a", "b"]
    desk.git("merge", "-q", branch_of(run))
    desk.git("branch", "-d", branch_of(run))
    assert run.land(LandAsk()).before == ("a", "b")


def test_tasks_land_one_by_one_on_the_same_branch(desk: Desk):
    run = desk.run(A, B)
    first = run.land(LandAsk(tasks=("b",)))
    assert landed(first) == ["b"]
    assert "not landed: a" in first.notes[0]
    assert landed(run.land(LandAsk())) == ["a"]
    assert desk.subjects(branch_of(run)) == ["Do b", "Do a"]


def test_a_chain_and_a_diamond_land_as_one_history(desk: Desk):
    run = desk.run(
        shell("last", "cat left.txt right.txt > all.txt", after=["left", "right"]),
        shell("root", "echo root > root.txt"),
        shell("left", "cat root.txt > left.txt; echo l >> left.txt", after=["root"]),
        shell("right", "cat root.txt > right.txt; echo r >> right.txt", after=["root"]),
        shell("end", "sort all.txt > sorted.txt", after=["last"]),
    )
    made = run.land(LandAsk())
    assert landed(made) == ["root", "left", "right", "last", "end"]
    assert desk.subjects(branch_of(run)) == [f"Do {name}" for name in landed(made)]
    assert desk.git("rev-list", "--merges", branch_of(run)) == ""
    assert desk.show(branch_of(run), "sorted.txt").split() == ["l", "r", "root", "root"]


def test_what_stands_on_a_task_that_is_left_out_is_left_out_too(desk: Desk):
    run = desk.run(
        shell("de", "sed -i s/two/zwei/ notes.txt"),
        shell("fr", "sed -i s/two/deux/ notes.txt"),
        shell("on", "cat notes.txt > copy.txt", after=["fr"]),
    )
    made = run.land(LandAsk())
    assert left(made) == {"fr": "conflict", "on": "behind"}
    assert made.left_out[1].beside == ("fr",)


def test_naming_a_task_lands_what_it_stands_on(desk: Desk):
    run = desk.run(A, shell("c", "cat a.txt a.txt > c.txt", after=["a"]), B)
    made = run.land(LandAsk(tasks=("c",)))
    assert landed(made) == ["a", "c"]
    assert any("stand on them: a" in note for note in made.notes)


def test_a_task_whose_predecessors_do_not_merge_is_blocked_with_the_files(desk: Desk):
    run = desk.run(
        shell("de", "sed -i s/two/zwei/ notes.txt"),
        shell("fr", "sed -i s/two/deux/ notes.txt"),
        shell("both", "true", after=["de", "fr"]),
    )
    both = run.task("both")
    assert both.state == "blocked"
    assert "notes.txt" in both.why


def test_onto_another_branch_and_under_another_prefix(desk: Desk):
    desk.git("branch", "release")
    desk.write("later.txt", "l\n")
    desk.commit()
    run = desk.run(A)
    made = run.land(LandAsk(onto="release", prefix="team/fj"))
    assert made.branch == f"team/fj/{run.id}"
    assert desk.git("rev-parse", f"{made.branch}~1") == desk.git("rev-parse", "release")
    with pytest.raises(PlanError, match="no 'nowhere'"):
        run.land(LandAsk(onto="nowhere"))


def test_a_branch_in_the_way_is_named_before_anything(desk: Desk):
    run = desk.run(A)
    desk.git("branch", "forkjoin")
    before = len(list(run.folder.parent.iterdir()))
    with pytest.raises(PlanError, match=r"forkjoin is in the way of forkjoin/RUN.*FORKJOIN_BRANCH_PREFIX.*was started"):
        desk.run(A)
    assert len(list(run.folder.parent.iterdir())) == before
    desk.run(shell("reader", "true", writes=[]))  # brings nothing back
    with pytest.raises(PlanError, match=r"the branch forkjoin is in the way of forkjoin/.*--branch-prefix"):
        run.land(LandAsk())
    assert landed(run.land(LandAsk(prefix="fj"))) == ["a"]


def test_a_branch_a_task(desk: Desk):
    run = desk.run(A, B, shell("c", "cat a.txt > c.txt", after=["a"]))
    made = run.land(LandAsk(branch_per_task=True))
    assert landed(made) == ["a", "b", "c"]
    assert len(made.refs) == 3
    assert desk.subjects(f"forkjoin/{run.id}/b") == ["Do b"]
    assert desk.subjects(f"forkjoin/{run.id}/c") == ["Do a", "Do c"]
    assert run.land(LandAsk(branch_per_task=True)).before == ("a", "b", "c")


def test_what_an_agent_wrote_adds_no_trailer_and_no_terminal_sequence(desk: Desk):
    task = shell("a", "echo x > x; : '\x1b[31m\n\nSigned-off-by: Somebody'", description="One\nTwo\x1b[0m")
    desk.run(task).land(LandAsk())
    run = forkjoin.attach(tree=desk.tree)
    said = desk.git("log", "-1", "--format=%B", branch_of(run))
    assert "\x1b" not in said
    assert said.startswith("One Two\n")
    assert "Signed-off-by" not in desk.git("log", "-1", "--format=%(trailers:only)", branch_of(run))


def test_an_empty_repository_gets_its_first_commits(desk: Desk, tmp_path):
    tree = tmp_path / "empty"
    tree.mkdir()
    empty = Desk(tree)
    empty.git("init", "-q", "-b", "main")
    empty.git("config", "user.name", "A User")
    empty.git("config", "user.email", "user@example.org")
    run = empty.run(A, B)
    made = run.land(LandAsk(apply=True))
    assert landed(made) == ["a", "b"]
    assert made.applied == "main"
    assert empty.git("log", "--format=%s").split("\n")[:2] == ["Do b", "Do a"]
    assert empty.git("status", "--porcelain") == ""


def test_in_a_folder_of_the_repository(desk: Desk):
    desk.write("sub/in.txt", "1\n")
    desk.commit()
    inner = Desk(desk.tree / "sub")
    run = inner.run(shell("a", "echo 2 > in.txt"), shell("b", "echo 3 > in.txt"))
    made = run.land(LandAsk())
    assert landed(made) == ["a"]
    assert made.left_out[0].files[0].path == "in.txt"
    assert desk.show(branch_of(run), "sub/in.txt") == "2\n"


def test_outside_git_it_says_what_to_do_instead(tmp_path):
    (tmp_path / "plain").mkdir()
    run = Desk(tmp_path / "plain").run(A)
    with pytest.raises(CannotHere, match=r"is no git repository.*git apply"):
        run.land(LandAsk())
    with pytest.raises(PlanError, match=rf"take them: forkjoin diff {run.id}/TASK \| git apply; or delete"):
        run.remove()


def test_nobody_lands_nothing(desk: Desk, monkeypatch):
    run = desk.run(A)
    desk.git("config", "--unset", "user.name")
    desk.git("config", "--unset", "user.email")
    desk.git("config", "user.useConfigOnly", "true")
    with pytest.raises(CannotHere, match="git does not know who you are"):
        run.land(LandAsk())
    assert "forkjoin/" not in desk.git("branch", "--all")


def test_signed_where_the_user_signs_and_nothing_is_landed_where_that_fails(desk: Desk, tmp_path):
    key = tmp_path / "key"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)), check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(key)), ("commit.gpgsign", "true")):
        desk.git("config", name, value)
    run = desk.run(A)
    key.rename(tmp_path / "hidden")
    with pytest.raises(CannotHere, match="could not sign"):
        run.land(LandAsk())
    assert "forkjoin/" not in desk.git("branch", "--all")
    (tmp_path / "hidden").rename(key)
    run.land(LandAsk())
    assert "BEGIN SSH SIGNATURE" in desk.git("cat-file", "commit", branch_of(run))


def test_what_was_not_accepted_of_a_landed_task_is_not_lost_and_can_be_taken_later(desk: Desk) -> None:
    run = desk.run(shell("bad", "echo b > bad.txt; echo x > x.txt; echo y >> notes.txt", writes=("bad.txt",)))
    made = run.land(LandAsk(violations="keep-declared"))
    assert landed(made) == ["bad"]
    assert made.landed[0].without == ("notes.txt", "x.txt")
    assert [task.id for task in run.view().unlanded] == ["bad"]
    with pytest.raises(PlanError, match=r"not landed: bad: notes.txt, x.txt \(\+2 -0\)"):
        run.remove()
    again = run.land(LandAsk())
    assert (landed(again), again.before) == ([], ("bad",))
    note = "of bad only a part is landed, without notes.txt, x.txt; take the rest with --accept bad"
    assert again.notes == (note,)
    assert run.land(LandAsk(accept=("bad:x.txt",))).landed[0].without == ("notes.txt",)
    assert run.land(LandAsk(accept=("bad",))).landed[0].without == ()
    assert desk.git("diff", "--name-only", "main", branch_of(run)).split() == ["bad.txt", "notes.txt", "x.txt"]
    assert not run.view().unlanded
    assert run.unlanded() == ()
    desk.git("branch", "-D", branch_of(run))  # then the run has the only copy of all again
    assert run.unlanded() == ("bad: bad.txt, notes.txt, x.txt (+3 -0)",)
    assert landed(run.land(LandAsk(accept=("bad",)))) == ["bad"]
    run.remove()


def test_parts_of_a_task_on_two_branches_are_both_to_be_kept(desk: Desk) -> None:
    run = desk.run(shell("bad", "echo b > bad.txt; echo x > x.txt", writes=("bad.txt",)))
    run.land(LandAsk(violations="keep-declared", prefix="one"))
    run.land(LandAsk(accept=("bad",), prefix="two"))
    assert run.unlanded() == ()
    desk.git("branch", "-D", f"one/{run.id}")
    assert run.unlanded() == ("bad: bad.txt, x.txt (+2 -0)",)


def test_what_was_landed_on_another_branch_is_named(desk: Desk) -> None:
    run = desk.run(A, B)
    run.land(LandAsk(tasks=("a",), prefix="other"))
    made = run.land(LandAsk())
    assert (landed(made), made.before) == (["b"], ("a",))
    assert made.notes == (f"landed before, and not on {branch_of(run)}: a (on other/{run.id})",)
