"""What the parts of a glob stand for, on their own."""

from __future__ import annotations

import pytest

from forkjoin.errors import PlanError
from forkjoin.planning import covering, overlap
from forkjoin.planning.characters import ANY, LAST, STAR, common_name, items_of, literal_items, segment_items
from forkjoin.planning.globs import STARS, folded, patterns, residuals, sample


def name(a: str, b: str, *, folds_case: bool = False) -> str | None:
    return common_name(items_of(a, folds_case=folds_case), items_of(b, folds_case=folds_case))


@pytest.mark.parametrize(
    ("a", "b", "shared"),
    [
        ("abc", "abc", "abc"),
        ("a*", "*c", "ac"),
        ("a*", "abc", "abc"),
        ("*", "*", "x"),
        ("?", "?", "x"),
        ("??", "a*", "ax"),
        ("[abc]", "[cde]", "c"),
        ("[a-m]x", "[k-z]x", "kx"),
        ("[!a-y]", "[a-z]", "z"),
        ("[^a-y]", "[a-z]", "z"),
        ("[]]", "]", "]"),
        ("[!]]", "?", "x"),
        ("[-a]", "-", "-"),
        ("[a-]", "-", "-"),
        ("[a-c-e]", "-", "-"),
        ("\\*", "*", "*"),
        ("\\[a]", "[[]a]", "[a]"),
        ("a\\", "a\\", "a\\"),
        ("[", "?", "["),
        ("[]", "[]", "[]"),
        ("[!", "??", "[!"),
        ("*a*b*", "*b*a*", "baab"),
        ("**", "a", "a"),
        ("[\u00e0-\u00ff]", "\u00e9", "\u00e9"),
        ("[0-9][0-9]", "4?", "40"),
    ],
)
def test_two_names_with_wildcards_share_a_name_that_is_shown(a: str, b: str, shared: str) -> None:
    assert name(a, b) == shared
    for one in (a, b):
        assert common_name(items_of(one, folds_case=False), literal_items(shared)) == shared


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("abc", "abd"),
        ("a*", "b*"),
        ("*c", "*d"),
        ("?", "??"),
        ("??", "?"),
        ("[a-m]", "[n-z]"),
        ("[!a]", "a"),
        ("[z-a]", "?"),
        ("[!a-z]", "[b-y]"),
        ("\\*", "a"),
        ("[/]", "*"),
        ("[.-0]", "/"),
        ("?", "/"),
        ("*", ""),
        ("?", ""),
        ("a*b", "ab*c"),
        ("[a]", "b"),
    ],
)
def test_two_names_with_wildcards_that_share_nothing_are_told_apart(a: str, b: str) -> None:
    assert name(a, b) is None
    assert name(b, a) is None


def test_a_wildcard_never_stands_for_a_slash_or_a_nul() -> None:
    assert all(not low <= ord(char) <= high for low, high in ANY for char in "/\0")
    assert ANY[-1][1] == LAST
    assert items_of("[^a]", folds_case=False)[0][0][0] == 1


def test_stars_side_by_side_are_one() -> None:
    assert items_of("a***b", folds_case=False) == items_of("a*b", folds_case=False)
    assert items_of("a*b", folds_case=False)[1] == STAR
    assert items_of("*", folds_case=False) == (ANY, STAR)


def test_a_segment_without_wildcards_is_its_text() -> None:
    assert segment_items("plain", folds_case=False) == "plain"
    assert segment_items("\\*", folds_case=False) == "*"
    assert segment_items("[a]b", folds_case=False) == "ab"
    assert segment_items("[ab]", folds_case=False) != "[ab]"
    assert literal_items("ab") == (((97, 97),), ((98, 98),))


def test_a_long_name_is_fine_and_a_long_name_with_wildcards_is_not() -> None:
    assert segment_items("a" * 4000, folds_case=False) == "a" * 4000
    assert segment_items("*" + "a" * 254, folds_case=False)
    with pytest.raises(PlanError, match="a name with wildcards has at most 255"):
        segment_items("*" + "a" * 255, folds_case=False)


@pytest.mark.parametrize(
    ("a", "b"),
    [("[A-Z]", "a"), ("[a-z]", "b"), ("[X-c]", "y"), ("[!a]", "b"), ("[@-C]x", "ax")],
)
def test_a_class_folds_its_letters_where_the_tree_folds_case(a: str, b: str) -> None:
    assert name(a, b, folds_case=True) == b


def test_a_class_that_excludes_a_letter_excludes_its_other_case_too() -> None:
    assert overlap("[!A]", "a", folds_case=True) is None
    assert overlap("[!A]", "a") == "a"


@pytest.mark.parametrize(
    ("glob", "names"),
    [
        ("a/b", ("a", "b", STARS)),
        ("a//b/", ("a", "b", STARS)),
        ("a/**/b", ("a", STARS, "b")),
        ("a/**/**/b", ("a", STARS, "b")),
    ],
)
def test_a_glob_is_a_row_of_segments(glob: str, names: tuple[str | None, ...]) -> None:
    (pattern,) = patterns(glob)
    assert pattern.segments == names
    assert pattern.literal is ("**" not in glob)


