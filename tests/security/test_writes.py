"""What is written outside the declared writes is named, all of it and nothing else: 1,000 random sets, with real git.

Each set has a folder, declared globs and changes of its own; a hundred of them share one workspace and one harvest.
What was changed is found out by the test's own walk, and what a glob covers by the test's own plain reading of it.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from workspaces.sites import Site, made_repository

from forkjoin.model import Task, TaskId

pytestmark = pytest.mark.slow

ROUNDS, SETS = 10, 100
NAMES = (
    "a.py",
    "b.py",
    "c d.txt",
    "-dash",
    "UPPER",
    "e\nf",
    "ü.md",
    "sub/g.py",
    "sub/deep/h.txt",
    "other/i.txt",
    "link",
)
KINDS: dict[str, Callable[[str], bool]] = {
    "a.py": lambda name: name == "a.py",
    "sub": lambda name: name.startswith("sub/"),
    "sub/**": lambda name: name.startswith("sub/"),
    "*.py": lambda name: name.endswith(".py") and "/" not in name,
    "**/*.txt": lambda name: name.endswith(".txt"),
    "new*": lambda name: name.startswith("new") and "/" not in name,
    "-dash": lambda name: name == "-dash",
    "{UPPER,upper}": lambda name: name in ("UPPER", "upper"),
}


def edited(path: Path, chance: random.Random) -> None:
    """Other bytes of the same length, under the same time: only the content tells."""
    state = path.stat()
    path.write_bytes(chance.randbytes(state.st_size))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def grown(path: Path, _: random.Random) -> None:
    with path.open("ab") as file:
        file.write(b"more\n")


def deleted(path: Path, _: random.Random) -> None:
    path.unlink()


def renamed(path: Path, chance: random.Random) -> None:
    path.rename(path.with_name(f"new-{chance.randrange(3)}"))


def cased(path: Path, _: random.Random) -> None:
    path.rename(path.with_name(path.name.swapcase()))


def made_program(path: Path, _: random.Random) -> None:
    path.chmod(0o755)


def linked(path: Path, _: random.Random) -> None:
    path.unlink()
    path.symlink_to("elsewhere")


def folded(path: Path, _: random.Random) -> None:
    path.unlink()
    path.mkdir()
    (path / "in").write_text("in a folder\n")


def made(path: Path, chance: random.Random) -> None:
    folder = path.parent / f"made{chance.randrange(2)}"
    folder.mkdir(exist_ok=True)
    (folder / f"new{chance.randrange(3)}.txt").write_text("new\n")


def replaced(path: Path, _: random.Random) -> None:
    """As editors do: a new file put in its place, with what it had."""
    data = path.read_bytes()
    path.with_name("tmp").write_bytes(data)
    path.with_name("tmp").chmod(path.stat().st_mode)
    path.with_name("tmp").replace(path)


CHANGES = (edited, grown, deleted, renamed, cased, made_program, linked, folded, made, replaced)


def test_every_undeclared_change_is_named_and_no_other(tmp_path: Path, home: Path) -> None:
    site = _site(tmp_path, home)
    run = site.run()
    run.take()
    undeclared = 0
    for number in range(ROUNDS):
        chance = random.Random(number)
        declared = {folder: chance.sample(sorted(KINDS), chance.randrange(4)) for folder in _folders()}
        writes = tuple(f"{folder}/{glob}" for folder, globs in declared.items() for glob in globs)
        task = Task(id=TaskId(f"t{number}"), task="x", writes=writes)
        place = run.open(task)
        root = Path(place.root)
        before = _seen(root)
        for folder in _folders():
            _change(root / folder, chance)
        after = _seen(root)
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        wrong = {path for path in changed if not _covered(path, declared)}
        found = run.harvest(place, task)
        assert {change.path for change in found.files} == changed
        assert set(found.violations) == wrong
        undeclared += len(wrong)
        run.rooms.discard(place)
    assert undeclared > ROUNDS * SETS, "the sets are to have undeclared changes to be named"


def _folders() -> list[str]:
    return [f"set{number}" for number in range(SETS)]


def _site(tmp_path: Path, home: Path) -> Site:
    site = made_repository(tmp_path / "project", home)
    first = site.tree / "set0"
    for number, name in enumerate(NAMES):
        path = first / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to("a.py") if name == "link" else path.write_text(f"content {number}\n")
    for folder in _folders()[1:]:
        shutil.copytree(first, site.tree / folder, symlinks=True)
    site.commit()
    return site


def _change(folder: Path, chance: random.Random) -> None:
    for name in chance.sample(NAMES, chance.randrange(5)):
        path, change = folder / name, chance.choice(CHANGES)
        if path.is_file() and not (path.is_symlink() and change in (edited, grown, made_program, replaced)):
            change(path, chance)


def _seen(root: Path) -> dict[str, tuple[str, bytes]]:
    """Every file and link below the sets as git would have it: kind, and bytes."""
    seen = {}
    for folder, inner, files in os.walk(root):
        inner[:] = [name for name in inner if name != ".git"]
        links = [name for name in inner if Path(folder, name).is_symlink()]
        for name in (*files, *links):
            path = Path(folder, name)
            if path.is_symlink():
                state = ("link", os.fsencode(path.readlink()))
            else:
                state = ("program" if path.stat().st_mode & 0o100 else "file", path.read_bytes())
            seen[path.relative_to(root).as_posix()] = state
    return seen


def _covered(path: str, declared: dict[str, list[str]]) -> bool:
    folder, _, name = path.partition("/")
    # A file that became a folder: what is named as a file covers what lies below it, too.
    names = [name, *("/".join(name.split("/")[:n]) for n in range(1, name.count("/") + 1))]
    plain = ("a.py", "-dash", "{UPPER,upper}")
    return any(
        KINDS[glob](name) or (glob in plain and any(KINDS[glob](above) for above in names))
        for glob in declared.get(folder, ())
    )
