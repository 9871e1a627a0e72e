"""A project with one planted problem for each analyser, and what a real run of one gives."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import msgspec

from forkjoin.agents import EndedAttempt, Judgement, Site, dialect
from forkjoin.model import Claimed, Exit, Place, Process, Stream, Task

PLANTED: dict[str, str] = {
    "app.py": (
        '"""Planted."""\n\nimport os\nimport subprocess\n\n\ndef run(command, seen=[]):\n'
        "    subprocess.call(command, shell=True)\n    return undefined_name\n\n\n"
        "def quiet(command):\n    subprocess.call(command, shell=True)  # noqa: S602  # nosec\n\n\n"
        "def copy(items):\n    out = []\n    for item in items:\n        out.append(item * 2)\n    return out\n"
    ),
    "deep.py": (
        "def deep(a, b, c, d, e, f, g):\n    for i in a:\n        for j in b:\n            if j:\n"
        "                for k in c:\n"
        "                    if k and i or j:\n                        while k:\n                            if d:\n"
        "                                k -= 1\n                            elif e:\n"
        "                                continue\n"
        "    return f, g\n"
    ),
    "gone.py": "def never_called(a):\n    return a\n    print(a)\n",
    "docs.py": (
        'class Undocumented:\n    pass\n\n\ndef half(a, b):\n    """Halve.\n\n    Args:\n        a: one.\n    """\n'
    ),
    "broken.py": "def broken(:\n",
    "notes.md": "We recieve teh notes.\n",
    "tests/test_app.py": ("import pytest\n\n\ndef test_one():\n    with pytest.raises(Exception):\n        assert 1\n"),
    "odd dir/-dash é.py": "import os\n",
    "odd dir/new\nline.py": "eval(input())\n",
}


def write(root: Path, files: dict[str, str]) -> Path:
    """Write *files* below *root*."""
    root.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


class Ran:
    """What one real run of an analyser gave."""

    def __init__(self, judged: Judgement) -> None:
        self.outcome, self.answer = judged.outcome, judged.answer
        listed = msgspec.json.decode(judged.value or b'{"findings":[]}')["findings"]
        self.findings = [msgspec.convert(item, Claimed) for item in listed]
        self.rules = {finding.rule for finding in self.findings}
        self.places = {(finding.path, finding.rule) for finding in self.findings}


def run_analyser(
    name: str, root: Path, scratch: Path, *, reads: tuple[str, ...] | None, environ: dict[str, str]
) -> Ran:
    """Run one analyser on a tree as the engine does: its own invocation, its own judgement."""
    place = Place(kind="shared", root=str(root), cwd=str(root))
    task = Task(agent="static", task=name, output="findings", reads=reads)
    site = Site(place=place, brief="", scratch=str(scratch), environ={**os.environ, **environ}, files=files_of(root))
    asked = dialect("static").invocation(task, site)
    assert isinstance(asked, Process)
    done = done_process(asked)
    exit_ = Exit(how="exited", code=done.returncode, stdout=Stream(bytes=len(done.stdout)))
    ended = EndedAttempt(exit=exit_, stdout=done.stdout, stderr=done.stderr, place=place)
    return Ran(dialect("static").judge(task, ended))


def done_process(asked: Process) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, as a backend would."""
    stdin = Path(asked.stdin).read_bytes() if asked.stdin else b""
    return subprocess.run(asked.argv, cwd=asked.cwd, env=asked.env, input=stdin, capture_output=True, check=False)


def files_of(root: Path) -> tuple[str, ...]:
    """List the files of a tree as the engine hands them over."""
    return tuple(sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()))


def fingerprint(root: Path) -> dict[str, tuple[str, int, int]]:
    """Names, bytes, modes and times of everything in a tree."""
    out = {}
    for path in sorted(root.rglob("*")):
        seen = path.lstat()
        data = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        out[path.relative_to(root).as_posix()] = (data, seen.st_mode, seen.st_mtime_ns)
    return out
