"""Which paths a plan may name, and the one form they are kept in."""

from __future__ import annotations

import pytest

from forkjoin.errors import PlanError
from forkjoin.planning.braces import MAX_ALTERNATIVES, MAX_GLOB, MAX_PATH, expanded
from forkjoin.planning.paths import inside


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("src/a.py", "src/a.py"),
        ("./src/a.py", "src/a.py"),
        ("src//a.py", "src/a.py"),
        ("src/./a.py", "src/a.py"),
        ("src/", "src"),
        ("src/auth/**", "src/auth/**"),
        (".", "**"),
        ("./", "**"),
        ("**", "**"),
        ("a/{b,c}/*.py", "a/{b,c}/*.py"),
        (" a", " a"),
        ("a\nb", "a\nb"),
        ("caf\u00e9", "caf\u00e9"),
        ("a\udcff", "a\udcff"),
        ("-rf", "-rf"),
        ("C:", "C:"),
        ("~user/x", "~user/x"),
        ("a\\b", "a\\b"),
        (".gitmodules", ".gitmodules"),
        ("x.git/config", "x.git/config"),
        ("git~2", "git~2"),
    ],
)
def test_a_path_inside_the_tree_is_kept_in_one_form(written: str, kept: str) -> None:
    assert inside(written, where="writes") == kept
    assert inside(kept, where="writes") == kept


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "a path is empty"),
        ("  \t", "a path is empty"),
        ("a\0b", "NUL"),
        ("/", "is absolute"),
        ("//x", "is absolute"),
        ("/etc/passwd", "is absolute"),
        ("~", "is absolute"),
        ("~/x", "is absolute"),
        ("C:/x", "is absolute"),
        ("c:\\x", "is absolute"),
        ("..", "leaves the tree"),
        ("a/../..", "leaves the tree"),
        ("../x", "leaves the tree"),
        ("a/..", "leaves the tree"),
        ("a/\\.\\./b", "leaves the tree"),
        ("{a,/etc}", "is absolute"),
        ("{a,../b}/c", "leaves the tree"),
        ("a{/..,}/b", "leaves the tree"),
        (".git", "git's own folder"),
        (".git/config", "git's own folder"),
        ("sub/.git/hooks/x", "git's own folder"),
        (".GIT", "git's own folder"),
        (".Git ", "git's own folder"),
        (".git.", "git's own folder"),
        ("GIT~1", "git's own folder"),
        (".g\u200cit", "git's own folder"),
        ("\ufeff.git", "git's own folder"),
        ("\\.git/x", "git's own folder"),
        ("{.g,x}it", "git's own folder"),
    ],
)
def test_a_path_that_leaves_the_tree_or_enters_git_is_refused(written: str, why: str) -> None:
    with pytest.raises(PlanError) as caught:
        inside(written, where="tasks[0].writes")
    assert why in caught.value.why
    assert caught.value.where == "tasks[0].writes"
    assert caught.value.next_step


def test_a_refused_path_is_refused_again_with_the_place_of_the_second_asker() -> None:
    for where in ("first", "second"):
        with pytest.raises(PlanError) as caught:
            inside("../a", where=where)
        assert caught.value.where == where


def test_a_hostile_path_is_shown_cut() -> None:
    with pytest.raises(PlanError) as caught:
        inside("/" + "x" * 4000, where="writes")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("glob", "meant"),
    [
        ("a", ("a",)),
        ("{a,b}", ("a", "b")),
        ("x{a,b}y", ("xay", "xby")),
        ("{a,b}{c,d}", ("ac", "ad", "bc", "bd")),
        ("{a,{b,c}}", ("a", "b", "c")),
        ("{a,}", ("a", "")),
        ("{,a}b", ("b", "ab")),
        ("{a}", ("{a}",)),
        ("{}", ("{}",)),
        ("{a,b", ("{a,b",)),
        ("a,b}", ("a,b}",)),
        ("\\{a,b}", ("\\{a,b}",)),
        ("{a\\,b}", ("{a\\,b}",)),
        ("{a,b\\}", ("{a,b\\}",)),
        ("{{a,b}", ("{a", "{b")),
        ("{a}{b,c}", ("{a}b", "{a}c")),
        ("{a/b,c}/d", ("a/b/d", "c/d")),
        ("{a,a}", ("a",)),
        ("a\\", ("a\\",)),
    ],
)
def test_braces_are_written_out_in_order(glob: str, meant: tuple[str, ...]) -> None:
    assert expanded(glob) == meant


def test_braces_have_a_most() -> None:
    most = "{" + ",".join(f"a{n}" for n in range(MAX_ALTERNATIVES - 1)) + "}"
    assert len(expanded("{" + ",".join("ab" * 5) + "}" * 1)) == 2
    with pytest.raises(PlanError):
        expanded(most)  # long before the alternatives, the text is too long for a glob
    assert len(expanded("{0,1,2,3,4,5,6,7,8,9}" * 2)) == 100
    assert len(expanded("{0,1,2,3,4,5,6,7,8,9}" * 3)) == 1000
    with pytest.raises(PlanError, match="more than 1000 paths; write a wider glob, or name the folder"):
        expanded("{0,1,2,3,4,5,6,7,8,9}" * 3 + "{a,b}")


@pytest.mark.parametrize(("text", "most"), [("a", MAX_PATH), ("*", MAX_GLOB), ("?", MAX_GLOB), ("[", MAX_GLOB)])
def test_a_path_has_a_most_and_one_with_wildcards_a_smaller_one(text: str, most: int) -> None:
    assert expanded(text * most) == (text * most,)
    with pytest.raises(PlanError, match=f"has {most + 1} characters"):
        expanded(text * (most + 1))
