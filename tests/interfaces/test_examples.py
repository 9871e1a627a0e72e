"""Every example of every help does what it says, on real runs."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from interfaces.conftest import PROGRAM
from transcripts.made import ClaudeSession
from transcripts.test_serial import one_after_another

from forkjoin.interfaces.cli.table import VERBS

pytestmark = pytest.mark.slow
# What an example needs that a test machine may not have, or what would take long, put in its place.
INSTEAD = {"RUN": None, "'pytest -q'": "'echo tests'", "'ruff check .'": "'echo lint'", "wait --timeout 10m": "wait",
           "forkjoin mcp": "forkjoin mcp --json", "~/.claude/projects": "session.jsonl"}  # fmt: skip
EXAMPLES = {
    verb: [command for command, _ in importlib.import_module(f"forkjoin.interfaces.cli.verbs.{verb}").EXAMPLES]
    for verb in VERBS
}
# What is said of an example that this run has nothing for.
REFUSED = {
    "forkjoin retry auth": "--force",  # it has completed
    "forkjoin watch auth --tty": "a terminal",
    "forkjoin send": "keeps no session",  # its tasks are commands
    "forkjoin agents --smoke": "no coding agent is here",
}
# The exit codes that an example may end with: of a run in which one task failed.
CODES = {
    "land": {0, 3},
    "export": {0, 3},
    "wait": {0, 3},
    "watch": {3},
    "output": {0},
    "report": {0},
    "check": {0, 6},
    "rm": {0, 2},
    "resume": {0, 3},
    "transcripts": {1},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a `tree` and the `state` of a run that is over, made once a worker, and the run's id.

    The run is over `auth` (which changed a file), `billing`, and one that failed.
    """
    top = tmp_path_factory.mktemp("project") / "kept"
    tree = top.parent / "here" / "tree"  # where it is put for each test: what a run remembers is absolute
    _write(tree)
    for words in ("init -q -b main", "config user.name Reader", "config user.email r@example.org", "add -A",
                  "commit -qm First"):  # fmt: skip
        subprocess.run(["git", *words.split()], cwd=tree, check=True)
    environ = os.environ | {"FORKJOIN_HOME": str(tree.parent / "state")}
    line = f"{shlex.join(PROGRAM)} run plan.yaml --json; {shlex.join(PROGRAM)} export --bundle given.tar.gz >&2"
    done = subprocess.run(["sh", "-c", line], cwd=tree, env=environ, capture_output=True, check=False)
    assert (tree / "given.tar.gz").exists(), done.stderr
    tree.parent.rename(top)
    return top, str(json.loads(done.stdout)["run"])


def _write(tree: Path) -> None:
    (tree / "src").mkdir(parents=True)
    (tree / "src" / "app.py").write_text("import os\n")
    for name in ("a", "b"):
        (tree / "src" / name).mkdir()
        (tree / "src" / name / "part.py").write_text("part = 1\n")
    (tree / "commands.txt").write_text("echo one\necho two\n")
    tasks = """
tasks:
  - {id: auth, shell: "seq 1 20000; echo x > made.txt", writes: [made.txt]}
  - {id: billing, shell: echo billed, writes: []}
  - {id: search, shell: exit 1, writes: []}
"""
    (tree / "plan.yaml").write_text(tasks)
    (tree / "plan.json").write_text('{"tasks": [{"id": "a", "shell": "true", "writes": []}]}')
    (tree / "answer.md").write_text("Keep them readable\n")
    (tree / "scan.sarif").write_text('{"version": "2.1.0", "runs": []}')
    story = ClaudeSession()
    one_after_another(story)
    (tree / "session.jsonl").write_bytes(story.lines)


@pytest.fixture
def project(forkjoin, made, monkeypatch):
    """Put the tree and the state folder where they were made, for a test of its own; return the door and the run."""
    kept, run = made
    place = kept.parent / "here"
    shutil.copytree(kept, place, symlinks=True)
    monkeypatch.setenv("FORKJOIN_HOME", str(place / "state"))
    monkeypatch.chdir(place / "tree")
    forkjoin.tree = place / "tree"
    yield forkjoin, run
    used = place.rename(kept.parent / "used")  # in one step: what still wrote there would find no folder
    shutil.rmtree(used, ignore_errors=True)


def _done(forkjoin, line: str) -> tuple[int, str]:
    """Return exit code and stderr of an example; a line that needs no shell is answered in this process."""
    if not re.search(r"[|<>$()\"&]", line):
        code, _, err = forkjoin(*shlex.split(line, comments=True)[1:])
        return code, err
    done = forkjoin.shell(f"set -o pipefail\n{line}\n")
    return done.returncode, done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_the_examples_of_a_verb_do_what_they_say(project, verb: str) -> None:
    forkjoin, run = project
    for command in EXAMPLES[verb]:
        line = command.replace("jq", "cat #")  # that it is JSON is tested elsewhere
        for said, instead in INSTEAD.items():
            line = line.replace(said, instead or run)
        returncode, stderr = _done(forkjoin, line)
        assert "Traceback" not in stderr
        refused = REFUSED.get(command, REFUSED.get(f"forkjoin {verb}", ""))
        if refused:
            assert refused in stderr, (line, returncode, stderr)
            continue
        allowed = CODES.get(verb, {0, 1, 3} if verb in ("run", "review") else {0})
        assert returncode in allowed, (line, returncode, stderr)
        if verb in ("retry", "stop") or "--detach" in command:
            forkjoin("wait")
    if verb == "diff":  # the last example took the change over by hand
        assert (forkjoin.tree / "made.txt").read_text() == "x\n"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("status", "did you mean: forkjoin show?"),
        ("ps", "did you mean: forkjoin ls?"),
        ("logs", "did you mean: forkjoin log?"),
        ("cancel", "did you mean: forkjoin stop?"),
        ("kill", "did you mean: forkjoin stop?"),
        ("rerun", "did you mean: forkjoin retry?"),
        ("attach", "did you mean: forkjoin watch?"),
        ("merge", "did you mean: forkjoin land?"),
        ("apply", "did you mean: forkjoin land?"),
        ("chekc", "did you mean: forkjoin check?"),
        ("", "see: forkjoin --help"),
    ],
)
def test_a_near_word_is_answered_with_the_verb(forkjoin, word: str, said: str) -> None:
    code, out, err = forkjoin(word)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("argv", [("-C", "/tmp", "ls"), ("-q", "run", "p.yaml"), ("-j", "2", "run", "p.yaml")])
def test_a_flag_before_the_verb_is_told_its_place(forkjoin, argv: tuple[str, ...]) -> None:
    code, _, err = forkjoin(*argv)
    assert code == 2
    assert f"flags stand behind it: forkjoin VERB {argv[0]} ..." in err


def test_an_unknown_flag_of_the_group_is_only_unknown(forkjoin) -> None:
    code, _, err = forkjoin("--frob")
    assert code == 2
    assert "stand behind" not in err
