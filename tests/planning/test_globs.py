from __future__ import annotations

import time

import pytest

from forkjoin.errors import PlanError
from forkjoin.planning import covering, overlap


@pytest.mark.parametrize(
    ("a", "b", "witness"),
    [
        ("src/a.py", "src/a.py", "src/a.py"),
        ("src/auth", "src/auth/x.py", "src/auth/x.py"),
        ("src/auth", "src/auth/**", "src/auth/x"),
        ("a/**", "a", "a/x"),
        ("a/**/c", "a/c", "a/c"),
        ("a/**/c", "a/b/b/c", "a/b/b/c"),
        ("**/t.py", "src/*", "src/t.py"),
        ("*a*b", "a*c*b", "acab"),
        ("src/*.py", "src/[!a]b.py", "src/xb.py"),
        ("x/{a,b}/c", "x/b/*", "x/b/c"),
        ("{a,{b,c}}/d", "c/d", "c/d"),
        ("**", "any/where", "any/where"),
        ("[a-c].py", "[b-z].py", "b.py"),
        ("[]x]", "]", "]"),
        ("[^a]", "b", "b"),
        ("a[", "a[", "a["),
        ("a\\*", "a[*]", "a*"),
        ("{a", "{a", "{a"),
        ("e\u0301.py", "\u00e9.py", "\u00e9.py"),
        ("a?c", "a*", "axc"),
    ],
)
def test_globs_that_meet_show_a_path(a: str, b: str, witness: str) -> None:
    assert overlap(a, b) == witness
    assert overlap(b, a) is not None


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("src/a.py", "src/b.py"),
        ("src/auth", "src/auth2"),
        ("src/auth/**", "src/authors/**"),
        ("*.py", "src/*.py"),
        ("a/**", "*"),
        ("*.py", "*.js"),
        ("a?", "a"),
        ("*", "a/b"),
        ("[z-a]", "*"),
        ("[!a-z]", "q"),
        ("A", "a"),
        ("a\\*", "ab"),
        ("a/*/c", "a/b/d"),
    ],
)
def test_a_glob_never_meets_its_sibling(a: str, b: str) -> None:
    assert overlap(a, b) is None
    assert overlap(b, a) is None


def test_case_is_folded_only_where_the_tree_folds_it() -> None:
    assert overlap("SRC/A.py", "src/a.PY", folds_case=True) == "src/a.py"
    assert overlap("[A-C]x", "bX", folds_case=True) == "bx"
    assert overlap("STRASSE", "straße", folds_case=True) == "strasse"
    assert overlap("SRC/A.py", "src/a.py") is None


def test_pathological_globs_stay_cheap() -> None:
    started = time.process_time()
    assert overlap("*a" * 100 + "b", "*a" * 100 + "c") is None
    assert overlap("**/*a/" * 60 + "b", "**/a*/" * 60 + "c") is None
    covered = covering(["*a" * 100 + "b"])
    assert not covered("a" * 200)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("glob", ["*" * 2 + "a" * 300, "a/" * 600 + "*", "{" * 600 + "a,b" + "}" * 600, "{a,b}" * 30])
def test_a_glob_too_large_is_refused(glob: str) -> None:
    with pytest.raises(PlanError):
        overlap(glob, glob)


def test_covering_says_which_changes_were_declared() -> None:
    covered = covering(["src/auth", "docs/*.md", "**/test_*.py", "[ab].txt"])
    assert [path for path in (
        "src/auth", "src/auth/x/y.py", "src/authors/x.py", "docs/a.md", "docs/sub/a.md", "deep/er/test_x.py", "a.txt",
        "c.txt",
    ) if covered(path)] == ["src/auth", "src/auth/x/y.py", "docs/a.md", "deep/er/test_x.py", "a.txt"]  # fmt: skip
    assert covering(["SRC"], folds_case=True)("src/a")
    assert not covering([])("a")
    assert not covering(["*/**/**"])("a")
