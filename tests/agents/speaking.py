"""Puts the stand-in of `talker.py` on the PATH under the name of a coding agent."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest


def put_talker(folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let the programs *names* be the stand-in."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {Path(__file__).with_name("talker.py")} "$@"\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made-up")
