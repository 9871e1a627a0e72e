"""The base of tasks that stand behind others."""

from __future__ import annotations

from pathlib import Path

import pytest
from workspaces.sites import Run, Site

from forkjoin.errors import ForkjoinError
from forkjoin.workspaces import MergeConflict


def changed(run: Run, name: str, files: dict[str, str | None], base: str = "") -> str:
    """Open a task, change files (None deletes), return the harvested commit."""
    place = run.open(name, base=base)
    for path, text in files.items():
        target = Path(place.root) / path
        if text is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    return run.harvest(place, name).commit


def content(run: Run, commit: str) -> dict[str, str]:
    names = run.git("ls-tree", "-r", "--name-only", commit).splitlines()
    return {name: run.git("show", f"{commit}:{name}") for name in names if name != ".gitignore"}


def test_changes_of_several_meet_in_one_base(site: Site):
    run = site.run()
    base = run.take().commit
    one = changed(run, "one", {"a.txt": "two\n"})
    two = changed(run, "two", {"src/b.py": None, "c.txt": "c\n"})
    both = run.rooms.merged(base, [one, two], name="three-1")
    assert content(run, both) == {"a.txt": "two\n", "c.txt": "c\n"}
    place = run.open("three", base=both)
    assert (Path(place.root) / "c.txt").read_text() == "c\n"
    (Path(place.root) / "c.txt").write_text("d\n")
    assert [c.path for c in run.harvest(place, "three").files] == ["c.txt"]


def test_different_lines_of_one_file_merge(site):
    site.write("a.txt", "".join(f"{n}\n" for n in range(20)))
    run = site.run()
    text = (site.tree / "a.txt").read_text()
    one = changed(run, "one", {"a.txt": text.replace("2\n", "two\n", 1)})
    two = changed(run, "two", {"a.txt": text.replace("18\n", "eighteen\n")})
    both = run.rooms.merged(run.base.commit, [one, two], name="m")
    assert "two\n" in content(run, both)["a.txt"]
    assert "eighteen\n" in content(run, both)["a.txt"]


def test_a_conflict_names_the_files_relative_to_the_tree(site):
    run = site.run("src")
    one = changed(run, "one", {"a.txt": "1\n", "src/b.py": "1\n", "src/line\nbreak": "1\n"})
    two = changed(run, "two", {"a.txt": "2\n", "src/b.py": None, "src/line\nbreak": "2\n"})
    with pytest.raises(MergeConflict) as caught:
        run.rooms.merged(run.base.commit, [one, two], name="m")
    assert caught.value.files == ("../a.txt", "b.py", "line\nbreak")
    assert isinstance(caught.value, ForkjoinError)


def test_a_chain_brings_what_came_before(site):
    run = site.run()
    base = run.take().commit
    first = changed(run, "first", {"a.txt": "1\n"})
    second_base = run.rooms.merged(base, [first], name="second-1")
    assert second_base == first
    second = changed(run, "second", {"a.txt": "2\n"}, base=second_base)
    assert content(run, run.rooms.merged(base, [first, second], name="third-1"))["a.txt"] == "2\n"
    assert content(run, run.rooms.merged(base, [second, first], name="third-2"))["a.txt"] == "2\n"


def test_no_commits_is_the_base_itself(site):
    run = site.run()
    base = run.take().commit
    assert run.rooms.merged(base, [], name="m") == base


def test_a_commit_that_does_not_exist_is_no_conflict(site):
    run = site.run()
    base = run.take().commit
    with pytest.raises(ForkjoinError) as caught:
        run.rooms.merged(base, ["0" * 40], name="m")
    assert not isinstance(caught.value, MergeConflict)


def test_copies_outside_git_merge_too(plain):
    run = plain.run()
    base = run.take().commit
    one = changed(run, "one", {"a.txt": "two\n"})
    two = changed(run, "two", {"c.txt": "c\n"})
    place = run.open("three", base=run.rooms.merged(base, [one, two], name="m"))
    assert (Path(place.root) / "a.txt").read_text() == "two\n"
    assert (Path(place.root) / "c.txt").read_text() == "c\n"
    with pytest.raises(MergeConflict) as caught:
        run.rooms.merged(base, [one, changed(run, "four", {"a.txt": "three\n"})], name="n")
    assert caught.value.files == ("a.txt",)
