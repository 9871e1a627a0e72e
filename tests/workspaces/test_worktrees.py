"""`isolation: worktree`: in the user's repository, made behind a lock, watched, and gone without a trace."""

from __future__ import annotations

import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from workspaces.sites import Run, Site, git_in, hows
from workspaces.test_untouched import dirty, state

from forkjoin import failpoints
from forkjoin.errors import CannotHere
from forkjoin.model import RefMove, Task, TaskId
from forkjoin.workspaces import worktrees
from forkjoin.workspaces.landing import Message, Replay, Writer, published, stands_at

POINTS = ("worktree.objects", "worktree.added", "worktree.moved", "workspace.files", "workspace.open")


def writer(name: str = "a", **more: object) -> Task:
    return Task(id=TaskId(name), description="Change something", task="x", isolation="worktree", **more)  # type: ignore[arg-type]


def kept(site: Site) -> dict[str, str]:
    """The fingerprint of the repository without objects, which a snapshot may have left: no ref leads to them."""
    return {name: seen for name, seen in site.fingerprint().items() if not name.startswith(".git/objects/")}


def test_it_is_a_locked_worktree_detached_at_the_snapshot(site):
    dirty(site)
    known = state(site)
    place = site.run().open(writer())
    root = Path(place.root)
    assert place.kind == "worktree"
    assert (root / "a.txt").read_text() == "changed\n"
    assert git_in(root, "rev-parse", "HEAD").strip() == place.base
    assert git_in(root, "status", "--porcelain") == ""
    assert git_in(root, "symbolic-ref", "-q", "HEAD", code=1) == ""
    rows = site.git("worktree", "list", "--porcelain").split("\n\n")
    assert [f"worktree {root}" in row and "locked forkjoin: run run1" in row for row in rows if row] == [False, True]
    assert state(site) == known
    site.git("worktree", "prune")
    assert root.is_dir()


def test_what_changed_is_harvested_as_in_a_clone_and_nothing_is_left_behind(site):
    dirty(site)
    known = state(site)
    run = site.run()
    first = run.open(writer())
    root = Path(first.root)
    (root / "a.txt").write_text("mine\n")
    git_in(root, "switch", "-q", "-c", "agents")
    git_in(root, "commit", "-qam", "An agent's", code=1)  # the hooks are the user's, and this one forbids it
    git_in(root, "commit", "--no-verify", "-qam", "An agent's")
    (root / "more.txt").write_text("more\n")
    changes = run.harvest(first)
    assert hows(changes) == {"a.txt": "modified", "more.txt": "added"}
    assert [one.message for one in changes.commits] == ["An agent's"]
    assert ["refs/heads/agents" in note for note in changes.notes] == [True]
    assert not changes.violations
    behind = run.open(writer("b"), base=run.rooms.merged(first.base, [changes.commit], name="b"))
    assert (Path(behind.root) / "more.txt").read_text() == "more\n"
    git_in(site.tree, "branch", "-D", "agents", code=1)  # git keeps what is checked out
    run.rooms.discard(first)
    site.git("branch", "-q", "-D", "agents")
    run.rooms.release()
    assert state(site) == known
    assert not (site.tree / ".git/worktrees").exists()
    assert not (site.home / "workspaces/run1").exists()
    site.git("fsck", "--no-dangling")


@pytest.mark.parametrize(
    ("what", "path", "said"),
    [
        (("config", "core.fsmonitor", "./x"), ".git/config", "core.fsmonitor"),
        (("config", "alias.st", "!./x"), ".git/config", "alias.st"),
        (("config", "--unset", "user.name"), ".git/config", "user.name"),
        ("hooks/post-checkout", ".git/hooks/post-checkout", ""),
        ("info/attributes", ".git/info/attributes", ""),
        ("config.worktree", ".git/config.worktree", ""),
        ("modules/m/config", ".git/modules/m/config", ""),
        ("modules/m/hooks/x", ".git/modules/m/hooks/x", ""),
    ],
)
def test_settings_and_hooks_that_hold_for_the_checkout_are_a_violation(site, what, path, said):
    run = site.run()
    place = run.open(writer(writes=("**",)))
    (Path(place.root) / "a.txt").write_text("mine\n")
    if isinstance(what, tuple):
        git_in(Path(place.root), *what)
    else:
        site.write(f".git/{what}", "#!/bin/sh\n", mode=0o755)
    changes = run.harvest(place, writer())
    assert changes.violations == (path,)
    assert changes.runs == (path,)
    assert [said in note and path in note for note in changes.notes] == [True]
    assert run.git("diff-tree", "-r", "--name-only", place.base, changes.commit).split() == ["a.txt"]


