"""Which commits the user's repository holds: told of very many as of one."""

from __future__ import annotations

from landing.desk import Desk

from forkjoin.workspaces.git import Git
from forkjoin.workspaces.landing import held, publishing


def test_what_refs_or_head_lead_to_is_held_and_nothing_else(desk: Desk) -> None:
    first = desk.git("rev-parse", "HEAD").strip()
    made = {}
    for name in ("branch", "tag", "remote", "ours", "nobody", "head"):
        desk.git("checkout", "-q", "--detach", first)
        desk.write(f"{name}.txt", name)
        made[name] = desk.commit(name)
    desk.git("branch", "side", made["branch"])
    desk.git("tag", "-a", "-m", "a tag", "v1", made["tag"])
    desk.git("update-ref", "refs/remotes/origin/x", made["remote"])
    desk.git("update-ref", "refs/forkjoin/run/x", made["ours"])
    tree = desk.git("rev-parse", "HEAD^{tree}").strip()
    desk.git("tag", "of-a-tree", tree)
    unknown = "1" * 40
    everything = (first, *made.values(), unknown, tree, "")
    kept = {first, made["branch"], made["tag"], made["remote"], made["head"]}
    assert held(desk.tree, everything) == kept
    assert {one for one in everything if held(desk.tree, [one])} == kept
    assert held(desk.tree, ()) == frozenset()
    desk.git("checkout", "-q", "--orphan", "unborn")
    assert held(desk.tree, everything) == kept - {made["head"]}


def test_of_many_commits_no_more_is_asked_than_of_two(desk: Desk, monkeypatch) -> None:
    commits = []
    for number in range(12):
        desk.write("notes.txt", str(number))
        commits.append(desk.commit(str(number)))
    asked: list[tuple[str, ...]] = []
    run = Git.run

    def counted(self: Git, *arguments: str, **more: object) -> object:
        asked.append(arguments)
        return run(self, *arguments, **more)

    monkeypatch.setattr(Git, "run", counted)
    assert held(desk.tree, commits) == frozenset(commits)
    assert len(asked) <= 3


def test_a_history_with_holes_is_asked_commit_by_commit(desk: Desk, monkeypatch) -> None:
    monkeypatch.setattr(publishing, "_is_held", lambda _, commit: commit == first)
    first = desk.git("rev-parse", "HEAD").strip()
    desk.write("notes.txt", "more")
    second = desk.commit()
    desk.write("notes.txt", "still more")
    third = desk.commit()
    desk.git("update-ref", "-d", "refs/heads/main", code=None)
    desk.git("checkout", "-q", "--orphan", "unborn")
    (desk.tree / ".git" / "objects" / second[:2] / second[2:]).unlink()
    assert held(desk.tree, [first, third]) == {first}
