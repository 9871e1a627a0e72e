"""Landing beside everything that can go wrong: kills at every point, two at once, dirty files, rm."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from landing.desk import Desk, LandAsk, branch_of, landed, shell

from forkjoin.errors import PlanError, RunOwned

A, B = shell("a", "echo a > a.txt"), shell("b", "echo b > b.txt")
POINTS = (
    "land.combined", "land.committed", "land.begun", "land.before.objects", "land.objects", "land.refs",
    "land.recorded", "apply.before", "apply.after",
)  # fmt: skip


def forkjoin(desk: Desk, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    program = (sys.executable, "-c", "from forkjoin.interfaces.cli.main import main; main()")
    return subprocess.run(
        (*program, *words), cwd=desk.tree, env=os.environ | environ, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_it_has_changed_nothing_or_goes_on(desk: Desk, tmp_path: Path, point: str):
    run = desk.run(A, B)
    before = desk.fingerprint()
    (tmp_path / "kill").write_text(point)
    killed = forkjoin(desk, "land", "--apply", FORKJOIN_FAILPOINTS=str(tmp_path))
    assert killed.returncode == -9, killed.stderr
    if point.startswith("land"):
        assert desk.fingerprint() == before
    there = (
        desk.subjects(branch_of(run))
        if branch_of(run) in desk.git("branch", "--all", "--format=%(refname:short)")
        else []
    )
    assert there in ([], ["Do a", "Do b"]) if point != "apply.after" else there == []
    again = forkjoin(desk, "land", "--apply")
    assert again.returncode == 0, again.stderr
    assert desk.git("log", "--format=%s").split("\n")[:3] == ["Do b", "Do a", "First"]
    assert desk.git("status", "--porcelain") == ""
    assert not run.view().unlanded
    assert desk.git("fsck", "--no-dangling").strip() == ""


def test_of_two_at_once_one_is_told(desk: Desk):
    run = desk.run(A)
    with (run.folder / "land.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RunOwned, match="is being landed by another process"):
            run.land(LandAsk())
    assert landed(run.land(LandAsk())) == ["a"]


def test_a_branch_that_moved_meanwhile_is_not_overwritten(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    run = desk.run(A)
    run.land(LandAsk(dry_run=True))
    module = sys.modules["forkjoin.engine.landing.land"]
    real = module.published

    def late(*given, **more):
        desk.git("branch", branch_of(run), "main")
        return real(*given, **more)

    monkeypatch.setattr(module, "published", late)
    with pytest.raises(PlanError, match="nothing was landed"):
        run.land(LandAsk())
    assert desk.subjects(branch_of(run)) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda desk: desk.write("notes.txt", "mine\n"), "notes.txt"),
        (lambda desk: desk.write("new file.txt", "mine\n"), "new file.txt"),
        (lambda desk: (desk.write("notes.txt", "mine\n"), desk.git("add", "notes.txt")), "notes.txt"),
    ],
    ids=["changed", "in-the-way", "staged"],
)
def test_apply_refuses_where_a_landed_file_is_dirty_and_names_it(desk: Desk, change, named: str):
    run = desk.run(shell("a", "echo more >> notes.txt; echo x > 'new file.txt'"))
    change(desk)
    desk.write("unrelated.txt", "mine too\n")
    before = desk.fingerprint()
    made = run.land(LandAsk(apply=True))
    assert named in made.refused
    assert "unrelated" not in made.refused
    assert not made.applied
    assert landed(made) == ["a"]
    assert desk.fingerprint() == before


def test_apply_keeps_what_is_dirty_elsewhere(desk: Desk):
    run = desk.run(A)
    desk.write("notes.txt", "mine\n")
    desk.write("unrelated.txt", "mine too\n")
    before = desk.fingerprint()
    made = run.land(LandAsk(apply=True))
    assert made.applied == "main"
    after = desk.fingerprint()
    moved = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    of_head = {".git/index", ".git/ORIG_HEAD", ".git/logs/HEAD", ".git/logs/refs/heads/main", "HEAD", "worktree list"}
    assert {name for name in moved if not name.startswith("refs/heads/main ")} <= {"a.txt", *of_head}
    assert made.next == "git push"
    assert (desk.tree / "a.txt").read_text() == "a\n"
    assert (desk.tree / "notes.txt").read_text() == "mine\n"
    assert desk.git("status", "--porcelain").splitlines() == [" M notes.txt", "?? unrelated.txt"]


def test_apply_to_a_branch_that_moved_on_says_to_merge(desk: Desk):
    run = desk.run(A)
    run.land(LandAsk())
    desk.write("later.txt", "l\n")
    desk.commit()
    made = run.land(LandAsk(apply=True))
    assert "main has moved on" in made.refused
    assert made.next == f"git merge {branch_of(run)}"


def test_rm_names_what_is_not_landed_and_goes_when_all_is(desk: Desk):
    run = desk.run(A, B)
    run.land(LandAsk(tasks=("a",)))
    with pytest.raises(PlanError, match=r"not landed: b: b.txt .*forkjoin land"):
        run.remove()
    run.land(LandAsk())
    desk.git("branch", "-D", branch_of(run))  # then the run has the only copy again
    with pytest.raises(PlanError, match=r"a: a.txt"):
        run.remove()
    run.land(LandAsk())
    assert run.remove().changes == ()
    assert desk.subjects(branch_of(run)) == ["Do a", "Do b"]


def test_patches_for_git_am_make_the_same_commits(desk: Desk, tmp_path: Path):
    desk.run(A, shell("c", "cat a.txt > c.txt; printf 'a\\0b' > bin", after=["a"]))
    out = tmp_path / "out dir"
    before = desk.fingerprint()
    done = forkjoin(desk, "export", "--patches", str(out))
    assert done.returncode == 0, done.stderr
    assert desk.fingerprint() == before
    assert [path.name for path in sorted(out.iterdir())] == ["0001-Do-a.patch", "0002-Do-c.patch"]
    desk.git("am", "-q", *(str(path) for path in sorted(out.iterdir())))
    assert desk.git("log", "--format=%s", "-2").split("\n")[:2] == ["Do c", "Do a"]
    assert "Forkjoin-Task: c" in desk.git("log", "-1", "--format=%B")
    assert forkjoin(desk, "export", "--patches", str(out)).returncode == 2  # something is there
    assert "not landed" not in forkjoin(desk, "ls").stdout


def test_patches_that_were_exported_and_are_gone_are_named_before_the_run_goes(desk: Desk, tmp_path: Path):
    run = desk.run(A)
    out = tmp_path / "out"
    assert forkjoin(desk, "export", "--patches", str(out)).returncode == 0
    for patch in out.iterdir():
        patch.unlink()
    refused = forkjoin(desk, "rm", run.id)
    assert (refused.returncode, "a.txt" in refused.stderr) == (2, True), refused.stderr
    assert run.folder.exists()


@pytest.mark.parametrize(
    ("agent", "says"), [("shell", "reads no words"), ("command", "reads no words"), ("x", "known: ")]
)
def test_a_conflict_is_put_to_nobody_who_would_run_its_words(desk: Desk, agent: str, says: str):
    line = "printf '%s\\n' '$(touch ../ran)' \"$0\" >> notes.txt"
    run = desk.run(shell("one", line), shell("two", f": ; {line}; echo >> notes.txt"))
    done = forkjoin(desk, "land", "--resolve", agent)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert desk.git("branch", "--list", branch_of(run)) == ""  # refused before anything was done


def test_apply_beside_a_git_that_works_on_the_index_says_where_the_changes_are(desk: Desk):
    run = desk.run(A)
    (desk.tree / ".git/index.lock").touch()
    done = run.land(LandAsk(apply=True))
    assert landed(done) == ["a"]
    assert "git cannot move main: error: Unable to create" in done.refused
    assert f"the changes are on {branch_of(run)}" in done.refused


def test_a_conflict_is_resolved_by_its_follow_up_on_the_branch(desk: Desk):
    run = desk.run(
        shell("one", "echo one >> notes.txt"), shell("two", "echo two >> notes.txt"), gate="grep -q three notes.txt"
    )
    before = desk.fingerprint()
    done = forkjoin(desk, "land", "--resolve", "same")
    assert done.returncode == 0, done.stdout + done.stderr
    assert desk.fingerprint() == before
    assert desk.show(branch_of(run), "notes.txt").split() == ["one", "two", "three", "one", "two"]
    assert not run.view().unlanded
    assert forkjoin(desk, "land", run.id).stdout.count("was landed before") == 2
    applied = forkjoin(desk, "land", "--apply")  # the run that was landed is the latest, not the one that resolved
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert (desk.tree / "notes.txt").read_text().split() == ["one", "two", "three", "one", "two"]


def test_what_the_gate_left_out_is_not_brought_in_by_applying_what_was_resolved(desk: Desk):
    run = desk.run(shell("good", "echo g > g"), shell("bad", "echo b > b"), gate="test ! -e b")
    done = forkjoin(desk, "land", "--resolve", "same", "--apply")
    assert done.returncode == 3, done.stdout + done.stderr
    assert desk.git("rev-parse", "main") == desk.git("rev-parse", branch_of(run))
    assert [str(task.id) for task in run.view().unlanded] == ["bad"]
    assert desk.subjects(branch_of(run), since="main~1") == ["Do good"]
    assert (desk.tree / "g").exists()
    assert not (desk.tree / "b").exists()