def test_it_is_a_violation_where_nothing_else_was_changed_and_where_the_tree_is_a_folder(site):
    run = site.run("src")
    place = run.open(writer())
    git_in(Path(place.root), "config", "include.path", "../x")
    changes = run.harvest(place, writer())
    assert (changes.violations, changes.commit) == (("../.git/config",), "")


def test_who_goes_on_in_it_is_told_what_changed_since_and_what_was_told_before_while_that_stands(site):
    run = site.run()
    place = run.open(writer())
    root = Path(place.root)
    git_in(root, "config", "alias.st", "!./x")
    assert run.harvest(place, writer()).violations == (".git/config",)
    site.write(".git/hooks/pre-push", "#!/bin/sh\n", mode=0o755)  # the user's own, between the two
    git_in(site.tree, "branch", "mine")
    run.rooms.go_on(writer(), place)
    (root / "a.txt").write_text("mine\n")
    second = run.harvest(place, writer(), attempt=2)
    assert second.violations == (".git/config",)
    assert [("alias.st" in note, "pre-push" in note, "mine" in note) for note in second.notes] == [(True, False, False)]
    git_in(root, "config", "--unset", "alias.st")
    site.write(".git/info/attributes", "* filter=x\n")
    run.rooms.go_on(writer(), place)
    assert not run.harvest(place, writer(), attempt=3).violations, "what it was told is put back"


def test_what_was_told_stands_where_the_worktree_was_made_anew(site):
    run = site.run()
    place = run.open(writer())
    git_in(Path(place.root), "config", "alias.st", "!./x")
    run.harvest(place, writer())
    run.rooms.discard(place)
    again = run.rooms.open_again(writer(), place)
    assert run.harvest(again, writer(), attempt=2).violations == (".git/config",)


def test_what_its_set_up_changed_in_the_repository_is_not_the_agents(site):
    run = site.run()
    place = run.open(writer())
    git_in(Path(place.root), "config", "core.hooksPath", ".husky")
    run.rooms.note_set_up(writer(), place)
    git_in(Path(place.root), "config", "alias.st", "!./x")
    changes = run.harvest(place, writer())
    assert ["alias.st" in note and "hooksPath" not in note for note in changes.notes] == [True]


def test_a_new_branch_and_worktrees_of_siblings_are_none(site):
    run = site.run()
    place = run.open(writer())
    run.open(writer("b"))
    git_in(Path(place.root), "config", "branch.main.description", "x")
    git_in(Path(place.root), "worktree", "list")
    assert run.harvest(place, writer()).files == ()


SETTINGS = (
    "core.fsmonitor", "core.editor", "core.pager", "core.askPass", "core.sshCommand", "core.alternateRefsCommand",
    "filter.x.clean", "filter.x.smudge", "filter.x.process", "diff.external", "diff.x.command", "diff.x.textconv",
    "merge.x.driver", "gpg.program", "alias.status", "credential.helper", "uploadpack.packObjectsHook",
)  # fmt: skip
HOOKS = ("post-index-change", "reference-transaction", "post-checkout", "pre-commit", "post-commit", "update")


def test_payloads_in_the_shared_settings_and_hooks_run_under_plain_git_and_not_when_forkjoin_looks(site, tmp_path):
    canary, payload = tmp_path / "canary", tmp_path / "payload"
    payload.write_text(f"#!/bin/sh\ntouch '{canary}'\nexit 1\n")
    payload.chmod(0o755)
    run = site.run()
    place = run.open(writer())
    root = Path(place.root)
    for name in SETTINGS:
        git_in(root, "config", name, str(payload))
    for name in HOOKS:
        shutil.copy(payload, site.write(f".git/hooks/{name}"))
    site.write(".git/info/attributes", "* filter=x diff=x merge=x\n")
    site.write(".git/included", f'[core]\n\tfsmonitor = "{payload}"\n')
    git_in(root, "config", "include.path", "included")
    (root / "a.txt").write_text("mine\n")
    site.write("a.txt", "the user's\n")
    run.rooms.changed(writer(), place)
    changes = run.harvest(place)
    assert len(changes.violations) == 2 + len(HOOKS)
    run.rooms.merged(place.base, [changes.commit], name="m")
    run.open(writer("next"), base=changes.commit)
    store = run.rooms._store
    head = stands_at(site.tree, "HEAD")
    tip = Writer(store).commit(Replay(store).tree_of(changes.commit), Message(subject="Land"), parent=head)
    published(store, [RefMove(ref="refs/heads/forkjoin/run1", old="", new=tip)], onto=head)
    site.run().open("again")
    run.rooms.discard(place)
    run.rooms.release()
    assert not canary.exists()
    git_in(site.tree, "status", code=None)
    assert canary.exists(), "the payloads do not work, so the test shows nothing"


