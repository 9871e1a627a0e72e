"""Paths of a plan never leave the tree, and no two tasks that write one file are called independent.

60 rows that somebody thought of, and 10,000 that chance did; their oracle is the file system's own reading of a path.
"""

from __future__ import annotations

import posixpath
import random
import unicodedata

import pytest

from forkjoin.errors import PlanError
from forkjoin.planning.globs import overlap
from forkjoin.planning.paths import inside

REFUSED = (
    "/etc/passwd", "/", "//x", "~", "~/x", "..", "../x", "a/../../x", "a/..", "./..", "a/b/../..", "x/../y", "C:/x",
    "c:\\x",
    ".git", ".git/config", "a/.git", "a/.git/hooks/x", ".GIT", ".Git/x", "a/.gIt", "git~1", "GIT~1/x", ".git ", ".git.",
    ".git. .",
    ".g\u200cit", "\u200b.git", ".git\ufeff/x", ".gi\u206at", "\\.git", ".\\git", "\\..", "a/\\../x", "{a,..}/x",
    "{a,../b}", "a/{.git,b}", "{,/}etc", "{~,a}/x", "a\0b", "\0", "", " ", "{.GIT,x}/config",
)  # fmt: skip
ACCEPTED = {
    "a": "a", "./a": "a", "a/": "a", "a//b": "a/b", "a/./b": "a/b", ".": "**", "...": "...", "..a": "..a", "a..": "a..",
    ".gitignore": ".gitignore", ".github/x": ".github/x", "git": "git", "a b": "a b", "-x": "-x", "a\nb": "a\nb",
    "~a": "~a",
}  # fmt: skip
SAME = (
    ("a.txt", "a.txt", False), ("a.txt", "A.TXT", True), ("\u00e9", "e\u0301", False), ("src", "src/x/y", False),
    ("src/**", "src/x", False), ("*.py", "x.py", False), ("a?c", "abc", False), ("[a-c]x", "bx", False),
    ("{a,b}/x", "b/*", False), ("**", "any/where", False), ("a/*/c", "a/b/c", False), ("a/**/c", "a/c", False),
    ("\u00df", "SS", True), ("dir/", "dir/f", False), ("./a", "a", False), ("**/x", "x", False),
)  # fmt: skip
APART = (
    ("a.txt", "b.txt"), ("a", "A"), ("src/*", "src/x/y"), ("*.py", "d/x.py"), ("a?c", "a/c"), ("[!a]x", "ax"),
    ("{a,b}/x", "c/x"), ("a/*/c", "b/x/c"), ("x*", "y*"), ("src", "source"),
)  # fmt: skip


def test_the_table_has_sixty_rows_and_more() -> None:
    assert len(REFUSED) + len(ACCEPTED) + len(SAME) + len(APART) >= 60


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_that_leaves_the_tree_or_enters_git_is_refused(path: str) -> None:
    with pytest.raises(PlanError):
        inside(path, where="writes")


@pytest.mark.parametrize(("path", "kept"), ACCEPTED.items())
def test_a_path_that_stays_is_kept_without_what_says_nothing(path: str, kept: str) -> None:
    assert inside(path, where="writes") == kept


@pytest.mark.parametrize(("a", "b", "folds"), SAME)
def test_two_that_may_be_one_file_overlap_whichever_comes_first(a: str, b: str, folds: bool) -> None:
    a, b = inside(a, where="a"), inside(b, where="b")
    assert overlap(a, b, folds_case=folds) is not None
    assert overlap(b, a, folds_case=folds) is not None


@pytest.mark.parametrize(("a", "b"), APART)
def test_two_that_are_never_one_file_do_not_overlap(a: str, b: str) -> None:
    assert overlap(a, b) is None
    assert overlap(b, a) is None


PARTS = (
    "a", "B", "b", "..", ".", "", ".git", ".GIT", ".g\u200bit", "git~1", "a b", "\u00e9", "e\u0301", "-x", "x.py",
    "...",
    ".git ", "~", "\\..", "c:", "n\nl",
)  # fmt: skip


def test_ten_thousand_paths_that_chance_made_stay_inside_or_are_refused() -> None:
    chance = random.Random(10_000)
    kept = refused = 0
    for _ in range(10_000):
        path = "/".join(chance.choices(PARTS, k=chance.randrange(1, 6)))
        try:
            found = inside(path, where="writes")
        except PlanError:
            refused += 1
            assert not _harmless(path), f"{path!r} does no harm"
            continue
        kept += 1
        real = posixpath.normpath(posixpath.join("/tree", found.replace("\\", "")))
        assert real == "/tree" or real.startswith("/tree/"), f"{path!r} escapes as {found!r}"
        assert not any(_is_git(part) for part in found.split("/")), f"{path!r} enters git's folder"
    assert min(kept, refused) > 1000, "chance is to make both kinds"


def test_ten_thousand_pairs_that_are_one_file_are_never_called_apart() -> None:
    chance = random.Random(20_000)
    names = [part for part in PARTS if part not in ("..", ".", "", "~", "\\..", "c:") and not _is_git(part)]
    for _ in range(10_000):
        path = chance.choices(names, k=chance.randrange(1, 5))
        one, other = (_written(path, chance) for _ in range(2))
        where = overlap(inside(one, where="a"), inside(other, where="b"), folds_case=True)
        assert where is not None, f"{one!r} and {other!r} may both be {'/'.join(path)!r}"


def _written(path: list[str], chance: random.Random) -> str:
    """One of the ways to write down a file: other case or form, a glob that covers it, a folder above it."""
    ways = (
        lambda name: name,
        str.upper,
        lambda name: unicodedata.normalize(chance.choice(("NFC", "NFD")), name),
        lambda _: "*",
        lambda name: f"{{zz,{name}}}",
        lambda name: f"./{name}",
    )
    parts = [chance.choice(ways)(part) for part in path[: chance.randrange(1, len(path) + 1)]]
    whole = len(parts) == len(path)
    return "/".join(parts) + chance.choice(("", "/") if whole else ("/**", "/**/*"))


def _is_git(part: str) -> bool:
    plain = "".join(c for c in part if unicodedata.category(c) != "Cf").rstrip(". ").lower()
    return plain in (".git", "git~1")


def _harmless(path: str) -> bool:
    parts = path.split("/")
    return (
        not path.startswith(("/", "~/"))
        and path != "~"
        and not path.startswith("c:/")
        and bool(path.strip())
        and not any(part in ("..", "\\..") or _is_git(part) for part in parts)
    )
