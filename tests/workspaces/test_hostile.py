"""Payloads that an agent may leave in its clone: none runs when forkjoin harvests.

Each payload first runs under plain git, so that a test here cannot pass because its payload is broken.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from workspaces.sites import git_in, hows

Plant = Callable[[Path, Path], None]


def program(canary: Path) -> Path:
    """Return a program that leaves a canary, whatever it is called as."""
    path = canary.with_name("payload")
    path.write_text(f"#!/bin/sh\ntouch {canary}\ncat 2>/dev/null\nexit 0\n")
    path.chmod(0o755)
    return path


def watcher(root: Path, canary: Path) -> None:
    git_in(root, "config", "core.fsmonitor", str(program(canary)))


def hooks_path(root: Path, canary: Path) -> None:
    hooks = root / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "pre-commit", "reference-transaction"):
        shutil.copy(program(canary), hooks / name)
    git_in(root, "config", "core.hooksPath", str(hooks))


def hooks_in_git(root: Path, canary: Path) -> None:
    git_in(root, "config", "--unset", "core.hooksPath")
    (root / ".git/hooks").mkdir(exist_ok=True)
    shutil.copy(program(canary), root / ".git/hooks/post-index-change")


def clean_filter(root: Path, canary: Path) -> None:
    git_in(root, "config", "filter.x.clean", str(program(canary)))
    (root / ".gitattributes").write_text("* filter=x\n")
    (root / ".git/info/attributes").unlink()


def process_filter(root: Path, canary: Path) -> None:
    git_in(root, "config", "filter.x.process", str(program(canary)))
    (root / ".git/info/attributes").write_text("* filter=x\n")


def text_conversion(root: Path, canary: Path) -> None:
    git_in(root, "config", "diff.x.textconv", str(program(canary)))
    (root / ".gitattributes").write_text("* diff=x\n")


def external_diff(root: Path, canary: Path) -> None:
    git_in(root, "config", "diff.external", str(program(canary)))


def shell_alias(root: Path, canary: Path) -> None:
    # git ignores an alias of its own commands; `co` stands for the ones that people type.
    git_in(root, "config", "alias.co", f"!{program(canary)}")


def git_file(root: Path, canary: Path) -> None:
    """Swap `.git` for a file that leads to a repository elsewhere."""
    elsewhere = canary.with_name("elsewhere")
    shutil.copytree(root / ".git", elsewhere)
    shutil.rmtree(root / ".git")
    (root / ".git").write_text(f"gitdir: {elsewhere}\n")
    subprocess.run(("git", "--git-dir", str(elsewhere), "config", "core.fsmonitor", str(program(canary))), check=True)


def git_link(root: Path, canary: Path) -> None:
    elsewhere = canary.with_name("elsewhere")
    (root / ".git").rename(elsewhere)
    (root / ".git").symlink_to(elsewhere)
    subprocess.run(("git", "--git-dir", str(elsewhere), "config", "core.fsmonitor", str(program(canary))), check=True)


def common_dir(root: Path, canary: Path) -> None:
    elsewhere = canary.with_name("elsewhere")
    shutil.copytree(root / ".git", elsewhere)
    subprocess.run(("git", "--git-dir", str(elsewhere), "config", "core.fsmonitor", str(program(canary))), check=True)
    (root / ".git/commondir").write_text(f"{elsewhere}\n")


def worktree_config(root: Path, canary: Path) -> None:
    git_in(root, "config", "core.repositoryFormatVersion", "1")
    git_in(root, "config", "extensions.worktreeConfig", "true")
    (root / ".git/config.worktree").write_text(f'[core]\n\tfsmonitor = "{program(canary)}"\n')


def included_config(root: Path, canary: Path) -> None:
    (root / "innocent.txt").write_text(f'[core]\n\tfsmonitor = "{program(canary)}"\n')
    git_in(root, "config", "include.path", str(root / "innocent.txt"))


def embedded_filter(root: Path, canary: Path) -> None:
    """A repository inside, added as a submodule: git asks it for its state, with its own settings."""
    inner = root / "inner"
    inner.mkdir()
    (inner / "f").write_text("1\n")
    git_in(inner, "init", "-q")
    git_in(inner, "add", "f")
    git_in(inner, "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "x")
    git_in(root, "-c", "advice.addEmbeddedRepo=false", "add", "inner")
    git_in(inner, "config", "filter.x.clean", str(program(canary)))
    (inner / ".gitattributes").write_text("* filter=x\n")
    (inner / "f").write_text("2\n")


def bare_inside(root: Path, canary: Path) -> None:
    """A folder that looks like a bare repository: git run from within it takes its settings."""
    inner = root / "fixtures"
    shutil.copytree(root / ".git", inner)
    (inner / "config").write_text(f'[core]\n\tbare = true\n\tfsmonitor = "{program(canary)}"\n')


def smudge_filter(root: Path, canary: Path) -> None:
    git_in(root, "config", "filter.x.smudge", str(program(canary)))
    (root / ".git/info/attributes").write_text("* filter=x\n")
    (root / "a.txt").unlink()


def diff_driver(root: Path, canary: Path) -> None:
    git_in(root, "config", "diff.x.command", str(program(canary)))
    (root / ".gitattributes").write_text("* diff=x\n")


def editor(root: Path, canary: Path) -> None:
    git_in(root, "config", "core.editor", str(program(canary)))


def ssh_command(root: Path, canary: Path) -> None:
    git_in(root, "config", "core.sshCommand", f"touch '{canary}'; exit 1 #")  # it must not wait for what git says
    git_in(root, "config", "remote.origin.url", "ssh://nobody.invalid/x")


def merge_driver(root: Path, canary: Path) -> None:
    git_in(root, "config", "merge.x.driver", str(program(canary)))
    (root / ".git/info/attributes").write_text("* merge=x\n")
    git_in(root, "checkout", "-q", "-b", "other")
    for branch in ("other", "main"):
        git_in(root, "checkout", "-q", branch)
        (root / "a.txt").write_text(f"{branch}\n")
        git_in(root, "commit", "-qam", branch)


PLANTS: dict[str, tuple[Plant, tuple[str, ...]]] = {
    "fsmonitor": (watcher, ("status",)),
    "hooks path": (hooks_path, ("add", "-A")),
    "hooks in .git": (hooks_in_git, ("add", "-A")),
    "clean filter": (clean_filter, ("add", "-A")),
    "process filter": (process_filter, ("add", "-A")),
    "textconv": (text_conversion, ("diff",)),
    "external diff": (external_diff, ("diff",)),
    "alias": (shell_alias, ("co",)),
    ".git file": (git_file, ("status",)),
    ".git link": (git_link, ("status",)),
    "commondir": (common_dir, ("status",)),
    "config.worktree": (worktree_config, ("status",)),
    "included config": (included_config, ("status",)),
    "embedded repository": (embedded_filter, ("status",)),
    "smudge filter": (smudge_filter, ("checkout", "--", "src/b.py", "a.txt")),
    "diff driver": (diff_driver, ("diff",)),
    "editor": (editor, ("commit", "--amend", "-a")),
    "ssh command": (ssh_command, ("fetch", "origin")),
    "merge driver": (merge_driver, ("merge", "-q", "other")),
    "bare repository": (bare_inside, ("-C", "fixtures", "--work-tree=..", "status")),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_payload_that_runs_under_plain_git_does_not_run_on_harvest(site, tmp_path, name):
    plant, plain = PLANTS[name]
    run = site.run()
    place = run.open()
    root, canary = Path(place.root), tmp_path / "canary"
    plant(root, canary)
    (root / "a.txt").write_text("changed\n")
    subprocess.run(("git", *plain), cwd=root, capture_output=True, check=False)
    assert canary.exists(), "the payload does not work, so the test shows nothing"
    canary.unlink()
    (root / "a.txt").write_text("changed again\n")
    before = site.fingerprint()
    changes = run.harvest(place)
    run.rooms.merged(place.base, [changes.commit], name="m")
    run.open("next", base=changes.commit)
    run.rooms.discard(place)
    assert not canary.exists()
    assert hows(changes)["a.txt"] == "modified"
    assert site.fingerprint() == before


def test_settings_of_the_callers_environment_do_not_reach_git(site, tmp_path, monkeypatch):
    canary = tmp_path / "canary"
    payload = program(canary)
    for name, value in {
        "GIT_DIR": str(tmp_path), "GIT_WORK_TREE": str(tmp_path), "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": str(payload),
        "GIT_EXTERNAL_DIFF": str(payload), "GIT_OBJECT_DIRECTORY": str(tmp_path), "GIT_NAMESPACE": "x",
        "GIT_LITERAL_PATHSPECS": "1", "GIT_TRACE": "1", "GIT_PAGER": str(payload), "GIT_TEMPLATE_DIR": str(tmp_path),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    run = site.run()
    place = run.open()
    (Path(place.root) / "a.txt").write_text("changed\n")
    assert hows(run.harvest(place)) == {"a.txt": "modified"}
    assert not canary.exists()
    assert not (tmp_path / "index").exists()


def test_a_clone_that_lost_its_git_folder_or_its_objects_is_harvested(site):
    run = site.run()
    place = run.open()
    root = Path(place.root)
    shutil.rmtree(root / ".git")
    (root / "a.txt").write_text("changed\n")
    assert hows(run.harvest(place)) == {"a.txt": "modified"}


def test_an_index_that_the_agent_forged_hides_nothing(site):
    run = site.run()
    place = run.open()
    root = Path(place.root)
    git_in(root, "update-index", "--assume-unchanged", "a.txt")
    git_in(root, "update-index", "--skip-worktree", "src/b.py")
    (root / "a.txt").write_text("changed\n")
    (root / "src/b.py").write_text("changed\n")
    (root / ".git/info/exclude").write_text("*\n")
    (root / "new.txt").write_text("new\n")
    assert hows(run.harvest(place)) == {"a.txt": "modified", "new.txt": "added", "src/b.py": "modified"}


def test_names_that_look_like_options_or_commands_are_only_names(site):
    run = site.run()
    place = run.open()
    names = ["--help", "-z", "feature done", "M 100644 inline x", "data 5", "$(touch canary)", "a\ndone\nD a.txt"]
    for name in names:
        (Path(place.root) / name).write_text("done\nD a.txt\n")
    assert hows(run.harvest(place)) == dict.fromkeys(names, "added")


def test_a_file_that_shrinks_while_it_is_read_does_not_break_the_commit(site, monkeypatch):
    run = site.run()
    place = run.open()
    path = Path(place.root) / "a.txt"
    path.write_text("x" * 100)
    true_fstat = os.fstat

    def shrinking(handle: int) -> os.stat_result:
        state = true_fstat(handle)
        if os.path.samestat(state, path.stat()):
            os.truncate(path, 10)
        return state

    monkeypatch.setattr("forkjoin.workspaces.harvest.os.fstat", shrinking)
    changes = run.harvest(place)
    assert run.git("cat-file", "-s", f"{changes.commit}:a.txt") == "100\n"
