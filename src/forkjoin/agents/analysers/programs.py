"""Where an analyser's program lies: beside our own Python first, then on PATH, then as a module of our Python."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from shutil import which

HINT = "pip install 'forkjoin[review]'"
MODULES = frozenset(
    ("bandit", "vulture", "ruff", "complexipy", "typos", "deptry", "coverage")
)  # those that answer to `python -m`


def located(program: str, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the start of the command line of *program*, () where it is not here."""
    beside = Path(sys.executable).parent if sys.executable else None  # not resolved: a venv's python is a symlink
    if beside is not None and (found := which(program, path=str(beside))):
        return (found,)
    if found := which(program, path=None if environ is None else environ.get("PATH", "")):
        return (found,)
    if program in MODULES and sys.executable and find_spec(program) is not None:
        return (sys.executable, "-I", "-m", program)  # -I: the reviewed tree must not stand on the import path
    return ()
