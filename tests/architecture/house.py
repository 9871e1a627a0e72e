"""What the tests of the house share: the files of the tree, and the modules of src with what they import."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


@cache
def files() -> tuple[Path, ...]:
    """Return the files of the project: what git knows or would take, or all of it where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout.decode()
        found = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not any(part in _LEFT_OUT for part in path.parts)]
    return tuple(sorted(path for path in found if path.is_file() and not path.is_symlink()))


_LEFT_OUT = {".git", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "dist"}


def ours(*folders: str) -> Iterator[Path]:
    """Yield the Python files below *folders* (or files) of the root, without recorded data."""
    data = ROOT / "tests" / "data"
    for path in files():
        inside = any(path == ROOT / folder or path.is_relative_to(ROOT / folder) for folder in folders)
        if path.suffix == ".py" and inside and not path.is_relative_to(data):
            yield path


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def module_name(path: Path) -> str:
    """Return `forkjoin.model.task` for src/forkjoin/model/task.py, and the package's name for its `__init__`."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> dict[str, Path]:
    """Return every module of src by name."""
    return {module_name(path): path for path in ours("src")}