def test_worktrees_of_others_are_left_alone_whatever_they_are_called(site, tmp_path):
    site.git("worktree", "add", "-q", "--detach", "--lock", str(tmp_path / "mine"))
    site.git("worktree", "add", "-q", "--detach", str(tmp_path / "forkjoin-run1-a-1"))
    shutil.rmtree(tmp_path / "mine")  # what a prune would take, were it not locked
    before = kept(site)
    run = site.run()
    with pytest.raises(CannotHere, match="left alone"):
        run.open(writer())
    run.open(writer("b"))
    run.rooms.release()
    assert kept(site) == before


def test_what_an_agent_bent_is_harvested_and_removed_all_the_same(site, tmp_path):
    before = kept(site)
    run = site.run()
    for number, bend in enumerate(
        (
            lambda root, _: (root / ".git").unlink(),
            lambda root, _: (root / ".git").write_text(f"gitdir: {tmp_path}\n"),
            lambda _, admin: shutil.rmtree(admin),
            lambda _, admin: (admin / "HEAD").write_text("ref: refs/heads/../../x\n"),
            lambda _, admin: (admin / "index").unlink(),
            lambda _, admin: (admin / "commondir").write_text(f"{tmp_path}\n"),
        ),
    ):
        place = run.open(writer(f"t{number}"))
        root = Path(place.root)
        (root / "a.txt").write_text("mine\n")
        (root / "src/b.py").unlink()
        bend(root, site.tree / f".git/worktrees/forkjoin-run1-t{number}-1")
        assert hows(run.harvest(place, f"t{number}")) == {"a.txt": "modified", "src/b.py": "deleted"}
        run.rooms.discard(place)
        assert not root.exists()
    run.rooms.release()
    assert kept(site) == before


def test_sixteen_at_once(site):
    run = site.run()
    run.take()
    with ThreadPoolExecutor(16) as pool:
        places = list(pool.map(lambda n: run.open(writer(f"t{n}")), range(16)))
    assert len({place.root for place in places}) == 16
    assert site.git("worktree", "list").count("locked") == 16
    run.rooms.release()
    assert site.git("worktree", "list").count("\n") == 1


def killed_at(point: str, run: Run, task: Task) -> None:
    """Open a workspace in a process that is killed -9 when it comes by *point*."""
    pid = os.fork()
    if not pid:
        failpoints._folder = "x"
        failpoints._hit = lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == point else None
        try:
            run.open(task)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_it_is_made_anew_or_released(site, point):
    before = kept(site)
    run = site.run()
    run.take()
    killed_at(point, run, writer())
    killed_at(point, run, writer("b"))
    if point != "workspace.open":  # then it is whole
        assert Path(run.open(writer()).root, "a.txt").exists()
    run.rooms.release()
    assert kept(site) == before
    assert "forkjoin" not in site.git("worktree", "list", "--porcelain")


def test_what_git_left_half_made_is_swept(site):
    run = site.run()
    run.take()
    before = kept(site)
    half = site.tree / ".git/worktrees/forkjoin-run1-a-1"
    half.mkdir(parents=True)
    (half / "locked").write_text("initializing")  # as `git worktree add` has it before it says where
    run.open(writer())
    half = half.with_name("forkjoin-run1-b-1")
    half.mkdir()
    run.rooms.release()
    assert {name for name in kept(site) if "worktrees" in name} == set()
    assert before.keys() >= kept(site).keys()


def test_worktrees_whose_run_is_gone_are_found_and_no_others(site, tmp_path):
    run = site.run()
    place = run.open(writer())
    common, home = site.tree / ".git", site.home.resolve()
    assert worktrees.worktrees_alone(common, home, frozenset()) == {}  # its files are there
    shutil.rmtree(site.home / "workspaces")
    assert worktrees.worktrees_alone(common, home, frozenset(("run1",))) == {}
    assert worktrees.worktrees_alone(common, tmp_path, frozenset()) == {}
    assert list(worktrees.worktrees_alone(common, home, frozenset()).values()) == ["run1"]
    worktrees.drop_worktrees(common, home, "run1")
    assert place.root not in site.git("worktree", "list")


def test_outside_git_there_is_none(plain):
    with pytest.raises(CannotHere, match="no git repository"):
        plain.run().open(writer())
    assert not any((plain.home / "workspaces").rglob("folder"))
