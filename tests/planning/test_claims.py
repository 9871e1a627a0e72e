from __future__ import annotations

import pytest

from forkjoin.model import Claims, Task, Tree
from forkjoin.planning.claims import Ground, claims_of

TREE = Tree(
    root="/t",
    files=(
        "Makefile", "README.md", "docs/auth.md", "pyproject.toml", "src/auth/hash.py", "src/auth/login.py", "src/db.py",
        "src/util.py", "tests/test_auth.py", "web/util.py",
    ),
)  # fmt: skip


def claims(text: str = "", **fields: object) -> Claims:
    return claims_of(Task(task=text, **fields), Ground(TREE))  # type: ignore[arg-type]


def paths(text: str, **fields: object) -> tuple[list[str], list[str]]:
    found = claims(text, **fields)
    return [claim.path for claim in found.writes], [claim.path for claim in found.reads]


@pytest.mark.parametrize(
    ("text", "writes", "reads"),
    [
        ("Fix the bug in src/db.py", ["src/db.py"], []),
        ("Fix the bug in `src/db.py:42`.", ["src/db.py"], []),
        ("Create src/new.py as explained in docs/auth.md.", ["src/new.py"], ["docs/auth.md"]),
        ("Read src/db.py and write a summary to out/summary.md", ["out/summary.md"], ["src/db.py"]),
        ("Add tests for src/db.py to tests/test_db.py", ["tests/test_db.py"], ["src/db.py"]),
        ("Write tests for `hash.py`", [], ["src/auth/hash.py"]),
        ("Update login.py", ["src/auth/login.py"], []),
        ("Harden everything under src/auth/", ["src/auth"], []),
        ("Reformat `src/**/*.py`", ["src/**/*.py"], []),
        ("Bump the version in pyproject.toml; do not touch README.md", ["pyproject.toml"], ["README.md"]),
        ("docs/auth.md explains the scheme. Rewrite src/auth/hash.py", ["src/auth/hash.py"], ["docs/auth.md"]),
        ("src/db.py needs a retry", ["src/db.py"], []),
        ("Make the code faster; see https://example.org/src/db.py and/or version 1.2.3", [], []),
        ("Make it read/write, i.e. e.g. Foo.bar and self.x", [], []),
        ("Look at /etc/passwd and ../other/x.py and .git/config", [], []),
        ("Improve util.py", ["src/util.py", "web/util.py"], []),
        ("Edit the `Makefile`", ["Makefile"], []),
        ("```python\nopen('nope.txt'); 'src/db.py'\n```\nFix src/util.py", ["src/util.py"], ["src/db.py"]),
        ("", [], []),
    ],
)
def test_what_a_text_names_is_read_or_written(text: str, writes: list[str], reads: list[str]) -> None:
    fields = {} if text else {"command": ["ls"]}
    assert paths(text, **fields) == (writes, reads)


def test_declared_writes_are_the_last_word() -> None:
    found = claims("Fix src/db.py and src/util.py", writes=["src/util.py"])
    assert [(claim.path, claim.confidence) for claim in found.writes] == [("src/util.py", 1.0)]
    assert [claim.path for claim in found.reads] == ["src/db.py"]
    assert found.reads[0].confidence < 1
    assert "named in task" in found.reads[0].why


def test_context_and_role_name_only_what_is_read() -> None:
    assert paths("Fix src/db.py", context="change src/util.py", role="owner of docs/auth.md") == (
        ["src/db.py"], ["src/util.py", "docs/auth.md"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("task", "bounded"),
    [
        (Task(task="Make it better"), False),
        (Task(task="Read src/db.py"), False),
        (Task(task="Fix src/db.py"), True),
        (Task(task="Fix src/db.py and rename it everywhere"), False),
        (Task(task="Fix src/db.py across the whole codebase"), False),
        (Task(task="Make it better everywhere", writes=["src"]), True),
        (Task(task="Make it better", writes=[]), True),
        (Task(task="Review it", permission="read-only"), True),
        (Task(task="ruff", agent="static"), True),
        (Task(command=["pytest", "-q"]), False),
        (Task(command=["pytest"], writes=[]), True),
        (Task(command=["touch", "src/db.py"], writes=["src/db.py"]), True),
        (Task(shell="a | b"), False),
        (Task(function="m:f"), False),
    ],
)
def test_it_is_told_whose_writes_cannot_be_told(task: Task, bounded: bool) -> None:
    assert claims_of(task, Ground(TREE)).bounded is bounded


def test_a_task_that_reads_only_claims_no_writes() -> None:
    assert paths("Fix src/db.py", permission="read-only") == ([], ["src/db.py"])


def test_a_hostile_text_costs_little() -> None:
    for text in (
        "a/" * 50_000,
        "`" * 50_000,
        "src/db.py " * 5_000,
        "." * 50_000,
        "do not " * 10_000 + "x.py",
        "```\n" * 9000,
    ):
        claims(text)
