"""Declared globs, and files that run by themselves."""

from __future__ import annotations

import pytest

from forkjoin.workspaces.declared import RUNS, covered, runs_by_itself

CASES = [
    ("src", "src", True),
    ("src", "src/a/b.py", True),
    ("src/", "src/a", True),
    ("./src", "src/a", True),
    ("src", "srcs/a", False),
    ("src/*.py", "src/a.py", True),
    ("src/*.py", "src/a/b.py", False),
    ("src/*", "src/a/b", False),
    ("src/**", "src/a/b", True),
    ("src/**", "src", False),
    ("**/x.py", "x.py", True),
    ("**/x.py", "a/b/x.py", True),
    ("**/x.py", "a/xx.py", False),
    ("**/d/**", "a/d/b", True),
    ("**/d/**", "d/b/", True),
    ("**/d/**", "a/d", False),
    ("**/d/**", "d/", False),
    ("**/d/**", "a/dd/b", False),
    ("**/d", "a/d/", False),
    ("**/[d]/**", "d/b", True),
    (r"**/\*", "a/*", True),
    (r"**/\*", "a/b", False),
    ("a/**/b", "a/b", True),
    ("a/**/b", "a/c/d/b", True),
    ("**", "any/thing", True),
    ("?.py", "a.py", True),
    ("?.py", "ab.py", False),
    ("?", "/", False),
    ("[ab].py", "b.py", True),
    ("[!ab].py", "b.py", False),
    ("[^ab].py", "c.py", True),
    ("[a-c]x", "bx", True),
    ("a[/]b", "a/b", False),
    ("x[!a]y", "x/y", False),
    ("[]]", "]", True),
    ("[z-a]", "b", False),
    ("a[b", "a[b", True),
    ("{a,b}/c", "b/c", True),
    ("{a,b/{c,d}}", "b/d", True),
    ("{a}", "{a}", True),
    (r"\*.py", "*.py", True),
    (r"\*.py", "a.py", False),
    (r"a\{b,c}", "a{b,c}", True),
    ("a.b", "axb", False),
    ("line\nbreak*", "line\nbreak\n!", True),
    ("*", "e\u0301", True),
    ("caf\u00e9", "cafe\u0301", True),
    ("A.py", "a.py", False),
    ("", "a", True),
    (".", "a/b", True),
]


@pytest.mark.parametrize(("glob", "path", "is_covered"), CASES)
def test_a_glob_covers_what_it_says(glob, path, is_covered):
    assert covered((glob,))(path) is is_covered


def test_case_counts_but_where_the_tree_folds_it():
    assert covered(("SRC/*.PY",), folds_case=True)("src/a.py")


def test_no_globs_cover_nothing():
    assert not covered(())("a")


def test_braces_without_end_cost_no_time_and_cover_nothing_by_accident():
    assert not covered(("{a,b}" * 40,))("c")


@pytest.mark.parametrize(
    "path",
    [
        ".claude/settings.json", "deep/.mcp.json", ".github/workflows/x.yml", "Makefile", "sub/makefile", "x.pth",
        ".husky/pre-commit", "lib/y.pth", ".envrc", "package.json", "a/setup.py", ".vscode/tasks.json",
        ".CLAUDE/settings.json", ".pre-commit-config.yaml", ".gitattributes", ".codex/config.toml",
    ],
)  # fmt: skip
def test_files_that_run_by_themselves_are_known(path):
    assert runs_by_itself(path)


@pytest.mark.parametrize("path", ["src/main.py", "README.md", "docs/makefile.md", "claude/settings.json", "x.pthx"])
def test_plain_files_are_not_flagged(path):
    assert not runs_by_itself(path)


def test_the_table_has_no_glob_twice():
    assert len(set(RUNS)) == len(RUNS)