def test_the_head_and_the_last_name_of_a_glob_are_its_plain_ends() -> None:
    (pattern,) = patterns("src/auth/*/x/test.py")
    assert (pattern.head, pattern.last_name) == (("src", "auth"), "test.py")
    (pattern,) = patterns("**/*.py")
    assert (pattern.head, pattern.last_name) == ((), None)
    (pattern,) = patterns("src")
    assert (pattern.head, pattern.last_name) == (("src",), None)  # whatever is below it


@pytest.mark.parametrize(
    ("glob", "shown"),
    [("src/**", "src/x"), ("**", "x"), ("src/*.py", "src/x.py"), ("a/**/b", "a/b"), ("src", "src"), ("[q]?", "qx")],
)
def test_the_sample_of_a_glob_is_its_shortest_path(glob: str, shown: str) -> None:
    assert sample(patterns(glob)[0]) == shown
    assert covering([glob])(shown)


@pytest.mark.parametrize(
    ("glob", "folder", "left"),
    [
        ("a/b/c", ["a"], {("b", "c", STARS)}),
        ("a/b", ["a", "b"], {(STARS,), ()}),
        ("a/b", ["x"], set()),
        ("a", ["a", "b", "c"], {(STARS,), ()}),
        ("**/c", ["a"], {(STARS, "c"), ("c",)}),
        ("*/c", ["a"], {("c",)}),
        ("a/*", ["a", "b", "c"], set()),
    ],
)
def test_what_is_left_of_a_glob_behind_a_folder(
    glob: str, folder: list[str], left: set[tuple[str | None, ...]]
) -> None:
    assert set(residuals(patterns(glob)[0], folder)) == left


@pytest.mark.parametrize(
    ("written", "as_is", "with_case_folded"),
    [
        ("Src/A.PY", "Src/A.PY", "src/a.py"),
        ("e\u0301", "\u00e9", "\u00e9"),
        ("E\u0301", "\u00c9", "\u00e9"),
        ("\u212b", "\u00c5", "\u00e5"),
        ("\u00df", "\u00df", "ss"),
        ("\udcff", "\udcff", "\udcff"),
    ],
)
def test_names_are_compared_as_file_systems_do(written: str, as_is: str, with_case_folded: str) -> None:
    assert folded(written, folds_case=False) == as_is
    assert folded(written, folds_case=True) == with_case_folded
    assert folded(as_is, folds_case=False) == as_is


def test_two_spellings_of_one_letter_are_one_path_in_every_place_of_a_glob() -> None:
    nfc, nfd = "caf\u00e9", "cafe\u0301"
    assert overlap(f"{nfd}/*.py", f"{nfc}/a.py") == f"{nfc}/a.py"
    assert overlap(f"**/{nfd}", nfc) == nfc
    assert covering([nfd])(f"{nfc}/x")
    assert covering([f"{nfc}/*"])(f"{nfd}/x")


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        ("a/**", "a", True),  # `a` is the folder with everything below it
        ("a/**", "a/b/c", True),
        ("a/**", "b/a", False),
        ("a/**/", "a/b", True),
        ("**/a", "a", True),
        ("**/a", "b/a", True),
        ("**/a", "b/c/a", True),
        ("**/a", "a/b", True),  # the literal `a/b` covers what lies below it: a/b/a
        ("**/a", "a/*", True),  # a/a
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/x/y/c/*", True),
        ("a/**/b", "b", False),
        ("**/*", "a", True),
        ("*/**", "a", True),  # everything below any folder, and so below `a`
        ("*/**", "*", False),  # but no file at the top
        ("**/**", "a", True),
        ("a**", "ab", True),  # inside a name two stars are one
        ("a**", "a/b", False),
        ("**a/b", "xa/b", True),
        ("a/***/b", "a/x/b", True),
        ("a/***/b", "a/b", True),  # below the literal: a/b/b
        ("a/***/b", "c", False),
    ],
)
def test_two_stars_stand_for_any_number_of_folders(a: str, b: str, meet: bool) -> None:
    assert (overlap(a, b) is not None) is meet
    assert (overlap(b, a) is not None) is meet


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        ("src", "src", True),
        ("src", "src/a/b.py", True),
        ("src", "src/*", True),
        ("src", "*", True),  # the file or folder src itself
        ("src", "*/b.py", True),
        ("src", "src2", False),
        ("src", "a/src", False),
        ("src/a", "src/b", False),
        ("src/a.py", "src", True),
        ("src/a.py", "src/*.js", False),
        ("src/a*", "src/a/b", False),  # a glob names files and folders at its own depth
        ("src/{a,b}", "src/b/c", True),
        ("src/[a]", "src/a/c", True),
    ],
)
def test_a_literal_claim_is_the_file_or_the_folder_with_all_below(a: str, b: str, meet: bool) -> None:
    assert (overlap(a, b) is not None) is meet
    assert (overlap(b, a) is not None) is meet
