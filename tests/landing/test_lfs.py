"""Files of git-lfs: what is committed, landed and exported is a pointer; the content goes to the user's local store."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from landing.desk import Desk, LandAsk, branch_of, landed, shell

from forkjoin.engine import export_patches
from forkjoin.errors import CannotHere

FORM = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def pointer(content: bytes) -> str:
    return FORM.format(hashlib.sha256(content).hexdigest(), len(content))


def stored(desk: Desk, content: bytes) -> Path:
    oid = hashlib.sha256(content).hexdigest()
    return desk.tree / f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}"


@pytest.fixture
def media(desk: Desk) -> Desk:
    """A repository with one LFS file whose content is in the local store; git-lfs itself would fail."""
    for name in ("clean", "smudge", "process"):
        desk.git("config", f"filter.lfs.{name}", "touch ran; false")
    desk.write(".git/info/attributes", "* -filter\n")  # for this commit alone
    desk.write("art/.gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    desk.write("art/old.bin", pointer(b"old\n"))
    desk.commit("Media")
    (desk.tree / ".git/info/attributes").unlink()
    stored(desk, b"old\n").parent.mkdir(parents=True)
    stored(desk, b"old\n").write_bytes(b"old\n")
    return desk


EDIT = shell(
    "edit", "cat art/old.bin; echo new >> art/old.bin; echo made > art/made.bin; : > art/empty.bin; "
    "echo t > art/t.txt; cp art/old.bin plain.bin; git add -A; git commit -qm 'Edited by an agent'", lfs=True,
)  # fmt: skip


def test_a_changed_or_new_file_is_landed_as_a_pointer_and_its_content_is_in_the_store(media: Desk):
    run = media.run(EDIT, shell("next", "wc -c < art/old.bin > size.txt", after=["edit"], lfs=True),
                    gate="test $(cat size.txt) = 8 && grep -q made art/made.bin")  # fmt: skip
    assert run.output("edit").text == "old\n"
    task = run.view().tasks[0]
    assert "art/made.bin, art/old.bin" in task.changes.notes[0]
    assert not stored(media, b"made\n").exists()
    made = run.land(LandAsk())
    assert landed(made) == ["edit", "next"]
    branch = branch_of(run)
    assert media.show(branch, "art/old.bin") == pointer(b"old\nnew\n")
    assert media.show(branch, "art/made.bin") == pointer(b"made\n")
    assert media.show(branch, "art/empty.bin") == ""
    assert (media.show(branch, "art/t.txt"), media.show(branch, "plain.bin")) == ("t\n", "old\nnew\n")
    assert stored(media, b"old\nnew\n").read_bytes() == b"old\nnew\n"
    assert stored(media, b"made\n").read_bytes() == b"made\n"
    assert media.subjects(branch) == ["Do edit", "Do next"]  # its own commit had the content
    assert "+made" not in media.git("log", "-p", f"main..{branch}", "--", "art/made.bin").split()
    assert not (media.tree / "ran").exists()


def test_what_lands_not_is_not_given_and_what_is_exported_is(media: Desk, tmp_path: Path):
    run = media.run(shell("a", "echo a > art/a.bin"), shell("b", "echo b > art/b.bin; exit 1"))
    assert landed(run.land(LandAsk())) == ["a"]
    assert (stored(media, b"a\n").exists(), stored(media, b"b\n").exists()) == (True, False)
    export_patches(run, tmp_path / "patches", tasks=["b"])
    assert stored(media, b"b\n").read_bytes() == b"b\n"


def test_what_is_discarded_is_kept_with_its_content(media: Desk):
    run = media.run(shell("a", "echo a > art/a.bin"))
    kept = Path(run.remove(discard=True).kept)
    oid = hashlib.sha256(b"a\n").hexdigest()
    assert oid in (kept / "a.patch").read_text()
    assert (kept / f"lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}").read_bytes() == b"a\n"


def test_a_store_that_cannot_be_written_lands_nothing(media: Desk):
    run = media.run(shell("a", "echo a > art/a.bin"))
    stored(media, b"a\n").parent.parent.write_text("in the way\n")
    with pytest.raises(CannotHere, match="nothing was landed"):
        run.land(LandAsk())
    assert media.git("branch", "--list", "forkjoin/*") == ""


def test_attributes_that_the_task_itself_made_count_as_for_git_add(desk: Desk):
    run = desk.run(shell("a", "echo '*.iso filter=lfs' > .gitattributes; echo x > x.iso"))
    run.land(LandAsk())
    assert desk.show(branch_of(run), "x.iso") == pointer(b"x\n")
